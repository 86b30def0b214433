# Imports a WSGI application as its server would and answers on descriptor 3 with one JSON object:
# {"ok": bool, "what": ..., "error": "Type: message", "frames": [...], "version": "3.11.7"}.
import json
import os
import sys
import traceback


class Refused(Exception):
    pass


def find(request):
    if request["paste"]:
        from paste.deploy import loadapp

        name = request["module"].partition("#")[2] or None
        return loadapp("config:" + os.path.abspath(request["paste"]), name=name)
    if request["file"] and not request["module"]:
        space = {"__name__": "uwsgi_file_app", "__file__": request["file"]}
        with open(request["file"], "rb") as f:
            exec(compile(f.read(), request["file"], "exec"), space)
        if "application" not in space:
            raise Refused("%s defines no 'application'" % request["file"])
        return space["application"]
    module, _, attribute = request["module"].partition(":")
    attribute = attribute or "application"
    import ast
    import importlib

    importlib.import_module(module)
    mod = sys.modules[module]
    try:
        node = ast.parse(attribute, mode="eval").body
    except SyntaxError:
        raise Refused("%r is neither a name nor a call" % attribute)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        try:
            args = [ast.literal_eval(a) for a in node.args]
            kwargs = {k.arg: ast.literal_eval(k.value) for k in node.keywords}
        except ValueError:
            raise Refused("the arguments of %r are not literal values" % attribute)
        factory = getattr(mod, node.func.id, None)
        if factory is None:
            raise Refused("module %r has no %r" % (module, node.func.id))
        return factory(*args, **kwargs)
    target = mod
    for part in attribute.split("."):
        if not hasattr(target, part):
            raise Refused("module %r has no %r" % (module, attribute))
        target = getattr(target, part)
    return target


def describe(error):
    frames = []
    for f in traceback.extract_tb(error.__traceback__)[-8:]:
        if f.filename != "<string>" and "importlib" not in f.filename:
            frames.append("  at %s:%s in %s: %s" % (f.filename, f.lineno, f.name, (f.line or "").strip()))
    if isinstance(error, Refused):
        return str(error), []
    return "%s: %s" % (type(error).__name__, error), frames


def main():
    answer = os.fdopen(3, "w")
    request = json.load(sys.stdin)
    sys.argv = ["gsrv"]
    result = {"ok": False, "what": "", "error": "", "frames": [], "version": "Python " + sys.version.split()[0]}
    try:
        os.environ.update(request["environment"])
        if request["directory"]:
            os.chdir(request["directory"])
        for path in [os.getcwd()] + list(reversed(request["python_path"] or [])):
            sys.path.insert(0, path)
        app = find(request)
        if not callable(app):
            raise Refused("%r is a %s, which cannot be called" % (request["module"], type(app).__name__))
        result.update(ok=True, what=type(app).__name__)
    except SystemExit as e:
        result["error"] = "it called sys.exit(%r) while it was imported" % (e.code,)
    except BaseException as e:
        result["error"], result["frames"] = describe(e)
    json.dump(result, answer)
    answer.close()
    os._exit(0)


main()
