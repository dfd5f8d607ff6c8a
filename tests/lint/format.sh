#!/bin/sh
# usage: format.sh [--fix]
#
# Every C file as clang-format 14 writes it with the project's .clang-format; --fix rewrites them.
set -eu

cd "$(dirname "$0")/../.."
clang_format=$(command -v clang-format-14 || command -v clang-format) || {
    echo "format.sh: clang-format 14 is not installed (script/setup --tests)" >&2
    exit 1
}
case "${1-}" in
--fix) mode='-i' ;;
*) mode='--dry-run -Werror' ;;
esac
# shellcheck disable=SC2086 # a mode is one or two words
find bot knowledge adapters tests \( -name '*.c' -o -name '*.h' \) -exec "$clang_format" $mode --style=file {} +
