# Where this copy lives and as whom it runs: names and paths for every part of compose/local. Sourced, not run.
# What may be set from outside: PAIDAN_VAR (folder for everything that changes, default var/), PAIDAN_PORT (the one TCP port,
# default 12345), PAIDAN_FLAVOUR (which build, default release), PAIDAN_USER (as whom, when started by root),
# PAIDAN_CLOCK=real (no movable clock), PAIDAN_SERVICES (only these of ours, for tests).

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd -P)
port=${PAIDAN_PORT:-12345}
flavour=${PAIDAN_FLAVOUR:-release}
bin=$root/build/$flavour/bin
var=${PAIDAN_VAR:-$root/var}
mkdir -p "$var" 2>/dev/null || { echo "The folder $var is not there and cannot be made." >&2; exit 1; }
var=$(realpath "$var")
case $root$var in
*[\'\"\\\$\`]*) printf 'The path %s holds a quote, a backslash or a dollar sign, which some programs cannot take.\n' "$var" >&2; exit 1 ;;
esac
services=${PAIDAN_SERVICES-router intake escalation notification console}
export PATH=$PATH:/usr/sbin:/sbin

say() { printf '%s\n' "$*"; }
fail() { # SENTENCE [WHAT TO DO]
  printf '\n%s\n' "$1" >&2
  [ -z "${2:-}" ] || printf '%s\n' "$2" >&2
  exit 1
}

# Sockets have 107 bytes for their whole path, so services take a run folder of 70 at most, and some configuration languages have no way to quote
# a blank. Where var/ is too deep or oddly named, they go into a short private folder that var/run points to.
choose_run() {
  local LC_ALL=C base
  run=$var/run
  if [ ${#run} -le 70 ] && [[ $run =~ ^[A-Za-z0-9._/-]+$ ]]; then
    [ ! -L "$run" ] || rm -f "$run"
    mkdir -p -m 700 "$run"
    return
  fi
  base=${XDG_RUNTIME_DIR:-/tmp}
  [ -w "$base" ] || base=/tmp
  run=$base/paidan-$(printf %s "$var" | sha256sum | cut -c 1-12)
  mkdir -m 700 "$run" 2>/dev/null || true
  [ -d "$run" ] && [ ! -L "$run" ] && [ -O "$run" ] || fail "$run is not ours: somebody else made it." "Set XDG_RUNTIME_DIR to a folder of your own."
  chmod 700 "$run"
  [ -L "$var/run" ] || rm -rf "$var/run"
  ln -sfn "$run" "$var/run"
}

# Everything below var/ is ours to write, chown and remove, so it must have been empty when we first came (var/.lock is our
# mark; var/override may be put there before).
check_var() {
  [ -e "$var/.lock" ] && return
  [ -z "$(find "$var" -mindepth 1 -maxdepth 1 ! -name override -print -quit)" ] ||
    fail "$var is not empty and was not made by Paidan." "Set PAIDAN_VAR to an empty folder, or to one that is not there yet."
  : >"$var/.lock" || fail "$var cannot be written by $(id -un)." "Set PAIDAN_VAR to a folder of your own."
}

# Where there are two or three cores nginx stays on the first, and intake and the router with their PostgreSQL connections are there while
# they have little to do (quiet_core): they wait for each other at each request, and to wake another core takes longer than their work.
# All else runs where there is room. -1: there are fewer cores, or more.
front_core() {
  local cores first
  cores=$(nproc) first=$(sed -n 's/^Cpus_allowed_list:[^0-9]*\([0-9]*\).*/\1/p' /proc/self/status)
  if [ "$cores" -gt 1 ] && [ "$cores" -lt 4 ] && taskset -c "$first" true 2>/dev/null; then echo "$first"; else echo -1; fi
}

# PostgreSQL's programs: Debian keeps them out of PATH, one folder a version.
find_postgres() {
  pg_bin=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -t/ -k5 -n | tail -n 1)
  [ -x "$pg_bin/postgres" ] || pg_bin=$(dirname "$(command -v postgres || echo /none/postgres)")
  [ -x "$pg_bin/postgres" ] || fail "PostgreSQL's server is not installed." "Run: make install-deps"
}
