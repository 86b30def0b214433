"""A Pyramid application as the framework's templates make it: routes, a session, forms with tokens, uploads, a static view."""
import hashlib
import logging

from pyramid.config import Configurator
from pyramid.csrf import get_csrf_token
from pyramid.httpexceptions import HTTPFound, HTTPNotFound
from pyramid.response import FileResponse, Response
from pyramid.session import SignedCookieSessionFactory

log = logging.getLogger(__name__)


def home(request):
    log.info("home of %s", request.registry.settings["greeting"])
    return {"greeting": request.registry.settings["greeting"], "url": request.url, "client": request.client_addr}


def basket(request):
    session = request.session
    if request.method == "POST":
        session["items"] = session.get("items", []) + [request.POST["item"]]
        return HTTPFound(request.route_url("basket"))
    return {"items": session.get("items", []), "token": get_csrf_token(request)}


def upload(request):
    f = request.POST["file"]
    data = f.file.read()
    return Response("%s %d %s" % (f.filename, len(data), hashlib.sha256(data).hexdigest()))


def stream(request):
    return Response(app_iter=(b"line %d\n" % i for i in range(1000)), content_type="text/plain")


def manual(request):
    return FileResponse(__file__, request=request, content_type="text/plain")


def fails(request):
    raise ValueError("the shop is closed")


def missing(request):
    request.response.status = 404
    return {"missing": request.path}


def main(global_config, **settings):
    with Configurator(settings=settings) as config:
        config.set_session_factory(SignedCookieSessionFactory(settings["session.secret"]))
        config.set_default_csrf_options(require_csrf=True)
        for name, path, view, renderer, csrf in (
            ("home", "/", home, "json", False),
            ("basket", "/basket", basket, "json", True),
            ("upload", "/upload", upload, None, False),
            ("stream", "/stream", stream, None, False),
            ("manual", "/manual", manual, None, False),
            ("fails", "/fails", fails, None, False),
        ):
            config.add_route(name, path)
            config.add_view(view, route_name=name, renderer=renderer, require_csrf=csrf)
        config.add_static_view("static", "shop:static")
        config.add_notfound_view(missing, renderer="json")
        return config.make_wsgi_app()
