"""`POST /{phone number id}/messages`: what is refused at once, and what is accepted."""

import base64
import re
import secrets
from dataclasses import dataclass, field

from connectors.sandbox.direct.phones import NUMBER
from connectors.sandbox.direct.records import API, WHATSAPP, Media, Phone, Template, Text, pair_of
from connectors.sandbox.direct.whatsapp.calls import Call, needed, version_of
from connectors.sandbox.direct.whatsapp.errors import GraphError
from connectors.sandbox.direct.whatsapp.house import NUMBER as OURS
from connectors.sandbox.records import Json
from connectors.sandbox.store import MissingError

WINDOW = 24 * 3600.0
FILES = ("image", "video", "audio", "document", "sticker")
_MOST_LETTERS, _MOST_OPAQUE, _MOST_BUTTONS = 4096, 512, 3
_HOLE = re.compile(r"\{\{(\w+)\}\}")
_UNFIT = re.compile(r"[\n\t]| {5,}")
_BARRED = {"PAUSED": 132015, "DISABLED": 132016}


@dataclass
class _Said:
    """What a message says, read from the call."""

    body: str
    extra: Json = field(default_factory=dict)
    category: str = "service"


def new_id() -> str:
    """`wamid.` and base64, slashes and padding included."""
    return "wamid." + base64.b64encode(b"\x1c\x18\x0b" + secrets.token_bytes(37)).decode()


def post(call: Call) -> Json:
    """A message, or that one was read. Raises GraphError."""
    if call.body.get("messaging_product") != "whatsapp":
        raise GraphError(100, "The parameter messaging_product is required.")
    if call.body.get("status") == "read":
        return _read(call)
    phone, input_ = _recipient(call)
    kind = str(call.body.get("type", "text"))
    said = _said(call, kind)
    if phone.refuses_with:
        raise GraphError(phone.refuses_with)
    text = _text(call, phone, kind, said)
    text.extra["by_user_id"] = "to" not in call.body
    with call.world.store.tx():
        call.world.put_text(text)
        if media := text.extra.get("media_id"):
            _attach(call, text, str(media))
    contact = {"input": input_} | (
        {"user_id": phone.user_id} if text.extra["by_user_id"] else {"wa_id": phone.id[1:]}
    )
    message = {"id": text.id} | ({"message_status": "accepted"} if kind == "template" else {})
    return {"messaging_product": "whatsapp", "contacts": [contact], "messages": [message]}


def _recipient(call: Call) -> tuple[Phone, str]:
    """Whose phone it goes to, and how the call named it; `to` wins over `recipient`. Raises GraphError."""
    if call.body.get("to"):
        to = str(call.need("to"))
        number = "+" + to.removeprefix("+")
        if not NUMBER.fullmatch(number):
            raise GraphError(131009, "Parameter to is not valid")
        if number == OURS:
            raise GraphError(131021)
        return call.world.phones.reach(number), to
    user = str(call.need("recipient"))
    try:
        return call.world.phones.of_user(user), user
    except MissingError:
        raise GraphError(131009, "Parameter recipient is not valid") from None


def _text(call: Call, phone: Phone, kind: str, said: _Said) -> Text:
    now, epoch = call.world.clock.iso(), call.world.clock.epoch()
    text = Text(new_id(), WHATSAPP, phone.id, OURS, False, API, said.body, now, now, "accepted")
    text.moves_at = epoch + call.world.settings.sending_seconds
    text.extra = {"type": kind, "version": version_of(call.params["version"]), **said.extra}
    text.extra["pricing"] = _pricing(said.category, open_window=window_is_open(call, phone))
    opaque = call.body.get("biz_opaque_callback_data")
    if opaque is not None:
        if not isinstance(opaque, str) or len(opaque) > _MOST_OPAQUE:
            raise GraphError(131009, "Parameter biz_opaque_callback_data is not valid")
        text.extra["opaque"] = opaque
    context = call.body.get("context")
    if isinstance(context, dict):
        text.extra["quotes"] = needed(context, "message_id")
    return text


def window_is_open(call: Call, phone: Phone) -> bool:
    """Whether the guest wrote within 24 hours."""
    wrote_at = call.world.pair(pair_of(OURS, phone.id)).wrote_at
    return wrote_at is not None and call.world.clock.epoch() - wrote_at < WINDOW


def _pricing(category: str, *, open_window: bool) -> Json:
    free = category == "service" or (category == "utility" and open_window)
    kind = "free_customer_service" if free else "regular"
    return {"billable": not free, "pricing_model": "PMP", "type": kind, "category": category}


