# The private PostgreSQL: making the cluster, its settings, its roles, the database, the migrations. Sourced by ctl.

# Who may log in: the user everything runs as, and root, each as any of our roles and as the superuser; over the socket alone.
write_pg_access() {
  local role user users
  users=$(printf '%s\n' "$(id -un)" root | sort -u)
  {
    echo "# map  user of the system  role"
    for user in $users; do
      for role in postgres paidan_owner paidan_intake paidan_router paidan_escalation paidan_notification paidan_console; do
        echo "paidan  $user  $role"
      done
    done
  } >"$var/etc/pg_ident.conf"
  echo "local all all peer map=paidan" >"$var/etc/pg_hba.conf"
}

make_cluster() {
  local made=$var/postgres/data.new
  [ ! -f "$var/postgres/data/PG_VERSION" ] || {
    [ "$(cat "$var/postgres/data/PG_VERSION")" = "$("$pg_bin/postgres" --version | grep -oE '[0-9]+' | head -n 1)" ] ||
      fail "var/postgres was made by PostgreSQL $(cat "$var/postgres/data/PG_VERSION"), and this machine has another version." \
        "Move $var away to start with a new database."
    return 0
  }
  mkdir -p -m 700 "$var/postgres"
  rm -rf "$made"
  "$pg_bin/initdb" -D "$made" -U postgres --auth=peer --encoding=UTF8 --locale=C.UTF-8 --no-instructions >"$var/log/initdb.log" 2>&1 ||
    { tail -n 15 "$var/log/initdb.log" >&2; fail "PostgreSQL could not make a database cluster in $var/postgres."; }
  mv "$made" "$var/postgres/data"
}

# psql_as ROLE DATABASE ARGUMENTS...
psql_as() {
  local role=$1 database=$2
  shift 2
  env -u PGSERVICE -u PGOPTIONS "$pg_bin/psql" -X -q -v ON_ERROR_STOP=1 -h "$run/postgres" -U "$role" -d "$database" "$@"
}

# Roles and database: again at each start, as each statement asks first whether it is done.
make_database() {
  psql_as postgres postgres -c "SET client_min_messages = warning" -f "$root/db/roles.sql" >/dev/null || fail "db/roles.sql failed."
  [ "$(psql_as postgres postgres -At -c "SELECT count(*) FROM pg_database WHERE datname = 'paidan'")" = 1 ] ||
    psql_as postgres postgres -c "CREATE DATABASE paidan OWNER paidan_owner" ||
    fail "The database could not be made."
  psql_as postgres paidan -c "ALTER SCHEMA public OWNER TO paidan_owner"
}

migrate() {
  migrated=$(bash "$root/compose/migrate" "host=$run/postgres user=paidan_owner dbname=paidan") || fail "A migration failed: nothing after it was started."
}
