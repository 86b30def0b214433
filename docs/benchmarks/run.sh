#!/bin/sh
# Runs gsrv and its peers side by side and prints the figures of docs/benchmarks/README.md.
# usage: run.sh GSRV [RUNS]
set -eu
gsrv=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
runs=${2:-20}
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r "$root/fixtures/demo/." "$work/"
cat >"$work/plain.ini" <<'INI'
[uwsgi]
master = true
processes = %(%k * 2)
threads = 2
socket = 127.0.0.1:0
need-app = true
module = shop.wsgi:application
chdir = %d
vacuum = true
INI

echo "machine: $(nproc) CPUs, $(uname -sr)"
python3 "$here/compare.py" "$runs" "$work" \
	"gunicorn.conf.py: gsrv show" "$gsrv show gunicorn.conf.py" \
	"gunicorn.conf.py: gunicorn --print-config" "gunicorn --print-config -c gunicorn.conf.py shop.wsgi" \
	"plain.ini: gsrv show" "$gsrv show plain.ini" \
	"plain.ini: uwsgi --show-config" "uwsgi --plugin python3 --ini plain.ini --show-config --hook-pre-jail exit:0" \
	"production.ini: gsrv show" "$gsrv show production.ini"
cd "$root"
echo
echo "parser, one core, over the standard library of the python3 on PATH:"
go test -run '^$' -bench . -cpu 1 ./schema/python/... | grep -E '^(Benchmark|cpu)'
