"""Conversations and posts → records. A post names its module in an object, a webhook in a string; both are
read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from connectors.contract import wire
from connectors.contract.records import (
    AttachmentRecord,
    AuthorKind,
    ConversationRecord,
    Direction,
    MessageRecord,
    NoteRecord,
)
from connectors.contract.text import html_to_text
from connectors.contract.wire import Wire, first, identifier, obj, text
from connectors.pms.guesty.words import CHANNELS, FROM_GUEST, FROM_HOST, LOGGED, SOURCES, STORED_ONLY


def read_conversation(data: Wire) -> ConversationRecord:
    """A conversation as listed or as it rides in a message event (other names, same thing)."""
    meta = obj(data.get("meta"))
    guest = obj(meta.get("guest"))
    platform = first(
        obj(data.get("integration")).get("platform"), obj(meta.get("integration")).get("platform")
    )
    kind = first(data.get("conversationWith"), data.get("type"), "guest")
    changed = first(data.get("lastModifiedAt"), data.get("modifiedAt"), data.get("updatedAt"))
    unknown = {} if kind.lower() in {"guest", "owner"} else {"conversationWith": kind}
    if platform and platform.lower() not in SOURCES:
        unknown["integration.platform"] = platform
    return ConversationRecord(
        external_id=identifier(data),
        version=wire.version(changed),
        is_guest=kind.lower() == "guest",
        guest_id=first(data.get("guestId"), guest.get("_id")) or None,
        guest_name=first(meta.get("guestName"), guest.get("fullName")),
        reservation_ids=wire.texts(identifier(entry) for entry in wire.objects(meta.get("reservations"))),
        channel=SOURCES.get(platform.lower(), "other" if platform else ""),
        channel_raw=platform,
        language=first(data.get("language"), obj(data.get("internal")).get("language")) or None,
        subject=text(data.get("subject")),
        changed_at=wire.instant(changed),
        unknown=unknown,
        raw=data,
    )


def read_post(
    data: Wire,
    conversation_id: str,
    *,
    reservation_id: str | None = None,
    guest_name: str = "",
    author: AuthorKind | None = None,
    sent_at: datetime | None = None,
) -> MessageRecord | NoteRecord | None:
    """A post or a webhook's message. None for system and log lines, and for what has no id or no time.

    `author` and `sent_at` serve where the post itself doesn't tell.
    """
    author = author_of(data) or author
    external_id = first(data.get("postId"), data.get("_id"))
    moment = wire.instant(data.get("createdAt")) or sent_at
    if author is None or author is AuthorKind.SYSTEM or not external_id or moment is None:
        return None
    name = text(obj(data.get("from")).get("fullName")) or (guest_name if author is AuthorKind.GUEST else "")
    told: Any = data.get("body")
    body = told if isinstance(told, str) else ""
    if module_of(data).lower() == STORED_ONLY:
        return NoteRecord(
            external_id=external_id,
            conversation_id=conversation_id,
            reservation_id=reservation_id,
            author_name=name,
            body_text=html_to_text(body),
            written_at=moment,
            raw=data,
        )
    return MessageRecord(
        external_id=external_id,
        conversation_id=conversation_id,
        reservation_id=reservation_id,
        direction=Direction.INBOUND if author is AuthorKind.GUEST else Direction.OUTBOUND,
        author_kind=author,
        author_name=name,
        body_text=html_to_text(body),
        body_html=body if html_to_text(body) != body else "",
        sent_at=moment,
        attachments=_attachments(data.get("attachments")),
        raw=data,
        **_channel(module_of(data)),
    )


def _channel(module: str) -> dict[str, Any]:
    """Our word for the module; unknown ones are "other" and reported."""
    known = module.lower() in CHANNELS
    return {
        "channel": CHANNELS.get(module.lower(), "other" if module else ""),
        "channel_raw": module,
        "unknown": {"module": module} if module and not known else {},
    }


def author_of(data: Wire) -> AuthorKind | None:
    """Who wrote it; None where nothing is told. Never US: no payload of Guesty proves that we did.

    Posts say `sentBy`, the answer to a send only `from.type: user`, webhooks `type`.
    """
    if module_of(data).lower() == LOGGED:
        return AuthorKind.SYSTEM
    if kind := text(data.get("type")).lower():
        if kind in FROM_GUEST:
            return AuthorKind.GUEST
        return AuthorKind.STAFF if kind in FROM_HOST else AuthorKind.SYSTEM
    told = first(data.get("sentBy"), obj(data.get("from")).get("type")).lower()
    if not told:
        return None
    words = {"guest": AuthorKind.GUEST, "host": AuthorKind.STAFF, "user": AuthorKind.STAFF}
    return words.get(told, AuthorKind.SYSTEM)


def module_of(data: Wire) -> str:
    """The module's type: a string in webhooks, an object in posts."""
    module: Any = data.get("module")
    return text(module.get("type")) if isinstance(module, Mapping) else text(module)


def _attachments(values: Any) -> tuple[AttachmentRecord, ...]:
    """Guesty documents no shape for attachments: what looks like one is taken, under the names its tasks
    use."""
    found = []
    for entry in values if isinstance(values, list) else []:
        data = obj(entry) or ({"url": entry} if isinstance(entry, str) else {})
        url = text(data.get("url"))
        if not url and not identifier(data):
            continue
        found.append(
            AttachmentRecord(
                external_id=first(identifier(data), url),
                name=first(data.get("title"), data.get("name"), data.get("fileName")),
                url=url,
                mime_type=first(data.get("mimetype"), data.get("mimeType"), data.get("contentType")),
                size=wire.integer(data.get("size")),
            )
        )
    return tuple(found)
