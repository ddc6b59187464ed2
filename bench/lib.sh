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

pg_bin=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -t/ -k5 -n | tail -n 1)

free_port() { node -e 's=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})'; }
ctl() { PAIDAN_VAR=$var PAIDAN_PORT=$port PAIDAN_START_SECONDS=120 compose/local/ctl "$@"; }
sql() { # ROLE ARGUMENTS...
  local role=$1
  shift
  "$pg_bin/psql" -X -q -At -v ON_ERROR_STOP=1 -h "$run/postgres" -d paidan -U "$role" "$@"
}

# ---- servers -----------------------------------------------------------------------------------------------------------------

# open_servers: a fresh set, with the demo district in it
open_servers() {
  var=$(mktemp -d "$root/build/bench-XXXXXX")
  port=$(free_port)
  ctl up >"$out/up.log" 2>&1 || { tail -n 30 "$out/up.log" >&2; exit 1; }
  run=$(ctl where | sed -n 's/^run=//p')
  (cd db/demo && sql paidan_owner -v push="$("$bin/load" hash token=$push_token)" -v watch="$("$bin/load" hash token=$watch_token)" \
    -v now="$(date +%s%3N)" -f ../../bench/district.sql) >/dev/null
  ctl restart router intake escalation notification console >/dev/null
  wait_ready
  open=0 closed=0 used=
}
need_servers() { [ -n "${var:-}" ] || open_servers; }
unused_servers() { # for what no row may have used before
  [ -z "$used" ] || close_servers
  need_servers
}

close_servers() {
  [ -n "${var:-}" ] || return 0
  ctl down >/dev/null 2>&1 || true
  [ -n "${KEEP:-}" ] || rm -rf "$var"
  var=
}

# A second set beside the one in use, to compare the two by turns: what the machine gives changes within minutes.
open_beside() { beside open_servers; }
close_beside() { beside close_servers; }
beside() { # COMMAND...: with the other set
  swap_servers
  "$@"
  swap_servers
}
swap_servers() {
  local name was
  for name in var port run open closed used; do
    was=${!name:-}
    printf -v "$name" %s "${other[$name]:-}"
    other[$name]=$was
  done
}
declare -A other=([open]=0 [closed]=0)

metric() { curl -sf --max-time 5 "http://127.0.0.1:$port/metrics/$1" | awk -v name="$2" '$1 == name { print $2 }'; }

