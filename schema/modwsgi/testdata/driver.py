"""Answers what optparse makes of start-server's options: one JSON object a line on standard input and output.

With a mod_wsgi on PYTHONPATH the options are its own; otherwise they are those of the file that OPTIONS names, given to
the same parser.
"""

import contextlib
import io
import json
import optparse
import os
import sys


def within(option, opt, value, parser):
    if value is not None and value < 0 or value > 1:
        raise optparse.OptionValueError(f"{opt} option value needs to be within the range 0 to 1.")
    setattr(parser.values, option.dest, value)


def declared():
    try:
        from mod_wsgi.express.options import option_list
    except ImportError:
        try:
            from mod_wsgi.server import option_list
        except ImportError:
            option_list = None
    if option_list is not None:
        return option_list
    options = []
    with open(os.environ["OPTIONS"]) as f:
        spec = json.load(f)
    for o in spec:
        keys = {"dest": o["dest"], "default": o["default"]}
        if o["type"] == "switch":
            keys["action"] = "store_true"
        elif o["type"] == "fraction":
            keys.update(type="float", action="callback", callback=within)
        else:
            keys.update(type=o["type"], nargs=o["args"], action="append" if o["multi"] else "store")
        options.append(optparse.make_option(*o["flags"], **keys))
    return options


options = declared()
# What differs from machine to machine.
local = {"user", "group", "mime_types", "httpd_executable", "modules_directory", "rotatelogs_executable", "shell_executable"}


def answer(request):
    os.environ.update(request["env"] or {})
    argv = [os.path.expandvars(a) for a in request["argv"][1:]]
    for name in request["env"] or {}:
        del os.environ[name]
    sys.argv[0] = "mod_wsgi-express"
    parser = optparse.OptionParser(option_list=options)
    err = io.StringIO()
    result = {"exit": 0}
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(err):
        try:
            values, rest = parser.parse_args(argv)
            taken = {k: plain(v) for k, v in vars(values).items() if k not in local}
            taken["rest"] = rest
            result["settings"] = taken
        except SystemExit as e:
            result["exit"] = e.code or 0
    for o in options:  # lists that optparse changes in place
        if isinstance(o.default, list):
            o.default.clear()
    if result["exit"]:
        result["message"] = err.getvalue().rstrip("\n").rsplit("\n", 1)[-1]
    return result


def plain(v):
    if isinstance(v, float) and (v != v or v in (float("inf"), float("-inf"))):
        return repr(v)
    if isinstance(v, (list, tuple)):
        return [plain(x) for x in v]
    return v


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
