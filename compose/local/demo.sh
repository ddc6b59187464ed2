#!/usr/bin/env bash
# The demo: the district (once), then the sample day, played through the HTTP door by tools/play (once; DATA=FILE.csv plays that
# file instead). Called by `make run`; `ctl demo` loads the district alone.
# usage: compose/local/demo.sh [district]
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
cd "$here/../.."
[ -n "${PAIDAN_DEMO_INSIDE:-}" ] || exec env PAIDAN_DEMO_INSIDE=1 DATA="${DATA:+$(realpath "$DATA")}" "$here/ctl" as-service bash "$here/demo.sh" "$@"
. "$here/lib/settings.sh"
url=http://127.0.0.1:$port

exec 8>"$var/.demo.lock"
flock -n 8 || fail "The demo is being loaded by another make run already." "Wait for it to end."
say "The demo district"
play=$root/tools/play/play.mjs
export PAIDAN_URL=$url PAIDAN_VAR=$var PAIDAN_ACCOUNTS=$var/accounts.json
[ "${1:-}" = district ] || node "$play" --begin # the day that is played lies before now, and so must what is loaded
node "$here/district.mjs" "$root" "$var" "$url" "$bin/paidan"
[ "${1:-}" != district ] || exit 0

[ -z "${DATA:-}" ] || [ -r "$DATA" ] || fail "$DATA cannot be read by $(id -un)." "Put it where everybody may read, or make it readable."
PAIDAN_URL=$url PAIDAN_VAR=$var node "$root/tools/play/play.mjs" ${DATA:+--data "$DATA"}
