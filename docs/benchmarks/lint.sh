#!/bin/sh
# Times gsrv lint: one file, 3,000 typical configurations, a tree of 100,000 unrelated files.
# usage: lint.sh GSRV [RUNS]
set -eu
gsrv=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
runs=${2:-10}
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# 3,000 configurations: the fixtures of the rules, copied into directories of their own, until there are enough.
python3 - "$root/fixtures/rules" "$work/many" <<'PY'
import pathlib, sys

files = []
for archive in sorted(pathlib.Path(sys.argv[1]).glob("*.txtar")):
    for section in ("\n" + archive.read_text()).split("\n-- ")[1:]:
        name, _, text = section.partition(" --\n")
        base = name.rsplit("/", 1)[-1]
        if "/" in name and name.startswith(("bad", "good")) and (base == "gunicorn.conf.py" or base == "uwsgi.ini" or base == "production.ini"):
            files.append((base, text))
for i in range(3000):
    base, text = files[i % len(files)]
    folder = pathlib.Path(sys.argv[2]) / f"project{i // 10:04}" / f"service{i % 10}"
    folder.mkdir(parents=True)
    (folder / base).write_text(text)
print(f"{len(files)} different configurations, {sum(b == 'gunicorn.conf.py' for b, _ in files)} of them Python")
PY

# 100,000 files that are none of gsrv's business, beside one that is.
python3 - "$work/tree" <<'PY'
import pathlib, sys

root = pathlib.Path(sys.argv[1])
for d in range(1000):
    folder = root / f"package{d // 50:02}" / f"module{d % 50:02}"
    folder.mkdir(parents=True)
    for f in range(100):
        (folder / f"file{f}.{('py', 'txt', 'html', 'js', 'md')[f % 5]}").touch()
(root / "uwsgi.ini").write_text("[uwsgi]\nmodule = shop\nmaster = true\n")
PY
mkdir "$work/one"
cp "$root/fixtures/demo/gunicorn.conf.py" "$work/one/"

echo "machine: $(nproc) CPUs, $(uname -sr)"
for name in one many tree; do
	python3 "$here/compare.py" "$runs" "$work/$name" "$name: gsrv lint" "$gsrv lint --fail-on never" | tail -1
done
