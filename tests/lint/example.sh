#!/bin/sh
# usage: example.sh WHETHER
#
# config.example.ini is what the program's own table of keys prints.
set -eu

whether=$(cd "$(dirname "$1")" && pwd)/${1##*/}
cd "$(dirname "$0")/../.."
"$whether" check --example | diff -u config.example.ini - || {
    echo "config.example.ini is stale: whether check --example >config.example.ini" >&2
    exit 1
}
