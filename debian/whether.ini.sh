#!/bin/sh
# usage: whether.ini.sh config.example.ini >whether.ini
#
# The configuration that the package starts with: every key as the program describes it, all commented, but for the store's place
# and a page for this machine alone.
set -eu

switch_on() {
    grep -qxF "$1" "$2" || { echo "$2 has no line \"$1\": debian/whether.ini.sh is to be brought up to date" >&2; exit 1; }
}
switch_on '#path = whether.db' "$1"
switch_on '#[http]' "$1"
switch_on '#[page]' "$1"

cat <<'EOT'
# whether(1) as a daemon; whether.ini(5) tells all keys, /usr/share/doc/whether/operating.md how to run it.
# As it stands it serves a page on this machine: http://127.0.0.1:8080/
# Secrets lie in this folder, owner root, group whether, mode 640. After a change:
#   whether check -c /etc/whether/whether.ini && systemctl reload whether

EOT
sed -e 's|^#path = whether\.db$|path = /var/lib/whether/whether.db|' -e 's|^#\(\[http\]\)$|\1|' -e 's|^#\(\[page\]\)$|\1|' "$1"
