"""Loads contexts with PasteDeploy and tells what it made of them. One question and one answer a line, as JSON."""
import base64
import json
import os
import pathlib
import shutil
import sys
import tempfile
import types

from paste.deploy import loadwsgi

pmod = types.ModuleType("pmod")
exec("def make_app(g, **k): return k\ndef make_filter(g, **k): return k\ndef make_server(g, **k): return k\n", pmod.__dict__)
sys.modules["pmod"] = pmod

KINDS = {"app": loadwsgi.APP, "filter": loadwsgi.FILTER, "server": loadwsgi.SERVER}


def show(c):
    o = c.object
    name = None if o is None else f"{o.__module__}:{o.__qualname__}" if hasattr(o, "__qualname__") else o.__name__
    out = {"type": c.object_type.name, "protocol": c.protocol, "object": name, "local": c.local_conf, "global": c.global_conf}
    if hasattr(c, "app_context"):
        out["app"] = show(c.app_context)
        out["filters"] = [show(f) for f in c.filter_contexts]
    if hasattr(c, "next_context"):
        out["next"] = show(c.next_context)
    if hasattr(c, "filter_context"):
        out["filter"] = show(c.filter_context)
    return out


for question in sys.stdin:
    q = json.loads(question)
    cwd = os.path.realpath(tempfile.mkdtemp())
    try:
        for name, text in q["files"].items():
            path = pathlib.Path(cwd, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(base64.b64decode(text).replace(b"$DIR", cwd.encode()))
        os.chdir(cwd)
        try:
            c = loadwsgi.loadcontext(KINDS[q["kind"]], q["uri"].replace("$DIR", cwd), name=q.get("name") or None, relative_to=cwd, global_conf=q.get("vars") or None)
            answer = {"context": show(c)}
        except Exception as e:
            message = str(e)
            answer = {"error": type(e).__name__, "message": message}
    finally:
        shutil.rmtree(cwd)
    print(json.dumps(answer).replace(json.dumps(cwd)[1:-1], "$DIR"))
