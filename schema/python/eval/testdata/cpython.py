"""Runs each source as gunicorn loads a configuration, and tells what CPython made of it.

Reads JSON from stdin: {"sources": [{"name", "text", "files": {path: text}}], "envs": [{...}]}; writes for each source
and environment {"globals": {name: repr}, "raised": {"type", "msg", "line", "file", "code"}}.
"""
import enum
import importlib.util
import json
import multiprocessing
import os
import platform
import shutil
import socket
import sys
import types

request = json.load(sys.stdin)
base = request["dir"]
os.cpu_count = multiprocessing.cpu_count = lambda: 4
os.sched_getaffinity = lambda pid: {0, 1, 2, 3}
socket.gethostname = platform.node = lambda: "web1"
sys.dont_write_bytecode = True
known = set(sys.modules)
path = list(sys.path)
out = []
sink = open(os.devnull, "w")
CALLABLE = (types.FunctionType, types.BuiltinFunctionType, types.MethodType, type, types.ModuleType)


def show(v):
    if isinstance(v, CALLABLE) or callable(v):
        return None
    try:
        return type(v).__name__ + ":" + repr(v)
    except Exception as e:  # a __repr__ of the source's own
        return None


def run(source, env, n):
    folder = os.path.join(base, str(n))
    os.makedirs(folder)
    for name, text in {**source["files"], "conf.py": source["text"]}.items():
        target = os.path.join(folder, name)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "w", newline="") as f:
            f.write(text)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(folder)
    sys.path[:] = [folder] + path
    importlib.invalidate_caches()
    result = {"globals": {}, "raised": None}
    spec = importlib.util.spec_from_file_location("__config__", os.path.join(folder, "conf.py"))
    mod = importlib.util.module_from_spec(spec)
    sys.modules["__config__"] = mod
    before = set(vars(mod))
    stdout, sys.stdout = sys.stdout, sink
    try:
        spec.loader.exec_module(mod)
    except BaseException as e:
        line, file = 0, ""
        if isinstance(e, SyntaxError):
            line, file = e.lineno, e.filename or ""
        else:
            tb = e.__traceback__
            while tb:
                name = tb.tb_frame.f_code.co_filename
                if name.startswith(folder):
                    line, file = tb.tb_lineno, name
                tb = tb.tb_next
        code = None
        if isinstance(e, SystemExit):
            code = e.code if isinstance(e.code, int) else 0 if e.code is None else 1
        result["raised"] = {
            "type": type(e).__name__, "msg": str(e),
            "line": line, "file": os.path.relpath(file, folder) if file else "", "code": code,
        }
    finally:
        sys.stdout = stdout
    for name, v in vars(mod).items():
        if name in before or name == "__builtins__" or name == "__annotations__" or name == "__warningregistry__":
            continue
        result["globals"][name] = show(v)
    for name in set(sys.modules) - known:
        if name == "__config__" or (getattr(sys.modules[name], "__file__", None) or "").startswith(folder) or \
                any(str(p).startswith(folder) for p in getattr(sys.modules[name], "__path__", [])):
            del sys.modules[name]
    shutil.rmtree(folder)
    return result


n = 0
for source in request["sources"]:
    for env in request["envs"]:
        n += 1
        out.append(run(source, env, n))
json.dump(out, sys.stdout)