def _said(call: Call, kind: str) -> _Said:
    if kind == "text":
        body = str(needed(call.need("text", dict), "body"))
        if len(body) > _MOST_LETTERS:
            raise GraphError(131009, f"Param text['body'] must be at most {_MOST_LETTERS} characters long.")
        return _Said(body)
    if kind == "template":
        return _template(call)
    if kind in FILES:
        return _file(call, kind)
    if kind == "reaction":
        value = call.need(kind, dict)
        needed(value, "message_id")
        return _Said(str(value.get("emoji", "")), {kind: value})
    if kind == "interactive":
        return _interactive(call.need(kind, dict))
    if kind == "location":
        value = call.need(kind, dict)
        return _Said(str(value.get("name", "")), {kind: value})
    if kind == "contacts":
        return _Said("", {kind: call.need(kind, list)})
    raise GraphError(131051 if kind in ("order", "system") else 131009, "Parameter type is not valid")


def _interactive(value: Json) -> _Said:
    body = str(needed(needed(value, "body", dict), "text"))
    action = needed(value, "action", dict)
    buttons = [str(button.get("reply", {}).get("title", "")) for button in action.get("buttons", [])]
    if len(buttons) > _MOST_BUTTONS or len(body) > 1024:
        raise GraphError(131009, "Parameter interactive is not valid")
    return _Said(body, {"interactive": value, "buttons": buttons})


def _file(call: Call, kind: str) -> _Said:
    """A file by the id of an upload, or by a link that is fetched later. Raises GraphError."""
    value = call.need(kind, dict)
    said = _Said(str(value.get("caption", "")), {"filename": str(value.get("filename", ""))})
    if link := value.get("link"):
        said.extra["media_urls"] = [str(link)]
    elif call.world.store.get(Media, str(needed(value, "id"))) is None:
        raise GraphError(131009, "Media id is not valid")
    else:
        said.extra["media_id"] = str(value["id"])
    return said


def _attach(call: Call, text: Text, key: str) -> None:
    """The upload may be sent again, so the message has a copy."""
    row = call.world.store.need(Media, key)
    name = str(text.extra.get("filename") or row.filename)
    copy = Media(new_media_id(), text.id, row.mime, name, row.data, text.created_at)
    call.world.store.put(copy)


def new_media_id() -> str:
    """A number of 16 digits."""
    return str(secrets.randbelow(9 * 10**15) + 10**15)


def _template(call: Call) -> _Said:
    """An approved template with its holes filled. Raises GraphError."""
    value = call.need("template", dict)
    name, language = str(needed(value, "name")), str(needed(needed(value, "language", dict), "code"))
    found = call.world.store.find(Template, "name = ? AND language = ?", (name, language))
    if found and found[0].status in _BARRED:
        raise GraphError(_BARRED[found[0].status])
    if not found or found[0].status != "APPROVED":
        raise GraphError(132001, f"template name ({name}) does not exist in {language}")
    template = found[0]
    given = {
        str(part.get("type", "")).lower(): part.get("parameters", []) for part in value.get("components", [])
    }
    lines = [
        _filled(str(part["text"]), given.get(str(part["type"]).lower(), []))
        for part in template.components
        if "text" in part
    ]
    return _Said("\n".join(lines), {"template": template.name}, template.category.lower())


def _filled(words: str, parameters: list[Json]) -> str:
    names = _HOLE.findall(words)
    if len(parameters) != len(names):
        raise GraphError(
            132000, f"body: number of localizable_params ({len(parameters)}) does not match {len(names)}"
        )
    values = {
        str(part.get("parameter_name", names[place])): _shown(part) for place, part in enumerate(parameters)
    }
    if set(values) != set(names) or any(not value or _UNFIT.search(value) for value in values.values()):
        raise GraphError(132018)
    return _HOLE.sub(lambda hole: values[hole[1]], words)


def _shown(part: Json) -> str:
    kind = str(part.get("type", "text"))
    value = part.get(kind, "")
    return str(value.get("fallback_value", "")) if isinstance(value, dict) else str(value)


def _read(call: Call) -> Json:
    """The house has read this message of the guest, and all before it. Raises GraphError."""
    key = str(call.need("message_id"))
    text = call.world.store.get(Text, key)
    if text is None or not text.inbound:
        raise GraphError(131009, "Parameter message_id is not valid")
    with call.world.store.tx():
        for row in call.world.store.find(
            Text,
            "phone = ? AND inbound = 1 AND read_at IS NULL AND created_at <= ?",
            (text.phone, text.created_at),
        ):
            row.read_at = call.world.clock.iso()
            call.world.put_text(row)
        if isinstance(call.body.get("typing_indicator"), dict):
            text = call.world.text(key)
            text.extra["typing_at"] = call.world.clock.iso()
            call.world.put_text(text)
    return {"success": True}
