# Everything that runs is a service of s6 under var/service: started in order, each when the one before says it is ready,
# restarted at once when it dies, its output kept and rotated in var/log/NAME. Sourced by ctl.

scan=$var/service
marker=PAIDAN_INSTANCE=$var   # in the environment of everything we start: how `down` finds what is left

# Groups in the order they start; the members of one group start together. Stopping is the other way round.
start_order() {
  local ours=() name
  echo postgres; echo redis
  case " $services " in *" router "*) echo router ;; esac
  for name in $services; do [ "$name" = router ] || ours+=("$name"); done
  [ ${#ours[@]} -eq 0 ] || echo "${ours[*]}"
  echo nginx
}

# write_service NAME RUN_LINE...: var/service/NAME as s6 wants it. The supervisor keeps its own folders beside these files, so
# only what changed is written.
write_service() {
  local name=$1 dir=$scan/$1
  shift
  mkdir -p "$dir/log" "$dir/data" "$var/log/$name"
  put "$dir/notification-fd" 3
  put "$dir/down" ''
  put "$dir/timeout-kill" 20000
  put "$dir/run" "#!/bin/sh
exec 2>&1
$*"
  put "$dir/finish" "#!/bin/sh
# \$1 exit code or 256, \$2 signal. Code 2 of our services means a bad configuration: starting again would not help.
if [ \"\$1\" = 256 ]; then how=\"by signal \$2\"; else how=\"with code \$1\"; fi
printf '{\"level\":\"info\",\"service\":\"$name\",\"message\":\"process ended %s\"}\\n' \"\$how\"
case \"$services\" in *$name*) [ \"\$1\" != 2 ] || exit 125 ;; esac
exit 0"
  put "$dir/log/run" "#!/bin/sh
exec s6-log -b n8 s8000000 '$var/log/$name'"
  chmod 755 "$dir/run" "$dir/finish" "$dir/log/run"
}

put() { # FILE TEXT
  [ -f "$1" ] && [ "$(<"$1")" = "$2" ] || printf '%s\n' "$2" >"$1"
}

# write_check NAME COMMAND: for programs that do not say themselves when they are ready, asked until it succeeds.
write_check() {
  put "$scan/$1/data/check" "#!/bin/sh
exec >/dev/null 2>&1
$2"
  chmod 755 "$scan/$1/data/check"
}

write_services() {
  local name goes front ask='exec s6-notifyoncheck -d -3 3 -s 30 -w 50 -n 1200' shared
  # which kind of shared memory works here was found out by initdb
  shared=$(sed -n 's/^dynamic_shared_memory_type = \([a-z]*\).*/\1/p' "$var/postgres/data/postgresql.conf")
  front=$(front_core)
  [ "$front" = -1 ] && front= || front="taskset -c $front "
  write_service postgres "$ask '$pg_bin/postgres' -D '$var/postgres/data' -c config_file='$var/etc/postgresql.conf' \\
  -c dynamic_shared_memory_type=${shared:-posix}"
  write_check postgres "exec '$pg_bin/pg_isready' -q -h '$run/postgres' -U postgres -d postgres"
  put "$scan/postgres/down-signal" SIGINT
  write_service redis "$ask redis-server '$var/etc/redis.conf'"
  write_check redis "test \"\$(redis-cli -s '$run/redis.sock' ping)\" = PONG"
  for name in $services; do
    case $name in # on a busy machine who takes in and decides goes before who tells of it
      intake | router) goes= ;;
      *) goes='nice -n 5 ' ;;
    esac
    write_service "$name" "exec $goes'$bin/paidan-$name' --config '$var/etc/$name.conf' --ready-fd 3"
  done
  # a master killed outright leaves workers that keep the port and answer with an old configuration: they go first
  write_service nginx "for at in \$(find /proc -maxdepth 2 -name cwd -lname '$scan/nginx' 2>/dev/null); do
    [ \"\$(cat \"\${at%/cwd}/comm\" 2>/dev/null)\" != nginx ] || kill -9 \"\$(basename \"\${at%/cwd}\")\"
done
$ask ${front}nginx -e stderr -p '$var/nginx' -c '$var/etc/nginx.conf' -g 'daemon off;'"
  write_check nginx "exec curl -sf http://127.0.0.1:$port/alive"
  put "$scan/nginx/down-signal" SIGQUIT
}

# An order that says nothing: it arrives only where somebody listens.
is_running() { s6-svscanctl "$scan" 2>/dev/null; }
state() { s6-svstat -o "$2" "$scan/$1" 2>/dev/null; }
is_ready() { [ "$(state "$1" up,ready)" = "true true" ]; }

start_scan() {
  local pass=() name
  if is_running; then
    s6-svscanctl -a "$scan" # there may be services it has not seen
    return
  fi
  for name in $(compgen -e | grep -E '^(ASAN|UBSAN|LSAN|PAIDAN_FAULT|PAIDAN_FAIL)' || true); do pass+=("$name=${!name}"); done
  ulimit -n "$(ulimit -Hn)" 2>/dev/null || true
  (
    cd "$var" || exit 1
    exec 9>&- env -i PATH="$PATH" LANG=C.UTF-8 HOME="$var" "$marker" "${pass[@]}" \
      setsid s6-svscan "$scan" </dev/null >>"$var/log/s6.log" 2>&1
  ) &
  for ((name = 0; name < 2000; name++)); do is_running && return; sleep 0.02; done
  tail -n 5 "$var/log/s6.log" >&2
  fail "s6-svscan did not start." "Look into $var/log/s6.log"
}

# bring_up NAME...: starts them together and waits until each is ready. One that ends three times will not come up.
bring_up() {
  local name deadline=$((SECONDS + ${PAIDAN_START_SECONDS:-60})) began
  for name in "$@"; do
    # a supervisor that just opened its door may close it once more before it listens
    until s6-svok "$scan/$name" && s6-svc -u "$scan/$name" 2>/dev/null || [ $SECONDS -ge $deadline ]; do sleep 0.02; done
    s6-svok "$scan/$name" || { tail -n 5 "$var/log/s6.log" >&2; fail "$name cannot be started: its supervisor is not there." "Look into $var/log/s6.log"; }
    s6-svdt-clear "$scan/$name" 2>/dev/null || true
  done
  for name in "$@"; do
    began=$(date +%s%N)
    until is_ready "$name"; do
      # a supervisor that is kept waiting for the processor has not yet read that it is wanted up
      [ "$(s6-svdt "$scan/$name" | wc -l)" -lt 3 ] && { [ "$(state "$name" wantedup)" != false ] ||
        [ $(($(date +%s%N) - began)) -lt 5000000000 ]; } || give_up "$name" "does not stay up"
      [ $SECONDS -lt $deadline ] || give_up "$name" "is not ready after ${PAIDAN_START_SECONDS:-60} s"
      sleep 0.05
    done
    fingerprint "$name" >"$scan/$name/data/started"
    [ -n "${quiet:-}" ] || printf '  up  %-13s %5d ms\n' "$name" $((($(date +%s%N) - began) / 1000000))
  done
}

give_up() {
  printf '\n%s %s. Its last words (%s):\n\n' "$1" "$2" "$var/log/$1/current" >&2
  tail -n 15 "$var/log/$1/current" 2>/dev/null | cut -c 1-600 | sed 's/^/    /' >&2
  s6-svc -d "$scan/$1" 2>/dev/null || true
  fail "" "Mend the cause and run it again; what already runs is kept. (make stop ends everything.)"
}

# What a service was started from: when it differs from what is there now, `up` restarts that one.
fingerprint() {
  local files=("$scan/$1/run" "$var/etc/$1.conf")
  case $1 in postgres) files+=("$var/etc/postgresql.conf" "$var/etc/pg_hba.conf" "$var/etc/pg_ident.conf") ;; esac
  [ ! -x "$bin/paidan-$1" ] || files+=("$bin/paidan-$1")
  { cat "${files[@]}" 2>/dev/null || true; } | sha256sum
}