wait_ready() {
  local name n
  for name in intake router escalation console; do
    for ((n = 0; n < 3000; n++)); do
      curl -sf --max-time 2 "http://127.0.0.1:$port/readyz/$name" >/dev/null && break
      sleep 0.05
    done
    [ "$n" -lt 3000 ] || { say "$name is not ready: $(curl -s "http://127.0.0.1:$port/readyz/$name")"; exit 1; }
  done
  for ((n = 0; n < $(size 12000 3000 3000); n++)); do # five million take minutes
    [ "$(metric router paidan_router_queues_live)" != 1 ] || return 0
    sleep 0.05
  done
  say "the live queues are not filled"
  exit 1
}

pids() { # postgres=12,redis=13,...
  local name all=
  for name in postgres redis nginx intake router escalation notification console; do
    all=$all,$name=$(s6-svstat -o pid "$var/service/$name")
  done
  echo "${all#,}"
}

# keep WHAT COMMAND...: its one result, kept and shown; what fails is told at the end, and the rows behind it go on
keep() {
  local what=$1
  shift
  "$@" >"$out/last.json" || { say "  $what failed"; echo "$what" >>"$out/failed"; return 0; }
  cat "$out/last.json" >>"$out/results.jsonl"
  node bench/report.mjs line <"$out/last.json" >&2
}

load() { # SCENARIO KEY=VALUE...
  keep "$*" "$bin/load" "$@" run="$run" port="$port" pids="$(pids)" token="$push_token" watch_token="$watch_token" open="$open" \
    closed="$closed" run_no="$run_no"
}

# What a row left behind does not weigh on the next one: pages to be written, events to be counted.
settle() {
  count_open
  [ -z "${QUICK:-}" ] || return 0
  skip_figures
  sql postgres -c CHECKPOINT
  sync
  [ -z "${FULL:-}" ] || sleep 1
}

take_down() { # polled: root may not listen to another user's supervisor
  local n
  s6-svc -d "$var/service/$1"
  for ((n = 0; n < 600; n++)); do [ "$(s6-svstat -o up "$var/service/$1")" != false ] || return 0; sleep 0.05; done
  say "$1 does not end"
  exit 1
}

# What came in no time at all the console does not count into the figures for minutes afterwards.
skip_figures() {
  sql postgres -c "INSERT INTO figure_state SELECT id, next_seq - 1, 0, 0, $(awk '/#define FIGURES_FORMULAS/ { print $3 }' core/figures.def), ''
    FROM shard WHERE id = 1 ON CONFLICT (shard) DO UPDATE SET seq = excluded.seq" -c "SELECT pg_terminate_backend(pid)
    FROM pg_stat_activity WHERE application_name = 'paidan-console-figures'" >/dev/null # it reads anew from where on it is to count
}

# They all have their tickets: the router need not look for those of millions, 3 and 15 seconds after it starts, while it is measured.
skip_sweep() {
  sql postgres -c "UPDATE shard SET swept_to = (SELECT coalesce(max(id), 0) FROM request)"
}

# fill_open N, fill_closed N: until so many tickets are open, or that many more closed
fill() { # KEY=VALUE...
  take_down escalation
  take_down router
  [ -z "${FULL:-}" ] || redis-cli -s "$run/redis.sock" CONFIG SET maxmemory 12gb >/dev/null
  "$bin/load" fill "$@" run="$run" pids="" | node bench/report.mjs line >&2
  skip_figures
  skip_sweep
  sql postgres -c "ANALYZE" -c CHECKPOINT
  s6-svc -u "$var/service/router"
  s6-svc -u "$var/service/escalation"
  wait_ready
}
# fresh_for N: with FULL=1 new servers when the rows before left more open than that
fresh_for() {
  [ -n "${FULL:-}" ] || return 0
  count_open
  [ "$open" -le "$1" ] || { close_servers; open_servers; }
}
count_open() { open=$(sql postgres -c "SELECT count(*) FROM ticket WHERE open"); }
fill_open() {
  count_open
  [ "$open" -ge "$1" ] || fill mode=open count=$(($1 - open))
  count_open
}
fill_closed() {
  fill mode=closed count="$1"
  closed=$((closed + $1))
}

start() {
  command -v node >/dev/null || { say "bench: needs node for its tables"; exit 1; }
  [ -z "${FULL:-}" ] || [ -z "${QUICK:-}" ] || { say "bench: either FULL=1 or QUICK=1"; exit 2; }
  [ -z "${DOCS:-}" ] || [ -z "${ROWS:-}" ] || { say "bench: DOCS=1 documents a whole run: without ROWS"; exit 2; }
  make --no-print-directory -s -j2 FLAVOUR=release $(printf "build/release/bin/paidan-%s " intake router escalation notification console) build/release/bin/load >&2
  mkdir -p "$out"
  : >"$out/results.jsonl"
  rm -f "$out/failed"
  ulimit -n 65536 2>/dev/null || true
  trap 'stop_rabbit; close_beside || true; close_servers' EXIT
}

report() {
  close_servers
  node bench/report.mjs table <"$out/results.jsonl" | tee "$out/table.txt"
  node bench/report.mjs plot <"$out/results.jsonl" >"$out/performance.svg"
  say "results: build/bench/results.jsonl, table.txt, performance.svg"
  [ -z "${DOCS:-}" ] || write_docs
  [ ! -e "$out/failed" ]
}

# as tests/run reads it: each result that came, each that did not
report_tap() {
  close_servers
  node bench/report.mjs line <"$out/results.jsonl" | awk '{ print "ok " NR " -" $0 }'
  [ ! -e "$out/failed" ] || sed 's/^/not ok 0 - /' "$out/failed"
  [ ! -e "$out/failed" ]
}

# DOCS=1: the figures become the documented ones
write_docs() {
  cp "$out/performance.svg" docs/performance.svg
  {
    echo '# Figures of the last documented run'
    echo
    echo "Written by \`DOCS=1 make bench\`$([ -z "${FULL:-}" ] || echo ' with FULL=1'); what they mean and where the time goes: [performance.md](performance.md)."
    echo "$(nproc) cores ($(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)), $(awk '/MemTotal/ { printf "%.0f GiB", $2 / 1048576 }' /proc/meminfo), $("$pg_bin/postgres" --version), $(redis-server --version | cut -d ' ' -f 1-3), fsync on, load generator on the same cores; $(date +%F)."
    echo
    echo '```'
    cat "$out/table.txt"
    echo '```'
    echo
    echo '![CPU, latency and throughput at 1, 2, 4 and 8 times the load and data](performance.svg)'
  } >docs/performance-figures.md
}

# What the machine gives, to read the figures by: some share their host, and are slower by the hour.
machine() { keep "machine $1" "$bin/load" machine row=machine name="$1" run="$out"; }

# ---- rows ----------------------------------------------------------------------------------------------------------------------

pushes=$(size 120000 60000 12000) lives=$(size 40000 20000 4000) seconds=$(size 15 8 2)

push_batch() { settle; load push name=batch door=batch connections=8 count="$pushes" "$@"; }
push_single() { settle; load push name=single door=single connections=16 count=$((pushes / 2)) "$@"; }
push_bus() { settle; load push name=bus door=bus credit=2000 count="$pushes" "$@"; }
push_lives() { settle; load lives name=lives credit=2000 count="$lives" "$@"; }
repeat() { for ((run_no = 1; run_no <= runs; run_no++)); do "$@"; done; run_no=1; }
repeat_more() { runs=${RUNS:-$(size 5 3 1)} repeat "$@"; } # what differs by a third from one minute to the next
uncounted() { # what is new to a server, or to the machine, is done once before it is measured
  local kept
  [ -n "${FULL:-}" ] || return 0
  kept=$(wc -c <"$out/results.jsonl")
  "$@"
  truncate -s "$kept" "$out/results.jsonl"
}

row_a() { repeat push_batch row=a; }
row_b() { repeat push_single row=b; }
row_c() { repeat push_bus row=c; }
row_d() { repeat push_lives row=d; }

# At a rate, on servers of its own. A batch is what came while the one before was answered: one who pushes has one
# connection, as the hotline's own system does.
row_latency() {
  unused_servers
  "$bin/load" push door=single connections=16 rate=1000 count="$(size 3000 3000 1000)" run="$run" port="$port" pids="$(pids)" token="$push_token" >/dev/null
  repeat_more doors_at 200
  load lives row=d name=lives rate=200 count=$((100 * (seconds + 1)))
  repeat_more doors_at 2000
}
doors_at() { # RATE; by turns, so that no door has all of a slow minute
  local count=$(($1 * (seconds + 1) / 2))
  settle
  load push row=a name=batch door=batch connections=1 rate="$1" count=$count
  settle
  load push row=b name=single door=single connections=16 rate="$1" count=$count
  settle
  load push row=c name=bus door=bus rate="$1" count=$count
}

# 1x, 2x, 4x, 8x the load, then the data; on servers of its own, as the rows before leave tickets open
row_scale() {
  local rate n
  unused_servers
  for rate in 1500 3000 6000 12000; do settle; load push row=scale name=load door=bus rate=$rate count=$((rate * seconds / 2)); done
  for n in 1 2 4 8; do
    fill_open $((n * $(size 125000 40000 10000)))
    push_bus row=scale name=data
  done
}

# With much open; with FULL=1 then with much closed, and by turns with servers that have little behind them, new ones for each kind.
row_e() {
  local wanted
  wanted=$(size 500000 320000 40000)
  fresh_for "$wanted"
  fill_open "$wanted"
  each_kind e
  [ -n "${FULL:-}" ] || return 0
  fresh_for 0
  fill_closed 5000000
  each_kind e5
}
each_kind() { # ROW
  local push
  for push in push_batch push_single push_bus push_lives; do
    if [ -n "${FULL:-}" ]; then
      open_beside
      uncounted beside "$push" row="$1-0"
      uncounted "$push" row="$1"
      repeat here_and_beside "$push" "$1"
      close_beside
    else
      repeat "$push" row="$1"
    fi
  done
}
here_and_beside() { # PUSH ROW
  beside settle
  "$1" row="$2"
  settle
  beside "$1" row="$2-0"
}

# a minute of it beside ten seconds, on warm servers of their own, so that only the length differs
row_long() {
  [ -n "${FULL:-}" ] || return 0
  repeat both_lengths
}
both_lengths() {
  local of
  fresh_for 0
  uncounted push_batch row=s10
  for of in 10 60; do
    settle
    load push row="s$of" name=batch door=batch connections=8 count=$((of * 24000))
  done
}

row_f() {
  local wanted
  wanted=$(size 1000000 400000 50000)
  fresh_for "$wanted"
  fill_open "$wanted"
  settle
  load restart row=f name=restart
  wait_ready
}

row_g() {
  settle
  load watchers row=g name=watchers watchers="$(size 1000 1000 200)" rate=500 count=$((500 * seconds)) door=bus
}

# servers of its own, as their clock is moved
row_h() {
  local armed due
  armed=$(size 5000000 400000 40000) due=$(size 102000 102000 10000) # some of them have another deadline first
  unused_servers
  fill mode=waiting count=$((armed - due))
  fill mode=open urgency=2 spread_ms=1000 count="$due"
  settle
  load timers row=h name=timers clock="$var/clock"
  close_servers
}

# by turns with batch push, with FULL=1 on new servers
row_pg() {
  fresh_for 0
  uncounted bare_and_ours
  repeat bare_and_ours
  repeat load bare row=pg name=bare_1000 batch=1000 count="$(size 200000 100000 30000)"
  load bare row=pg name=bare_2 batch=100 connections=2 count="$(size 200000 100000 30000)"
}
bare_and_ours() {
  settle
  load bare row=pg name=bare_100 batch=100 count="$(size 200000 100000 30000)"
  push_batch row=pg
}

# core alone: due times of limits up to 30 working days, on one core
row_calendar() {
  make --no-print-directory -s FLAVOUR=release build/release/bin/calendar >&2
  "$bin/calendar" | tee -a "$out/results.jsonl" | node bench/report.mjs line >&2
}

# the figures: counting events into their cells, keeping them, and asking for a month and a year of a city
row_figures() {
  make --no-print-directory -s FLAVOUR=release build/release/bin/figures >&2
  "$bin/figures" "host=$run/postgres dbname=paidan user=postgres" "$(size 365 365 90)" | tee -a "$out/results.jsonl" >&2
}

# whether webhook endpoints that hang delay another one; nothing after it on its servers, as what is owed to its endpoints is never taken
row_endpoints() {
  local code=pdsetup_bench
  [ -n "${QUICK:-}" ] || unused_servers
  settle
  sql postgres -c "INSERT INTO setup_code (hash, expires_at) VALUES ('\x$("$bin/load" hash token=$code)', $(date +%s000) + 600000)"
  keep endpoints node bench/endpoints.mjs url="http://127.0.0.1:$port" push=$push_token code=$code pairs="$(size 20 10 2)" rate="$(size 100 100 20)" \
    seconds="$(size 3 3 1)"
  close_servers
}

# what people wait for at their screens, with many tickets open; on servers of its own, as the first administrator is made there
row_screens() {
  local code=pdsetup_bench
  [ -x "${CHROMIUM:-/usr/bin/chromium}" ] || { say "screens: Chromium is not installed (apt-get install chromium); skipped"; return 0; }
  compose/npm.sh web >&2 && compose/build.sh web >&2
  unused_servers
  fill_open "$(size 100000 100000 3000)"
  settle
  sql postgres -c "INSERT INTO setup_code (hash, expires_at) VALUES ('\\x$("$bin/load" hash token=$code)', $(date +%s000) + 600000)"
  keep screens node bench/screens.mjs url="http://127.0.0.1:$port" push=$push_token watch=$watch_token code=$code open="$open" runs="$(size 3 2 1)" \
    seconds="$(size 20 10 1)" watchers="$(size 200 200 50)"
  close_servers
}

push_rabbit() {
  settle
  keep "rabbit $*" "$bin/load" rabbit row=mq port="$rabbit_port" pids="rabbit=$rabbit_pid" run_no="$run_no" "$@"
  [ -s "$out/last.json" ] || tail -n 5 "$rabbit/out.log" >&2
}

start_rabbit() {
  local n
  rabbit=$(mktemp -d "$root/build/bench-mq-XXXXXX")
  rabbit_port=$(free_port) rabbit_epmd=$(free_port)
  (export HOME=$rabbit ERL_EPMD_PORT=$rabbit_epmd ERL_EPMD_ADDRESS=127.0.0.1 RABBITMQ_NODENAME=bench@localhost RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 \
     RABBITMQ_NODE_PORT=$rabbit_port RABBITMQ_DIST_PORT=$(free_port) RABBITMQ_MNESIA_BASE=$rabbit RABBITMQ_LOG_BASE=$rabbit \
     RABBITMQ_ENABLED_PLUGINS_FILE=$rabbit/plugins RABBITMQ_PID_FILE=$rabbit/pid RABBITMQ_GENERATED_CONFIG_DIR=$rabbit/config
   echo '[].' >"$rabbit/plugins"
   exec /usr/lib/rabbitmq/bin/rabbitmq-server) >"$rabbit/out.log" 2>&1 &
  rabbit_pid=$!
  for ((n = 0; n < 600; n++)); do (exec 3<>"/dev/tcp/127.0.0.1/$rabbit_port") 2>/dev/null && break; sleep 0.1; done
  sleep 3
  rabbit_pid=$(cat "$rabbit/pid" 2>/dev/null || echo "$rabbit_pid")
}

stop_rabbit() {
  local n
  [ -n "${rabbit:-}" ] || return 0
  kill "$rabbit_pid" 2>/dev/null || true
  for ((n = 0; n < 100; n++)); do kill -0 "$rabbit_pid" 2>/dev/null || break; sleep 0.1; done
  ERL_EPMD_PORT=$rabbit_epmd epmd -kill >/dev/null 2>&1 || true
  rm -rf "$rabbit"
  rabbit=
}

# by turns with batch push; nothing after it on its servers, as these tickets stay open
row_mq() {
  [ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] || { say "mq: RabbitMQ is not installed (apt-get install rabbitmq-server librabbitmq-dev); skipped"; return 0; }
  pkg-config --exists librabbitmq || { say "mq: librabbitmq-dev is not installed; skipped"; return 0; }
  start_rabbit
  uncounted rabbit_and_ours
  repeat_more rabbit_and_ours
  push_rabbit name=rabbit_1 batch=1 window=0 count="$(size 20000 5000 1000)"
  stop_rabbit
  close_servers
}
rabbit_and_ours() {
  push_rabbit name=rabbit_100 batch=100 window=0 count="$(size 100000 60000 15000)"
  push_batch row=mq
  [ -n "${FULL:-}" ] || [ "$run_no" = 1 ] || return 0
  push_rabbit name=rabbit_async batch=100 window=10 count="$(size 100000 60000 15000)"
}
