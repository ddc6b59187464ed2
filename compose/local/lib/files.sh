# What is made before anything starts: folders, secrets, configuration files from the templates in compose/local/conf.
# Sourced by ctl.

check_port() {
  [[ $port =~ ^[0-9]+$ ]] && [ "$port" -ge 1 ] && [ "$port" -le 65535 ] || fail "PAIDAN_PORT=$port is not a port number."
  [ "$port" -ge 1024 ] || fail "PAIDAN_PORT=$port: ports below 1024 need rights that Paidan does not take." "Use one above, for example 12345."
  ! our_nginx_has_port || return 0
  local owner
  owner=$(ss -Hltnp "sport = :$port" 2>/dev/null | head -n 1)
  if [ -n "$owner" ] || (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
    owner=$(sed -n 's/.*users:((\("[^"]*",pid=[0-9]*\).*/ (\1)/p' <<<"$owner")
    fail "Port $port is already used by another program$owner." "Choose another one:  make run PAIDAN_PORT=$((port + 1))"
  fi
}

our_nginx_has_port() {
  [ -f "$var/etc/nginx.conf" ] && grep -q "listen 127.0.0.1:$port " "$var/etc/nginx.conf" &&
    [ "$(s6-svstat -o up "$var/service/nginx" 2>/dev/null)" = true ]
}

check_programs() {
  local name
  for name in $services; do
    [ -x "$bin/paidan-$name" ] || fail "$bin/paidan-$name is not built." "Run: make all FLAVOUR=$flavour"
  done
}

# fill TEMPLATE: its text with our places in it.
fill() {
  local text
  text=$(<"$1")
  text=${text//@ROOT@/"$root"}
  text=${text//@VAR@/"$var"}
  text=${text//@RUN@/"$run"}
  text=${text//@PORT@/"$port"}
  text=${text//@CLOCK@/"$clock"}
  text=${text//@BUS@/"${PAIDAN_BUS_PORT:+tcp://127.0.0.1:$PAIDAN_BUS_PORT}"}
  text=${text//@NAME@/"${2:-}"}
  text=${text//@SHARED_BUFFERS@/"$(shared_buffers)"}
  text=${text//@NGINX_WORKERS@/"$(nginx_workers)"}
  text=${text//@FRONT_CORE@/"$(front_core)"}
  printf '%s\n' "$text"
}

# An eighth of the machine's memory, between 128 MB and 2 GB: what is being written should stay in it.
shared_buffers() {
  awk '/^MemTotal/ { mb = int($2 / 8192); print (mb < 128 ? 128 : mb > 2048 ? 2048 : mb) "MB" }' /proc/meminfo
}

# For half the cores, at least one: one worker answers 40,000 requests a second and gathers what comes; more take turns at waking up.
nginx_workers() {
  local cores
  cores=$(nproc)
  echo $((cores > 3 ? cores / 2 : 1))
}

write_files() {
  local name override clock=$var/clock
  mkdir -p "$var"/{etc,log,service,secret,redis,postgres,nginx,files} "$run"/{bus,http,postgres}
  chmod 700 "$var/secret" "$var/files" "$run/bus" "$run/http" "$run/postgres"
  if [ ! -f "$clock" ]; then
    head -c 8 /dev/zero >"$clock"
    # a copy that will play the sample day begins it where the day began, as its time never goes back
    [ "${PAIDAN_DEMO:-}" != day ] || PAIDAN_VAR=$var node "$root/tools/play/play.mjs" --begin
  fi
  [ "${PAIDAN_CLOCK:-}" != real ] || clock=
  [ -s "$var/secret/fields.key" ] || {
    { echo "# Keys of personal fields: ID HEX64. Lost with this file is what they sealed."
      echo "1 $(od -An -tx1 -v -N32 /dev/urandom | tr -d ' \n')"; } >"$var/secret/fields.key.new"
    mv "$var/secret/fields.key.new" "$var/secret/fields.key"
  }
  [ -s "$var/secret/bus.key" ] || {
    { echo "# Secret key of the bus's door for outside systems (CURVE). With another one every client must be told its new server key."
      od -An -tx1 -v -N32 /dev/urandom | tr -d ' \n'; echo; } >"$var/secret/bus.key.new"
    mv "$var/secret/bus.key.new" "$var/secret/bus.key"
  }
  fill "$here/conf/postgresql.conf" >"$var/etc/postgresql.conf"
  write_pg_access
  fill "$here/conf/redis.conf" >"$var/etc/redis.conf"
  fill "$here/conf/nginx.conf" >"$var/etc/nginx.conf"
  fill "$here/conf/nginx-headers.conf" >"$var/etc/nginx-headers.conf"
  fill "$here/conf/nginx-proxy.conf" >"$var/etc/nginx-proxy.conf"
  for name in $services; do
    { fill "$here/conf/common.conf" "$name"
      [ ! -f "$here/conf/$name.conf" ] || fill "$here/conf/$name.conf" "$name"; } >"$var/etc/$name.conf"
    for override in common "$name"; do
      [ ! -f "$var/override/$override.conf" ] || replace_keys "$var/etc/$name.conf" "$var/override/$override.conf"
    done
  done
}

# replace_keys FILE OVERRIDE: a key given twice is an error to the services, so the generated line goes.
replace_keys() {
  awk -F'[ =]' 'FNR == NR { if ($0 ~ /^[a-z_]+ *=/) given[$1] = 1; next } !($1 in given)' "$2" "$1" >"$1.new"
  cat "$2" >>"$1.new"
  mv "$1.new" "$1"
}
