#!/usr/bin/env bash
# Builds what a running system needs: every program (FLAVOUR, default release) and the console page in web/dist, quietly, with
# a line that moves. All output is in build/build.log; on failure its last lines are shown.
# usage: compose/build.sh [programs | web]
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2
flavour=${FLAVOUR:-release} jobs=${JOBS:-$(nproc)} log=$PWD/build/build.log
umask 022 # started by root, the programs run as another user
mkdir -p build
: >"$log"

fail() { printf '\n%s failed. The last lines of build/build.log:\n\n' "$1" >&2; tail -n 30 "$log" >&2; exit 1; }

# moving LABEL COMMAND...: runs it, shows how many steps are done, keeps its output in the log.
moving() {
  local label=$1 began=$SECONDS pid steps
  shift
  "$@" >>"$log" 2>&1 &
  pid=$!
  while kill -0 "$pid" 2>/dev/null; do
    if [ -t 1 ]; then steps=$(wc -l <"$log"); printf '\r%s ... %d steps, %d s ' "$label" "$steps" $((SECONDS - began)); fi
    sleep 0.3
  done
  wait "$pid" || fail "$label"
  [ ! -t 1 ] || printf '\r\033[K'
  printf '%s: ready (%d s)\n' "$label" $((SECONDS - began))
}

programs() {
  local make=(make --no-print-directory -j"$jobs" all FLAVOUR="$flavour")
  "${make[@]}" -q >/dev/null 2>&1 && return
  moving "Building the programs ($flavour)" "${make[@]}"
}

# The page is rebuilt when any of its sources is newer than what was built from them.
web() {
  [ -f web/package.json ] || return 0
  [ -f web/dist/index.html ] &&
    [ -z "$(find web -path web/node_modules -prune -o -path web/dist -prune -o -type f -newer web/dist/index.html -print -quit)" ] && return
  moving "Fetching the page's libraries" compose/npm.sh web
  moving "Building the console page" npm --prefix web run build
  touch web/dist/index.html
}

case ${1:-all} in
all) programs; web ;;
programs | web) "$1" ;;
*) sed -n '2,4s/^# //p' "$0"; exit 2 ;;
esac
