"""What a guest's message holds → a record
(https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from connectors.contract import phones, wire
from connectors.contract.direct import (
    Address,
    AddressKind,
    AddressMovedRecord,
    ChangeKind,
    Channel,
    DirectMessageRecord,
    DirectRecord,
    MessageChangeRecord,
)
from connectors.contract.records import AttachmentRecord, Direction
from connectors.contract.wire import Wire, first, obj, objects, text

FILES: Final = frozenset({"image", "video", "audio", "document", "sticker"})
MEDIA: Final = "media:"
"""A file has an id and no address; one is asked for when it is fetched."""
NOT_SHOWN: Final = "[This kind of message can't be shown here. Open WhatsApp to see it.]"
_NOT_SUPPORTED: Final = frozenset({"unsupported", "unknown"})
_SILENT: Final = frozenset({"request_welcome"})


def address_of(number: str, user_id: str = "", name: str = "") -> Address | None:
    """By number where it is shown, else by the id that stands for the person towards us."""
    if number:
        return Address(
            kind=AddressKind.PHONE, value=phones.from_digits(number) or f"+{number.lstrip('+')}", name=name
        )
    return Address(kind=AddressKind.WHATSAPP_USER, value=user_id, name=name) if user_id else None


def people_of(message: Wire, contacts: Sequence[Wire]) -> list[Address]:
    """The writer, then under which other ids the same person is known."""
    number, user_id = text(message.get("from")), text(message.get("from_user_id"))
    contact = _contact_of(number, user_id, contacts)
    name = text(obj(contact.get("profile")).get("name"))
    user_id = first(user_id, contact.get("user_id"))
    found = [address_of(number, name=name)]
    ids = wire.texts((user_id, message.get("from_parent_user_id"), contact.get("parent_user_id")))
    found += [address_of("", one, name) for one in ids]
    return [one for one in found if one is not None]


def _contact_of(number: str, user_id: str, contacts: Sequence[Wire]) -> Wire:
    for one in contacts:
        if (number and text(one.get("wa_id")) == number) or (user_id and text(one.get("user_id")) == user_id):
            return one
    return contacts[0] if len(contacts) == 1 else {}


def read_message(message: Wire, contacts: Sequence[Wire], ours: str) -> DirectRecord | str:
    """The record, or in words why it is none. `ours`: our number."""
    kind, at = text(message.get("type")), wire.epoch(message.get("timestamp"))
    people = people_of(message, contacts)
    if not text(message.get("id")) or not people:
        return "names no message or nobody"
    if text(message.get("group_id")):
        return "a group"
    if kind in _SILENT:
        return kind
    reader = _CHANGES.get(kind)
    if reader is not None:
        return reader(message, people, at) if at else "no time"
    return _utterance(message, kind, people, at, ours)


def read_echo(message: Wire, contacts: Sequence[Wire], ours: str) -> DirectRecord | str:
    """What somebody of ours wrote in the WhatsApp Business app."""
    guest = address_of(text(message.get("to")), text(message.get("to_user_id")))
    kind = text(message.get("type"))
    if guest is None or not text(message.get("id")) or kind in _CHANGES or kind in _SILENT:
        return f"echo of {kind or 'nothing'}"
    contact = _contact_of(text(message.get("to")), text(message.get("to_user_id")), contacts)
    named = Address(kind=guest.kind, value=guest.value, name=text(obj(contact.get("profile")).get("name")))
    at = wire.epoch(message.get("timestamp"))
    return _utterance(message, kind, [named], at, ours, Direction.OUTBOUND)


def _utterance(
    message: Wire,
    kind: str,
    people: Sequence[Address],
    at: datetime | None,
    ours: str,
    direction: Direction = Direction.INBOUND,
) -> DirectMessageRecord:
    known = kind in _WORDS or kind in FILES or kind in _NOT_SUPPORTED
    content = obj(message.get(kind))
    words = text(content.get("caption")) if kind in FILES else _WORDS.get(kind, _not_shown)(message)
    return DirectMessageRecord(
        external_id=text(message.get("id")),
        channel=Channel.WHATSAPP,
        guest=people[0],
        also=tuple(people[1:]),
        ours=ours,
        direction=direction,
        body_text=words,
        sent_at=at,
        attachments=_file(kind, content),
        unknown={} if known else {"type": kind},
        raw=message,
    )


def _file(kind: str, content: Wire) -> tuple[AttachmentRecord, ...]:
    media_id = text(content.get("id"))
    if kind not in FILES or not media_id:
        return ()
    return (
        AttachmentRecord(
            external_id=media_id,
            url=f"{MEDIA}{media_id}",
            name=text(content.get("filename")),
            mime_type=text(content.get("mime_type")).partition(";")[0].strip(),
        ),
    )


# --- words ---
def _not_shown(message: Wire) -> str:  # noqa: ARG001 - one shape for all kinds
    return NOT_SHOWN


def _text(message: Wire) -> str:
    body = obj(message.get("text")).get("body")
    return body if isinstance(body, str) else ""


def _place(message: Wire) -> str:
    place = obj(message.get("location"))
    name = ", ".join(wire.texts((place.get("name"), place.get("address"))))
    where = ", ".join(wire.texts((place.get("latitude"), place.get("longitude"))))
    return f"📍 {name} ({where})" if name else f"📍 {where}"


def _contacts(message: Wire) -> str:
    lines = []
    for one in objects(message.get("contacts")):
        numbers = [phone.get("phone") for phone in objects(one.get("phones"))]
        lines.append(", ".join(wire.texts((obj(one.get("name")).get("formatted_name"), *numbers))))
    return "\n".join(f"👤 {line}" for line in lines)


def _pressed(message: Wire) -> str:
    chosen = obj(message.get("interactive"))
    reply = obj(chosen.get(text(chosen.get("type"))))
    return first(reply.get("title"), reply.get("body"), reply.get("name"), NOT_SHOWN)


def _button(message: Wire) -> str:
    pressed = obj(message.get("button"))
    return first(pressed.get("text"), pressed.get("payload"))


def _order(message: Wire) -> str:
    return first(obj(message.get("order")).get("text"), NOT_SHOWN)


_WORDS: Final[dict[str, Callable[[Wire], str]]] = {
    "text": _text,
    "location": _place,
    "contacts": _contacts,
    "interactive": _pressed,
    "button": _button,
    "order": _order,
}


# --- changes ---
def _reaction(message: Wire, people: Sequence[Address], at: datetime) -> DirectRecord | str:
    told = obj(message.get("reaction"))
    return _change(told.get("message_id"), ChangeKind.REACTED, text(told.get("emoji")), message, people, at)


def _edit(message: Wire, people: Sequence[Address], at: datetime) -> DirectRecord | str:
    told = obj(message.get("edit"))
    new = obj(told.get("message"))
    kind = text(new.get("type"))
    words = text(obj(new.get(kind)).get("caption")) if kind in FILES else _text(new)
    return _change(told.get("original_message_id"), ChangeKind.EDITED, words, message, people, at)


def _revoke(message: Wire, people: Sequence[Address], at: datetime) -> DirectRecord | str:
    told = obj(message.get("revoke"))
    return _change(told.get("original_message_id"), ChangeKind.DELETED, "", message, people, at)


def _change(
    about: object, kind: ChangeKind, words: str, message: Wire, people: Sequence[Address], at: datetime
) -> DirectRecord | str:
    if not text(about):
        return "a change of nothing"
    return MessageChangeRecord(
        external_id=text(about),
        channel=Channel.WHATSAPP,
        guest=people[0],
        kind=kind,
        text=words,
        at=at,
        raw=message,
    )


def _system(message: Wire, people: Sequence[Address], at: datetime) -> DirectRecord | str:
    """A new number, or a new id of a person whose number we don't see."""
    told = obj(message.get("system"))
    kind = text(told.get("type"))
    pair: tuple[Address | None, Address | None] = (None, None)
    if kind == "user_changed_number":
        pair = (people[0], address_of(text(told.get("wa_id"))))
    elif kind == "user_changed_user_id":
        before = address_of("", text(told.get("previous_user_id")))
        pair = (before or people[0], address_of("", text(told.get("user_id"))))
    old, new = pair
    if old is None or new is None or old == new:
        return f"system: {kind}"
    return AddressMovedRecord(
        external_id=text(message.get("id")), channel=Channel.WHATSAPP, old=old, new=new, at=at, raw=message
    )


_CHANGES: Final[dict[str, Callable[[Wire, Sequence[Address], datetime], DirectRecord | str]]] = {
    "reaction": _reaction,
    "edit": _edit,
    "revoke": _revoke,
    "system": _system,
}
