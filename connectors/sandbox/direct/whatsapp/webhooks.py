"""What Meta posts: entries of changes of messages or statuses, escaped as PHP does (…/webhooks/reference)."""

import base64
import hashlib
import json
from collections.abc import Sequence

from connectors.sandbox.clock import parse_iso
from connectors.sandbox.direct import batches
from connectors.sandbox.direct.line_world import LineWorld
from connectors.sandbox.direct.records import Media, Phone, Template, Text
from connectors.sandbox.direct.whatsapp.errors import in_status
from connectors.sandbox.direct.whatsapp.house import CALLBACK, NUMBER, PHONE_NUMBER_ID, WABA_ID
from connectors.sandbox.records import Json

_WINDOW = 24 * 3600
_METADATA = {"display_phone_number": NUMBER[1:], "phone_number_id": PHONE_NUMBER_ID}


def escaped(value: object) -> str:
    """JSON with `\\uXXXX` for everything beyond ASCII and `\\/` for every slash."""
    return json.dumps(value, separators=(",", ":")).replace("/", "\\/")


def post(world: LineWorld, field: str, changes: Sequence[Json], event: str) -> None:
    """Owe one webhook with these values of one field, or add them to the batch that a fault is collecting."""
    entry: Json = {"id": WABA_ID, "changes": [{"value": value, "field": field} for value in changes]}
    if field != "messages":
        entry["time"] = int(world.clock.epoch())
    value = {"object": "whatsapp_business_account", "entry": [entry]}
    batches.owe(world, world.endpoint(CALLBACK), event, value, "entry", escaped)


def message_value(world: LineWorld, text: Text, phone: Phone) -> Json:
    """The value of a `messages` change with one message of a guest."""
    kind = str(text.extra.get("type", "text"))
    message: Json = {"from": phone.id[1:]} if not phone.hides_number else {"from_user_id": phone.user_id}
    message |= {"id": text.id, "timestamp": stamp(text.created_at), "type": kind}
    if not phone.hides_number:
        message["from_user_id"] = phone.user_id
    if quoted := text.extra.get("quotes"):
        message["context"] = {"from": NUMBER[1:], "id": quoted}
    message |= _content(world, text, kind)
    return _value() | {"contacts": [contact(phone)], "messages": [message]}


def _value() -> Json:
    return {"messaging_product": "whatsapp", "metadata": dict(_METADATA)}


def contact(phone: Phone) -> Json:
    """Who somebody is to us. Without a number where it is hidden."""
    profile = {"name": phone.name} | ({"username": phone.username} if phone.username else {})
    number = {} if phone.hides_number else {"wa_id": phone.id[1:]}
    return {"profile": profile} | number | {"user_id": phone.user_id}


def stamp(instant: str) -> str:
    """Unix seconds, as a text."""
    return str(int(parse_iso(instant).timestamp()))


def _content(world: LineWorld, text: Text, kind: str) -> Json:
    if kind == "text":
        return {"text": {"body": text.body}}
    if kind == "unsupported":
        return {"errors": [in_status(131051)]}
    if kind in text.extra:
        return {kind: text.extra[kind]}
    media = world.media_of(text)
    return {kind: _media(media[0], text.body, kind)} if media else {}


def _media(row: Media, caption: str, kind: str) -> Json:
    digest = base64.b64encode(hashlib.sha256(row.data).digest()).decode()
    value: Json = {"mime_type": row.mime, "sha256": digest, "id": row.id}
    if caption and kind not in ("audio", "sticker"):
        value["caption"] = caption
    if kind == "document":
        value["filename"] = row.filename or "file"
    if kind == "audio":
        value["voice"] = True
    return value


def status(world: LineWorld, text: Text, phone: Phone) -> None:
    """Tell our side what has become of a message."""
    by_user = bool(text.extra.get("by_user_id"))
    row: Json = {"id": text.id, "status": text.state, "timestamp": stamp(world.clock.iso())}
    row["recipient_id"] = phone.user_id if by_user else phone.id[1:]
    if opaque := text.extra.get("opaque"):
        row["biz_opaque_callback_data"] = opaque
    value = _value()
    if text.state == "failed":
        row["errors"] = [in_status(text.error)]
    else:
        row["recipient_user_id"] = phone.user_id
        value["contacts"] = [contact(phone)]
    if text.state in ("sent", "delivered"):
        row["pricing"] = text.extra["pricing"]
    if text.state == "sent" and int(text.extra["version"]) < 24:
        row["conversation"] = _conversation(world, text)
        value.pop("contacts")
        row.pop("recipient_user_id")
    value["statuses"] = [row]
    post(world, "messages", [value], f"status.{text.state}")


def _conversation(world: LineWorld, text: Text) -> Json:
    """Until v23 a status names the conversation that is charged."""
    key = hashlib.sha256(f"{text.phone}{text.extra['pricing']['category']}".encode()).hexdigest()[:32]
    ends = str(int(world.clock.epoch()) + _WINDOW)
    return {"id": key, "expiration_timestamp": ends, "origin": {"type": text.extra["pricing"]["category"]}}


def inbound(world: LineWorld, text: Text, phone: Phone) -> None:
    """Tell our side that a guest wrote."""
    post(world, "messages", [message_value(world, text, phone)], "message")


def preference(world: LineWorld, phone: Phone, value: str) -> None:
    """The guest stopped, or resumed, marketing messages."""
    verb = "stop" if value == "stop" else "resume"
    row: Json = {"detail": f"User requested to {verb} marketing messages", "category": "marketing_messages"}
    row |= {"wa_id": phone.id[1:], "value": value, "timestamp": int(world.clock.epoch())}
    change = _value() | {"contacts": [contact(phone)], "user_preferences": [row]}
    post(world, "user_preferences", [change], "user_preferences")


def number_changed(world: LineWorld, old: Phone, new: Phone, key: str) -> None:
    """The guest has another number now."""
    body = f"User {old.name} changed from {old.id[1:]} to {new.id[1:]}"
    system = {"body": body, "wa_id": new.id[1:], "type": "user_changed_number"}
    message = {
        "from": old.id[1:],
        "id": key,
        "timestamp": stamp(world.clock.iso()),
        "system": system,
        "type": "system",
    }
    post(world, "messages", [_value() | {"messages": [message]}], "message")


def template_status(world: LineWorld, template: Template, event: str, reason: str) -> None:
    """A template was reviewed, paused, disabled …"""
    value: Json = {
        "event": event,
        "message_template_id": int(template.id),
        "message_template_name": template.name,
        "message_template_language": template.language,
        "reason": reason,
        "message_template_category": template.category,
    }
    post(world, "message_template_status_update", [value], "message_template_status_update")


def template_category(world: LineWorld, template: Template, previous: str) -> None:
    """Meta moved a template into another category."""
    value: Json = {
        "message_template_id": int(template.id),
        "message_template_name": template.name,
        "message_template_language": template.language,
        "previous_category": previous,
        "new_category": template.category,
    }
    post(world, "template_category_update", [value], "template_category_update")


def account_error(world: LineWorld, code: int) -> None:
    """Something is wrong with the account, not with a message."""
    post(world, "messages", [_value() | {"errors": [in_status(code)]}], "account_error")
