"""Finds the application: MODULE:ATTRIBUTE and MODULE:FACTORY(...) as gunicorn, a file's path as uWSGI, Paste Deploy."""
import ast
import importlib
import importlib.util
import inspect
import os
import sys


class AppImportError(Exception):
    """The application is not there, or not an application; the message says all."""


def load(app):
    """app: {"name": ..., "paste": path or "", "paste_name": ..., "paste_globals": {...}}."""
    if app.get("paste"):
        return load_paste(app)
    return load_module(app["name"])


def load_paste(app):
    try:
        from paste.deploy import loadapp
    except ImportError:
        raise AppImportError(
            "Paste Deploy is not installed for %s: pip install PasteDeploy" % sys.executable
        )
    uri = app["paste"]
    if ":" not in uri:
        uri = "config:" + uri
    # What the file says of logging holds for the application, as it does for gunicorn; where logging is set up already
    # that has been done.
    path = uri[len("config:") :].partition("#")[0]
    if uri.startswith("config:") and not app.get("logging"):
        configure_logging(os.path.join(os.getcwd(), path), app.get("paste_globals") or {})
    return loadapp(
        uri,
        name=app.get("paste_name") or None,
        relative_to=os.getcwd(),
        global_conf=app.get("paste_globals") or None,
    )


def configure_logging(path, defaults):
    import configparser
    import logging.config

    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.read([path])
    if parser.has_section("loggers"):
        defaults = dict(defaults, __file__=path, here=os.path.dirname(path))
        logging.config.fileConfig(path, defaults=defaults, disable_existing_loggers=False)


def load_module(name):
    module, colon, expression = name.partition(":")
    expression = expression if colon else "application"
    if "/" in module:
        mod = import_file(module)
    else:
        try:
            mod = importlib.import_module(module)
        except ImportError as e:
            # Django's WSGI_APPLICATION is written package.module.attribute.
            package, _, last = module.rpartition(".")
            if not colon and package and isinstance(e, ModuleNotFoundError) and e.name == module:
                app = getattr(importlib.import_module(package), last, None)
                if callable(app):
                    return app
            if module.endswith(".py") and os.path.exists(module):
                raise AppImportError(
                    "Failed to find application, did you mean '%s:%s'?"
                    % (module.rsplit(".", 1)[0], expression)
                )
            raise
    attribute, args, kwargs = parse(expression)
    app = mod
    for part in attribute.split("."):
        try:
            app = getattr(app, part)
        except AttributeError:
            raise AppImportError("Failed to find attribute %r in %r." % (attribute, module))
    if args is not None:
        try:
            app = app(*args, **kwargs)
        except TypeError as e:
            if called_wrongly(app):
                raise AppImportError("%s: %s" % (e.__class__.__name__, e))
            raise
    if app is None:
        raise AppImportError("Failed to find application object: %r" % expression)
    if not callable(app):
        raise AppImportError("Application object must be callable: %r is a %s" % (expression, type(app).__name__))
    return app


def import_file(path):
    path = os.path.abspath(path)
    name = os.path.splitext(os.path.basename(path))[0]
    if not os.path.exists(path):
        raise AppImportError("There is no file %s." % path)
    spec = importlib.util.spec_from_loader(
        name, importlib.machinery.SourceFileLoader(name, path), origin=path
    )
    spec.has_location = True
    mod = importlib.util.module_from_spec(spec)
    mod.__file__ = path
    sys.modules[name] = mod
    spec.loader.exec_module(mod)
    return mod


def parse(expression):
    """NAME, NAME.NAME, or NAME(literals); args is None where nothing is called."""
    wrong = AppImportError(
        "Failed to parse %r as an attribute name or function call." % expression
    )
    try:
        node = ast.parse(expression.strip(), mode="eval").body
    except SyntaxError:
        raise wrong
    args = kwargs = None
    if isinstance(node, ast.Call):
        if not isinstance(node.func, ast.Name):
            raise AppImportError("Function reference must be a simple name: %r" % expression)
        try:
            args = [ast.literal_eval(arg) for arg in node.args]
            kwargs = {kw.arg: ast.literal_eval(kw.value) for kw in node.keywords}
        except ValueError:
            raise AppImportError("Failed to parse arguments as literal values: %r" % expression)
        node = node.func
    names = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        raise wrong
    names.append(node.id)
    return ".".join(reversed(names)), args, kwargs


def called_wrongly(f):
    """Whether the TypeError at hand is of the call itself, not of something inside the factory."""
    tb = sys.exc_info()[2]
    try:
        while tb is not None:
            if tb.tb_frame.f_code is getattr(inspect.unwrap(f), "__code__", None):
                return False
            tb = tb.tb_next
        return True
    finally:
        del tb
