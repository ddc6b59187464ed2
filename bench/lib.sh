# The parts of bench/run: servers, and one function a row. Sourced.

size() { # FULL DEFAULT QUICK: the one of the three that fits this run
  if [ -n "${FULL:-}" ]; then echo "$1"; elif [ -n "${QUICK:-}" ]; then echo "$3"; else echo "$2"; fi
}
say() { printf '%s\n' "$*" >&2; }

root=$PWD
bin=$root/build/release/bin
out=$root/build/bench
runs=${RUNS:-$(size 3 3 1)}
open=0 closed=0 run_no=1
push_token=pdapi_benchpushbenchpushbenchpushbenchpushben0
watch_token=pdapi_benchwatchbenchwatchbenchwatchbenchwat0

free_port() { node -e 's=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})'; }
ctl() { PAIDAN_VAR=$var PAIDAN_PORT=$port PAIDAN_CLOCK=real PAIDAN_START_SECONDS=${START_SECONDS:-60} compose/local/ctl "$@"; }
psql() { ctl psql -q "$@"; }

# open_servers: a fresh set, with the demo district in it
open_servers() {
  mkdir -p build
  var=$(mktemp -d "$root/build/bench-XXXXXX")
  port=$(free_port)
  ctl up >"$out/up.log" 2>&1 || { tail -n 30 "$out/up.log" >&2; exit 1; }
  run=$(ctl where | sed -n 's/^run=//p')
  (cd db/demo && psql_in_demo)
  ctl restart router escalation intake console notification >/dev/null
  wait_ready
  open=0 closed=0
}

psql_in_demo() {
  (cd "$root" && ctl where) >/dev/null
  local database
  database=$(cd "$root" && ctl where | sed -n 's/^database=//p')
  "$(ls -d /usr/lib/postgresql/*/bin | sort -t/ -k5 -n | tail -n 1)/psql" -X -q -d "$database user=paidan_owner" \
    -v push="$("$bin/load" hash token=$push_token)" -v watch="$("$bin/load" hash token=$watch_token)" -v now="$(date +%s%3N)" \
    -f "$root/bench/district.sql" >/dev/null
}

close_servers() {
  [ -n "${var:-}" ] || return 0
  ctl down >/dev/null 2>&1 || true
  [ -n "${KEEP:-}" ] || rm -rf "$var"
  var=
}

wait_ready() {
  local name n
  for name in intake router escalation console; do
    [ -x "$bin/paidan-$name" ] || continue
    for ((n = 0; n < 600; n++)); do
      curl -sf --max-time 2 "http://127.0.0.1:$port/readyz/$name" >/dev/null && break
      sleep 0.1
    done
    [ "$n" -lt 600 ] || { say "$name is not ready"; curl -s "http://127.0.0.1:$port/readyz/$name" >&2; exit 1; }
  done
}

pids() { # postgres=12,redis=13,...
  local name
  for name in postgres redis nginx intake router escalation notification console; do
    [ -d "$var/service/$name" ] && printf '%s=%s,' "$name" "$(s6-svstat -o pid "$var/service/$name")"
  done | sed 's/,$//'
}

# load SCENARIO KEY=VALUE...: one result, kept and shown
load() {
  "$bin/load" "$@" run="$run" port="$port" pids="$(pids)" token="${token:-$push_token}" open="$open" closed="$closed" \
    run_no="$run_no" | tee -a "$out/results.jsonl" | node bench/report.mjs line >&2
}

# settle: what a row left behind does not weigh on the next one
settle() {
  local database
  database=$(ctl where | sed -n 's/^database=//p')
  "$(ls -d /usr/lib/postgresql/*/bin | sort -t/ -k5 -n | tail -n 1)/psql" -X -q -d "$database user=postgres" -c CHECKPOINT
  sleep 1
}

start() {
  command -v node >/dev/null || { say "bench: needs node for its tables"; exit 1; }
  make --no-print-directory -s -j2 all FLAVOUR=release
  mkdir -p "$out"
  : >"$out/results.jsonl"
  trap close_servers EXIT
  open_servers
}
