"""Creating a message: what Twilio refuses at once, and what it takes (docs/messaging/api/message-resource)."""

import secrets
from datetime import timedelta
from urllib.parse import urlsplit

from connectors.sandbox.clock import parse_iso
from connectors.sandbox.direct.phones import NUMBER
from connectors.sandbox.direct.records import API, SMS, WHATSAPP, Line, Template, Text, pair_of
from connectors.sandbox.direct.twilio import templates
from connectors.sandbox.direct.twilio.calls import Call
from connectors.sandbox.direct.twilio.errors import TwilioError
from connectors.sandbox.records import Json

MOST_FILES = 10
_SOONEST, _LATEST = timedelta(seconds=300), timedelta(days=35)


def new_sid(kind: str) -> str:
    """`SM`, `MM` or `ME` and 32 hexadecimal digits."""
    return kind + secrets.token_hex(16)


def create(call: Call) -> Text:
    """The message that the form asks for. Raises TwilioError."""
    to = call.one("To")
    if not to:
        raise TwilioError(21604)
    if not call.one("From") and not call.one("MessagingServiceSid"):
        raise TwilioError(21603)
    body, extra = _content(call)
    kind, number = _address(to)
    line, service = _sender(call, kind)
    _check_callback(call)
    _check_recipient(call, number, service.id if service else _sender_key(kind, line))
    now = call.world.clock.iso()
    text = Text(
        new_sid("MM" if extra.get("media_urls") else "SM"),
        kind,
        number,
        line.id,
        False,
        API,
        body,
        now,
        now,
        "queued",
    )
    text.extra = extra
    text.callback = call.one("StatusCallback") or (service.status_url if service else "")
    text.moves_at = call.world.clock.epoch() + call.world.settings.sending_seconds
    if service:
        text.service, text.state = service.id, "accepted"
    _schedule(call, text)
    call.world.put_text(text)
    return text


def _content(call: Call) -> tuple[str, Json]:
    """What is said: a text, files, or a template with its holes filled. Raises TwilioError."""
    body, urls, sid = call.one("Body"), call.all("MediaUrl"), call.one("ContentSid")
    if sid:
        template = call.world.store.get(Template, sid)
        if template is None:
            raise TwilioError(21655)
        words = templates.filled(template, call.one("ContentVariables"))
        return words, {"content_sid": sid, "buttons": templates.buttons_of(template)}
    if call.one("ContentVariables"):
        raise TwilioError(21654)
    if not body and not urls:
        raise TwilioError(21602)
    if len(body) > templates.MOST_LETTERS:
        raise TwilioError(21617)
    if len(urls) > MOST_FILES:
        raise TwilioError(21623)
    if not all(_is_url(url) for url in urls):
        raise TwilioError(21620)
    return body, {"media_urls": urls, "num_media": len(urls)} if urls else {}


def _address(text: str) -> tuple[str, str]:
    """Channel and number. Raises TwilioError."""
    kind, number = (WHATSAPP, text.removeprefix("whatsapp:")) if text.startswith("whatsapp:") else (SMS, text)
    if not NUMBER.fullmatch(number):
        raise TwilioError(21211)
    return kind, number


def _sender(call: Call, kind: str) -> tuple[Line, Line | None]:
    """Our number, and the service if one was named. Raises TwilioError."""
    store, service = call.world.store, None
    if sid := call.one("MessagingServiceSid"):
        service = store.get(Line, sid)
        if service is None or service.kind != "service":
            raise TwilioError(21705)
    if named := call.one("From"):
        sender_kind, number = _channel(named)
        line = store.get(Line, number)
        if line is None or line.kind != sender_kind or sender_kind != kind:
            raise TwilioError(21606)
        if service and line.service != service.id:
            raise TwilioError(21606)
        return line, service
    pool = store.find(Line, "service = ? AND kind = ?", (service.id if service else "", kind))
    if not pool:
        raise TwilioError(21703)
    return pool[0], service


def _channel(text: str) -> tuple[str, str]:
    return (WHATSAPP, text.removeprefix("whatsapp:")) if text.startswith("whatsapp:") else (SMS, text)


def _sender_key(kind: str, line: Line) -> str:
    """What a guest opts out of: the service that the number is in, or the number."""
    return line.service or f"{kind}:{line.id}"


def _check_callback(call: Call) -> None:
    """An absolute URL whose host has no underscore. Raises TwilioError."""
    url = call.one("StatusCallback")
    if url and (not _is_url(url) or "_" in (urlsplit(url).hostname or "")):
        raise TwilioError(21609)


def _check_recipient(call: Call, number: str, sender: str) -> None:
    """Not opted out, not a landline, nothing that the phone is marked with. Raises TwilioError."""
    phone = call.world.phones.reach(number)
    if phone.refuses_with:
        raise TwilioError(phone.refuses_with)
    if call.world.pair(pair_of(sender, number)).stopped:
        raise TwilioError(21610)
    if phone.landline:
        raise TwilioError(21614)


def _schedule(call: Call, text: Text) -> None:
    """`ScheduleType=fixed` with `SendAt`. Raises TwilioError."""
    if call.one("ScheduleType") != "fixed":
        return
    if not text.service:
        raise TwilioError(35117)
    try:
        at = parse_iso(call.one("SendAt"))
    except ValueError:
        raise TwilioError(35114) from None
    if not _SOONEST < at - call.world.clock.now() <= _LATEST:
        raise TwilioError(35115)
    text.state, text.moves_at = "scheduled", at.timestamp()


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)