restart_changed() {
  local name
  for name in "$@"; do
    [ -f "$scan/$name/data/started" ] && [ "$(state "$name" up)" = true ] || continue
    [ "$(<"$scan/$name/data/started")" = "$(fingerprint "$name")" ] && continue
    s6-svc -wD -T 25000 -d "$scan/$name"
  done
}

take_down() { # NAME...: together; the supervisors kill what does not end in 20 s
  local dirs=() name
  for name in "$@"; do s6-svok "$scan/$name" 2>/dev/null && dirs+=("$scan/$name"); done
  [ ${#dirs[@]} -gt 0 ] || return 0
  for name in "${dirs[@]}"; do s6-svc -d "$name"; done
  s6-svwait -D -t 25000 "${dirs[@]}" || true
}

# Our processes, by the mark in their environment. PostgreSQL and nginx write their titles over it: those by their folder.
left_over() {
  local proc pid at
  for proc in /proc/[0-9]*; do
    pid=${proc#/proc/}
    [ "$pid" != $$ ] && [ -O "$proc" ] || continue
    if grep -qzFx -- "$marker" "$proc/environ" 2>/dev/null; then echo "$pid"; continue; fi
    at=$(readlink "$proc/cwd" 2>/dev/null) || continue
    case $at in "$var"/postgres/* | "$var"/redis | "$scan"/*) ;; *) continue ;; esac
    case $(cat "$proc/comm" 2>/dev/null) in postgres | nginx | redis-server) echo "$pid" ;; esac
  done
}

end_left_over() {
  local pids signal
  for signal in none TERM KILL; do
    for ((tries = 0; tries < 100; tries++)); do
      pids=$(left_over)
      [ -n "$pids" ] || return 0
      [ $tries -gt 0 ] || [ $signal = none ] || { say "  still there, sending $signal:" $pids; kill -$signal $pids 2>/dev/null || true; }
      sleep 0.05
    done
  done
  fail "These processes do not end: $(left_over | tr '\n' ' ')"
}
