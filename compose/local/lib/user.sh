# As whom everything runs. An ordinary user runs it as itself. PostgreSQL refuses root, and the others need no rights either, so
# started by root all of it runs as an ordinary user: PAIDAN_USER, or whoever owns var/ already, or whoever owns the source,
# or nobody. Sourced by ctl, which calls drop_root before anything else.

service_user() {
  local owner
  if [ -n "${PAIDAN_USER:-}" ]; then echo "$PAIDAN_USER"; return; fi
  for owner in "$(stat -c %U "$var" 2>/dev/null)" "$(stat -c %U "$root")"; do
    case $owner in root | UNKNOWN | '') ;; *) echo "$owner"; return ;; esac
  done
  echo nobody
}

# Starts this program again as that user, once, with its arguments. Where a folder above the source is closed to that user (a
# clone in root's own home), it may pass through folders that are closed to it, and nothing more.
drop_root() {
  local user group way=()
  if [ "$(id -u)" != 0 ]; then
    [ -O "$var" ] && [ -w "$var" ] || fail "$var belongs to $(stat -c %U "$var"), and you are $(id -un)." \
      "Run as that user, or set PAIDAN_VAR to a folder of your own."
    return 0
  fi
  user=$(service_user)
  id -u "$user" >/dev/null 2>&1 || fail "There is no user $user on this machine." "Set PAIDAN_USER to one that exists."
  [ "$(id -u "$user")" != 0 ] || fail "PAIDAN_USER must not be root: PostgreSQL refuses to run as root."
  group=$(id -g "$user")
  [ "$(stat -c %U "$var")" = "$user" ] || chown -hR "$user:$group" "$var"
  way=(setpriv --reuid "$user" --regid "$group" --init-groups)
  if ! "${way[@]}" test -r "$root/compose/local/ctl" -a -w "$var"; then
    way+=(--securebits +no_setuid_fixup --inh-caps=-all,+dac_read_search --ambient-caps=-all,+dac_read_search)
    "${way[@]}" test -r "$root/compose/local/ctl" 2>/dev/null ||
      fail "The user $user cannot enter $root." "Move the clone to a folder everybody may enter (/srv, /opt), or set PAIDAN_USER."
  fi
  ulimit -n 65536 2>/dev/null || true
  exec "${way[@]}" env -u XDG_RUNTIME_DIR -u SUDO_USER -u SUDO_UID HOME="$var" USER="$user" LOGNAME="$user" \
    PAIDAN_VAR="$var" PAIDAN_BY_ROOT=1 "$@"
}
