"""The demo property's website at `/website`: what a guest sees, with Bellhop's chat widget in it."""

import html
import json
import re
from pathlib import Path
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from connectors.sandbox.records import Json, Setting
from connectors.sandbox.store import Store

_FILES = Path(__file__).parent / "files"
_PAGES = {"/website": "home.html", "/website/rooms": "rooms.html"}
_TYPES = {"site.css": "text/css", "site.js": "text/javascript", "harbour.svg": "image/svg+xml"}
_ROW = "website"
_DEFAULT: Json = {"bellhop": "http://127.0.0.1:8000", "key": "", "csp": ""}
_KEY = re.compile(r"[\w-]{0,100}")
_POLICY = (
    "default-src 'none'; script-src 'self' {bellhop}; frame-src {bellhop}; img-src 'self' {bellhop}; "
    "style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""What a strict site has to allow for the widget: its script, its frame, its pictures; nothing else."""


class Website:
    """The site. Which Bellhop it belongs to is kept in the store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def routes(self) -> list[Route]:
        """Pages, files, and the control of them."""
        return [
            *(Route(path, self._page) for path in _PAGES),
            Route("/website/{name}", _file),
            Route("/_control/website", self._get, methods=["GET"]),
            Route("/_control/website", self._put, methods=["PUT"]),
        ]

    def _settings(self) -> Json:
        row = self._store.get(Setting, _ROW)
        return _DEFAULT | (row.value if row else {})

    async def _page(self, request: Request) -> Response:
        settings = self._settings()
        text = (_FILES / _PAGES[request.url.path]).read_text(encoding="utf-8")
        for name in ("bellhop", "key"):
            text = text.replace("{{ " + name + " }}", html.escape(str(settings[name])))
        policy = str(settings["csp"] or _POLICY).replace("{bellhop}", str(settings["bellhop"]))
        headers = {
            "Content-Security-Policy": policy,
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        }
        return Response(text, media_type="text/html; charset=utf-8", headers=headers)

    async def _get(self, _: Request) -> Response:
        return JSONResponse(self._settings())

    async def _put(self, request: Request) -> Response:
        """`bellhop` (an origin), `key` of the widget, `csp` (another policy; `{bellhop}` stands for the origin)."""
        try:
            given = json.loads(await request.body())
            self._store.put(Setting(_ROW, self._settings() | _checked(given)))
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse(self._settings())


def _checked(given: object) -> Json:
    """Raises ValueError."""
    if not isinstance(given, dict) or not set(given) <= set(_DEFAULT):
        raise ValueError(f"the website has {', '.join(_DEFAULT)}")
    if not all(isinstance(value, str) and value.isprintable() for value in given.values()):
        raise ValueError("all are texts of one line")
    if "bellhop" in given:
        parts = urlsplit(given["bellhop"].rstrip("/"))
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path or parts.query:
            raise ValueError("bellhop is an origin such as http://127.0.0.1:8000")
        given["bellhop"] = f"{parts.scheme}://{parts.netloc}"
    if not _KEY.fullmatch(given.get("key", "")):
        raise ValueError("key has letters, digits, - and _")
    return given


async def _file(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in _TYPES:
        return Response("not found", 404)
    headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache"}
    return FileResponse(_FILES / name, media_type=_TYPES[name], headers=headers)
