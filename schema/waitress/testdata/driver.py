"""Answers what waitress-serve makes of command lines: one JSON object a line on standard input and output."""

import contextlib
import importlib
import io
import json
import os
import sys

import waitress.adjustments
import waitress.runner

names = [n for n, _ in waitress.adjustments.Adjustments._params if n != "listen"]


import_module = importlib.import_module


class Anything:
    def __getattr__(self, name):
        return self

    def __call__(self, *_):
        return self


def answer(request):
    os.chdir(request["dir"])
    taken = {}

    def serve(app, **kw):
        made = waitress.adjustments.Adjustments(**kw)
        for n in names:
            v = getattr(made, n)
            taken[n] = sorted(v) if isinstance(v, (set, frozenset)) else v

    waitress.runner.resolve = lambda module, name: lambda *_: None
    importlib.import_module = lambda *_: Anything()  # for 3.0.2, which has the name resolved by pkgutil
    err = io.StringIO()
    code = 0
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(err):
        try:
            code = waitress.runner.run(["waitress-serve", *request["argv"]], serve)
        except Exception as e:
            code = 1
            print(f"{type(e).__name__}: {e}", file=err)
    importlib.import_module = import_module
    result = {"exit": code}
    lines = [x for x in err.getvalue().split("\n") if x.startswith(("Error: ", "ValueError: "))]
    if code:
        result["message"] = lines[0] if lines else err.getvalue()
    elif taken:
        result["settings"] = taken
    return result


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line)), default=str), flush=True)
