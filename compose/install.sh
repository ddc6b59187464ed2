#!/usr/bin/env bash
# Installs on Debian 12 what is missing and nothing else; when all is there it changes nothing and needs no rights. Programs
# that Debian would start as system services (PostgreSQL, Redis, nginx) are installed with those services off: Paidan
# runs its own copies under var/.
# usage: compose/install.sh run | test
set -euo pipefail
self=$(realpath "$0")
cd "$(dirname "$self")/.."

# How to see that it is there (command, pkg-config module, header, any file), and the package that brings it.
needs_run='
command gcc            gcc
command make           make
command pkg-config     pkg-config
header  stdio.h        libc6-dev
module  libzmq         libzmq3-dev
header  msgpack.h      libmsgpack-dev
module  hiredis        libhiredis-dev
module  libpq          libpq-dev
module  libcjson       libcjson-dev
module  libuv          libuv1-dev
module  libmicrohttpd  libmicrohttpd-dev
module  libxml-2.0     libxml2-dev
module  libcurl        libcurl4-openssl-dev
module  libsodium      libsodium-dev
module  libconfuse     libconfuse-dev
module  libutf8proc    libutf8proc-dev
module  icu-i18n       libicu-dev
header  geos_c.h       libgeos-dev
module  libturbojpeg   libturbojpeg0-dev
module  libpng         libpng-dev
module  libwebp        libwebp-dev
module  libexif        libexif-dev
module  libmagic       libmagic-dev
module  libseccomp     libseccomp-dev
file    /usr/lib/postgresql/*/bin/initdb  postgresql-15
command psql           postgresql-client-15
command redis-server   redis-server
command redis-cli      redis-tools
command nginx          nginx
command s6-svscan      s6
command curl           curl
command node           nodejs
command npm            npm
'
needs_test='
header  cmocka.h       libcmocka-dev
command clang          clang
command xmllint        libxml2-utils
file    /usr/lib/python3/dist-packages/zmq  python3-zmq
file    /usr/lib/python3/dist-packages/msgpack  python3-msgpack
command clang-format   clang-format
command chromium       chromium
file    /usr/share/fonts/*/*/*[cC][jJ][kK]*|/usr/share/fonts/truetype/wqy/*  fonts-wqy-microhei
'

there() { # KIND WHAT
  local pattern
  case $1 in
  command) command -v "$2" >/dev/null || [ -x "/usr/sbin/$2" ] ;;
  module) command -v pkg-config >/dev/null && pkg-config --exists "$2" ;;
  header) [ -e "/usr/include/$2" ] || [ -e "/usr/local/include/$2" ] ||
    echo "#include <$2>" | gcc -E -o /dev/null - 2>/dev/null ;;
  file) for pattern in ${2//|/ }; do ! compgen -G "$pattern" >/dev/null || return 0; done; return 1 ;;
  esac
}

# As root: apt in a mood where it starts nothing, asks nothing and recommends nothing.
held=()
let_go() { [ ${#held[@]} -eq 0 ] || rm -f "${held[@]}"; }
install_as_root() {
  local name new_services=()
  trap let_go EXIT
  if [ ! -e /usr/sbin/policy-rc.d ]; then
    printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d && chmod 755 /usr/sbin/policy-rc.d
    held+=(/usr/sbin/policy-rc.d)
  fi
  mkdir -p /etc/postgresql-common/createcluster.d
  echo "create_main_cluster = off" >/etc/postgresql-common/createcluster.d/paidan-install.conf
  held+=(/etc/postgresql-common/createcluster.d/paidan-install.conf)
  for name in postgresql redis-server nginx; do [ -e "/etc/init.d/$name" ] || new_services+=("$name"); done
  export DEBIAN_FRONTEND=noninteractive
  apt-get update
  apt-get install -y --no-install-recommends -o Dpkg::Options::=--force-confold "$@"
  for name in "${new_services[@]}"; do
    [ ! -e "/etc/init.d/$name" ] || update-rc.d "$name" disable
  done
}

if [ "${1:-}" = --as-root ]; then shift; install_as_root "$@"; exit; fi

case ${1:-run} in
run) needs=$needs_run ;;
test) needs=$needs_run$needs_test ;;
*) sed -n '2,5s/^# //p' "$self"; exit 2 ;;
esac
missing=()
while read -r kind what package; do
  [ -z "$kind" ] || there "$kind" "$what" || missing+=("$package")
done <<<"$needs"

if [ ${#missing[@]} -gt 0 ]; then
  echo "Missing on this machine, to be installed from Debian's packages: ${missing[*]}"
  echo "(their system services stay off; Paidan runs its own copies under var/)"
  if ! command -v apt-get >/dev/null; then
    echo "There is no apt-get here: install these (or what your system calls them) and try again." >&2
    exit 1
  fi
  as_root=()
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || {
      echo "That needs root, and there is no sudo here. As root, run:  $self --as-root ${missing[*]}" >&2
      exit 1
    }
    as_root=(sudo)
  fi
  mkdir -p build
  : >build/install.log
  . compose/progress.sh
  [ ${#as_root[@]} -eq 0 ] || sudo -v
  if ! moving "Installing" build/install.log "${as_root[@]}" "$self" --as-root "${missing[@]}"; then
    tail -n 15 build/install.log >&2
    echo "Installing failed; all of it is in build/install.log. Is the network there, and is this Debian 12?" >&2
    exit 1
  fi
fi

major=$(node --version | sed 's/^v\([0-9]*\).*/\1/')
[ "$major" -ge 18 ] || { echo "node is version $(node --version); the console page needs 18 or newer." >&2; exit 1; }
