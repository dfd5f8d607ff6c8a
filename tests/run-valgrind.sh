#!/bin/sh
# usage: run-valgrind.sh PROGRAM [ARGUMENT...]
#
# The test setup `valgrind` starts every test through this: a compiled test runs under valgrind itself,
# a script (Python, shell) is told by WHETHER_WRAPPER to start the program that it tests so.
set -eu

valgrind="valgrind -q --suppressions=$(dirname "$(realpath "$0")")/valgrind.supp --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,indirect"
case "$(head -c 4 "$1" | tail -c 3):${1##*/}" in
ELF:python*) ;;
ELF:*)
    # shellcheck disable=SC2086 # a command with its options
    exec $valgrind "$@"
    ;;
esac
WHETHER_WRAPPER=$valgrind
export WHETHER_WRAPPER
exec "$@"
