# Where this copy lives and as whom it runs: names and paths for every part of compose/local. Sourced, not run.
# What may be set from outside: PAIDAN_VAR (folder for everything that changes, default var/), PAIDAN_PORT (the one TCP port,
# default 12345), PAIDAN_FLAVOUR (which build, default release), PAIDAN_USER (as whom, when started by root),
# PAIDAN_CLOCK=real (no movable clock), PAIDAN_SERVICES (only these of ours, for tests).

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd -P)
port=${PAIDAN_PORT:-12345}
flavour=${PAIDAN_FLAVOUR:-release}
bin=$root/build/$flavour/bin
mkdir -p "${PAIDAN_VAR:-$root/var}" 2>/dev/null || true
var=$(realpath "${PAIDAN_VAR:-$root/var}")
services=${PAIDAN_SERVICES:-router intake escalation notification console}
export PATH=$PATH:/usr/sbin:/sbin

say() { printf '%s\n' "$*"; }
fail() { # SENTENCE [WHAT TO DO]
  printf '\n%s\n' "$1" >&2
  [ -z "${2:-}" ] || printf '%s\n' "$2" >&2
  exit 1
}

# Sockets have 107 bytes for their whole path (the longest of ours adds 24), and some configuration languages have no way to quote
# a blank. Where var/ is too deep or oddly named, they go into a short private folder that var/run points to.
choose_run() {
  local LC_ALL=C base
  run=$var/run
  if [ ${#run} -le 82 ] && [[ $run =~ ^[A-Za-z0-9._/-]+$ ]]; then
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

# PostgreSQL's programs: Debian keeps them out of PATH, one folder a version.
find_postgres() {
  pg_bin=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -t/ -k5 -n | tail -n 1)
  [ -x "$pg_bin/postgres" ] || pg_bin=$(dirname "$(command -v postgres || echo /none/postgres)")
  [ -x "$pg_bin/postgres" ] || fail "PostgreSQL's server is not installed." "Run: make install-deps"
}
