"""The console's pages: static files over the control API."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

_FILES = Path(__file__).parent / "files"
_TYPES = {
    "console.html": "text/html; charset=utf-8",
    "console.css": "text/css; charset=utf-8",
    "icon.svg": "image/svg+xml",
    "main.js": "text/javascript; charset=utf-8",
    "dom.js": "text/javascript; charset=utf-8",
    "panels.js": "text/javascript; charset=utf-8",
    "direct.css": "text/css; charset=utf-8",
    "mail.html": "text/html; charset=utf-8",
    "mail.js": "text/javascript; charset=utf-8",
    "phones.html": "text/html; charset=utf-8",
    "phones.js": "text/javascript; charset=utf-8",
    "providers.js": "text/javascript; charset=utf-8",
}
_PAGES = {"/": "console.html", "/phones": "phones.html", "/mail": "mail.html"}
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; "
        "connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def routes() -> list[Route]:
    """The pages and their files."""
    return [*(Route(path, _page) for path in _PAGES), Route("/console/{name}", _file)]


async def _page(request: Request) -> Response:
    return _send(_PAGES[request.url.path])


async def _file(request: Request) -> Response:
    name = request.path_params["name"]
    return _send(name) if name in _TYPES else Response("not found", 404)


def _send(name: str) -> Response:
    return FileResponse(_FILES / name, media_type=_TYPES[name], headers=_HEADERS)
