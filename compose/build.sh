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

. compose/progress.sh
step() { moving "$1" "$log" "${@:2}" || fail "$1"; }

programs() {
  local make=(make --no-print-directory -j"$jobs" all FLAVOUR="$flavour")
  "${make[@]}" -q >/dev/null 2>&1 && return
  step "Building the programs ($flavour)" "${make[@]}"
}

# The page is rebuilt when any of its sources is newer than what was built from them.
web() {
  [ -f web/package.json ] || return 0
  [ -f web/dist/index.html ] &&
    [ -z "$(find web -path web/node_modules -prune -o -path web/dist -prune -o -type f -newer web/dist/index.html -print -quit)" ] && return
  step "Fetching the page's libraries" compose/npm.sh web
  step "Building the console page" npm --prefix web run build
  touch web/dist/index.html
}

case ${1:-all} in
all) programs; web ;;
programs | web) "$1" ;;
*) sed -n '2,4s/^# //p' "$0"; exit 2 ;;
esac
