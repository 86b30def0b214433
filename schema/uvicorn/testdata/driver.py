"""Answers what uvicorn makes of command lines: one JSON object a line on standard input and output."""

import contextlib
import importlib
import io
import json
import logging.config
import os
import sys

importlib.import_module("uvicorn.main")
main = sys.modules["uvicorn.main"]
config = importlib.import_module("uvicorn.config")
parameters = [p.name for p in main.main.params if p.name != "version"]


def answer(request):
    os.chdir(request["dir"])
    os.environ.clear()
    os.environ.update(request["env"] or {})
    os.environ["LANG"] = "C.UTF-8"
    taken = {}

    def run(app, **kwargs):
        logging.config.dictConfig = lambda *_: None
        logging.config.fileConfig = lambda *_, **__: None
        given = dict(kwargs)
        given.pop("app_dir", None)
        made = config.Config(app, **given)
        taken.update(kwargs, app=app)
        taken["workers"] = made.workers
        if "app_dir" in parameters and "app_dir" not in taken:
            taken["app_dir"] = sys.path[0]  # releases before 0.18 keep it to themselves
        if hasattr(made, "forwarded_allow_ips"):
            taken["forwarded_allow_ips"] = made.forwarded_allow_ips
        for name in ("reload_dirs", "reload_includes", "reload_excludes"):
            if name in taken:
                taken[name] = list(taken[name] or ())
        if isinstance(taken.get("log_config"), dict):
            taken["log_config"] = None

    main.run = run
    out, err = io.StringIO(), io.StringIO()
    code = 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main.main(args=request["argv"], prog_name="uvicorn")
        except SystemExit as e:
            code = e.code or 0
        except Exception as e:
            code = 1
            print(f"{type(e).__name__}: {e}", file=sys.stderr)
    result = {"exit": code}
    if code:
        result["message"] = err.getvalue().rstrip("\n").rsplit("\n", 1)[-1]
    elif taken:
        result["settings"] = {n: plain(taken.get(n)) for n in parameters}
    return result


def plain(v):
    if isinstance(v, float) and (v != v or v in (float("inf"), float("-inf"))):
        return repr(v)
    return v


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
