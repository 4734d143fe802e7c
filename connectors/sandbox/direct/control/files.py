"""Files of messages and mails for the console. Nothing of them may run in its pages."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from connectors.sandbox.control.requests import ControlError
from connectors.sandbox.direct.control import mail, phones
from connectors.sandbox.direct.control.asks import TownAsk
from connectors.sandbox.direct.mail.office import parsed
from connectors.sandbox.direct.mail.writing import html_of
from connectors.sandbox.direct.town import Town
from connectors.sandbox.store import MissingError

_INLINE = ("image/jpeg", "image/png", "image/gif", "image/webp", "audio/", "video/")
_ISOLATED = "{sandbox}; default-src 'none'; style-src 'unsafe-inline'; img-src data: {address}; frame-ancestors 'self'"
_SANDBOX = "sandbox allow-popups allow-popups-to-escape-sandbox"
"""Links open in a window of their own."""
Deed = Callable[[TownAsk], Response]


def file_routes(town: Town) -> list[BaseRoute]:
    """Pictures of texts; mails as bytes, as HTML, and their files."""
    made: tuple[tuple[str, Deed], ...] = (
        ("/_control/phones/media/{provider}/{id}", _media),
        ("/_control/mail/letters/{id}/raw", _raw),
        ("/_control/mail/letters/{id}/html", _html),
        ("/_control/mail/letters/{id}/files/{number:int}", _attachment),
    )
    return [Route(path, _endpoint(town, deed)) for path, deed in made]


def _endpoint(town: Town, deed: Deed) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            return deed(TownAsk(town, request.path_params, request.query_params, {}))
        except (MissingError, ControlError, IndexError) as error:
            return JSONResponse({"error": str(error)}, 404)

    return endpoint


def _file(mime: str, data: bytes) -> Response:
    headers = {"X-Content-Type-Options": "nosniff"}
    if not mime.startswith(_INLINE):
        headers["Content-Disposition"] = "attachment"
    return Response(data, media_type=mime, headers=headers)


def _media(ask: TownAsk) -> Response:
    row = phones.media(ask)
    return _file(row.mime, row.data)


def _raw(ask: TownAsk) -> Response:
    _, data = mail.letter_of(ask, ask.params["id"])
    return Response(
        data, media_type="text/plain; charset=utf-8", headers={"X-Content-Type-Options": "nosniff"}
    )


def _html(ask: TownAsk) -> Response:
    """Without scripts, forms, or anything from elsewhere."""
    row, data = mail.letter_of(ask, ask.params["id"])
    message = parsed(data)
    text = f'<base target="_blank">{html_of(message)}'
    for number, part in enumerate(mail.attachments(message)):
        if key := str(part.get("Content-ID", "")).strip("<>"):
            text = text.replace(f"cid:{key}", f"/_control/mail/letters/{row.id}/files/{number}")
    address = ask.town.twilio.address
    headers = {
        "Content-Security-Policy": _ISOLATED.format(sandbox=_SANDBOX, address=address),
        "X-Content-Type-Options": "nosniff",
    }
    return Response(text, media_type="text/html; charset=utf-8", headers=headers)


def _attachment(ask: TownAsk) -> Response:
    _, data = mail.letter_of(ask, ask.params["id"])
    part = mail.attachments(parsed(data))[int(ask.params["number"])]
    content = part.get_payload(decode=True)
    return _file(part.get_content_type(), content if isinstance(content, bytes) else b"")
