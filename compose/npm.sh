#!/usr/bin/env bash
# Installs exactly what FOLDER/package-lock.json names into FOLDER/node_modules, when it is not there already.
# usage: compose/npm.sh FOLDER
set -euo pipefail
cd "$(dirname "$0")/../$1"
[ -f package.json ] || exit 0
[ -f package-lock.json ] || { echo "$1/package-lock.json is missing: run 'npm install' there once and commit it"; exit 1; }
stamp=node_modules/.installed
[ -f "$stamp" ] && cmp -s package-lock.json "$stamp" && exit 0
npm ci --no-audit --no-fund --loglevel=error --progress=false
cp package-lock.json "$stamp"
