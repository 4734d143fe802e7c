"""What a visitor writes and reads. What they write is committed to the journal before they are answered (invariant 1),
then processed like every webhook; what they read is what left for them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.core import signing
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from bellhop.core import clock, files
from bellhop.core.file_types import FileRefused, is_picture, safe_name
from bellhop.core.throttle import Limit, count
from connectors.channels.webchat import MAX_FILE, MAX_FILES, MAX_TEXT
from connectors.contract.direct import Channel, Delivery, DeliveryReport
from connectors.inbound import local
from connectors.models import DeliveryState, WebhookDelivery
from connectors.outbound import settle
from inbox.models import (
    Attachment,
    ChatVisitor,
    Destination,
    Direction,
    FileState,
    Message,
    Receipt,
    ReceiptState,
)
from inbox.services.chat import visitors

NEWEST: Final = 30
MOST: Final = 200
FILE_LINK_S: Final = 3_600
UPLOAD_KEPT_DAYS: Final = 7
# What one visitor, one widget and one network may do.
MESSAGES: Final = {"visitor": Limit(30, 60), "peer": Limit(90, 60), "widget": Limit(600, 60)}
UPLOADS: Final = {"visitor": Limit(20, 600), "peer": Limit(60, 600), "widget": Limit(300, 600)}
STARTS: Final = {"peer": Limit(20, 3_600), "widget": Limit(600, 3_600)}
CHECKS: Final = {"peer": Limit(60, 3_600)}

_ID = re.compile(r"[0-9a-fA-F-]{32,36}$")
ARRIVED = (ReceiptState.SENT, ReceiptState.DELIVERED, ReceiptState.READ)
_uploads = signing.Signer(salt="inbox.chat.upload")


class ChatRefused(Exception):
    """It isn't taken; the text says why, in the visitor's words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a visitor sends. `client_id`: made by their browser, the same for the same message however often it is sent;
    `uploads` as `upload` gave them."""

    client_id: str
    text: str = ""
    uploads: tuple[str, ...] = ()
    url: str = ""
    title: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A message as its reader sees it. `key` tells it from others, `client_id` what their browser sent."""

    key: str
    client_id: str
    mine: bool
    name: str
    text: str
    at: str
    channel: str
    files: list[dict[str, Any]] = field(default_factory=list)
    receipt: str = ""


def may(what: str, limits: dict[str, Limit], **who: str) -> None:
    """Count one of `what` for each of `who` (visitor, peer's network, widget). Raises TooOften."""
    for kind, limit in limits.items():
        if name := who.get(kind):
            count(f"chat:{what}:{kind}:{name}", limit)


def write(visitor: ChatVisitor, said: Said, peer: str = "") -> None:
    """Keep a message; it is in the journal when this returns. Twice is the same as once. Raises ChatRefused."""
    text = said.text.strip()
    if not _ID.match(said.client_id):
        raise ChatRefused(_("This message can't be read."))
    if not text and not said.uploads:
        raise ChatRefused(_("There is nothing to send yet."))
    if len(text) > MAX_TEXT:
        raise ChatRefused(
            _("A message has at most %(most)d characters; this has %(length)d.")
            % {"most": MAX_TEXT, "length": len(text)}
        )
    if len(said.uploads) > MAX_FILES:
        raise ChatRefused(_("A message holds at most %(n)d files.") % {"n": MAX_FILES})
    uploads = [_read_upload(visitor, token) for token in said.uploads]
    files.keep_unused([one["key"] for one in uploads], days=UPLOAD_KEPT_DAYS)
    visitors.note_page(visitor, said.url, said.title, said.language)
    told = {
        "id": said.client_id.lower(),
        "at": clock.now().isoformat(),
        "visitor": visitor.public_id,
        "name": visitors.shown_name(visitor),
        "text": text.replace("\x00", ""),
        "files": uploads,
        "page": {"url": visitor.page_url, "title": visitor.page_title},
        "email": visitor.email,
        "phone": visitor.phone,
        "verified": visitor.verified_by,
    }
    local.keep(visitor.widget.connection, f"{visitor.public_id}:{said.client_id.lower()}", told, peer)


def upload(visitor: ChatVisitor, content: bytes, name: str) -> str:
    """Keep a file for the message to come. Returns what the message names it by. Raises ChatRefused. No transaction may
    be open."""
    if len(content) > MAX_FILE:
        raise ChatRefused(_("A file has at most %(n)d MB.") % {"n": MAX_FILE // 1_000_000})
    try:
        kept = files.keep(content, name)
    except FileRefused as refused:
        raise ChatRefused(refused.words) from refused
    if not _is_taken(kept.mime_type):
        raise ChatRefused(_("Images, PDF, sound, film and plain text are taken here."))
    shown = {
        "key": kept.key,
        "name": safe_name(name, kept.mime_type),
        "type": kept.mime_type,
        "size": kept.size,
    }
    return _uploads.sign_object({**shown, "visitor": visitor.public_id})


def _is_taken(mime_type: str) -> bool:
    return mime_type in {"application/pdf", "text/plain"} or mime_type.split("/", maxsplit=1)[0] in {
        "image",
        "audio",
        "video",
    }


def _read_upload(visitor: ChatVisitor, token: str) -> dict[str, Any]:
    try:
        told: dict[str, Any] = _uploads.unsign_object(token)
    except (signing.BadSignature, ValueError) as error:
        raise ChatRefused(_("A file is gone. Add it again.")) from error
    if told.pop("visitor", "") != visitor.public_id:
        raise ChatRefused(_("A file is gone. Add it again."))
    return told


# --- reading ---
def history(visitor: ChatVisitor, after: str = "") -> list[Shown]:
    """What was said in this chat, oldest first: the newest ones, and all after the message `after`. Only what they
    wrote themselves and what left for them on this channel: never the rest of the stay's thread."""
    rows = Message.objects.filter(
        connection_id=visitor.widget_id,
        channel=Channel.WEBCHAT.value,
        address__address=visitor.public_id,
        address__connection_id=visitor.widget_id,
    )
    found = newest(_that_left(rows), after)
    shown = [as_shown(message, visitor.public_id) for message in found]
    return [*shown, *still_waiting(visitor, {one.client_id for one in shown})]


def newest(rows: QuerySet[Message], after: str) -> list[Message]:
    """The newest of `rows`, and those after one of them, oldest first."""
    last = rows.filter(public_id=after).values_list("pk", flat=True).first() if after else None
    since = rows.filter(pk__gt=last).count() if last else 0
    most = min(MOST, max(NEWEST, since))
    ordered = rows.prefetch_related("attachments", "receipts", "address")
    return list(reversed(ordered.order_by("-sent_at", "-sequence", "-id")[:most]))


def _that_left(rows: QuerySet[Message]) -> QuerySet[Message]:
    """What agents wrote stands there once it has left, not while it may be taken back."""
    there = Receipt.objects.filter(message=OuterRef("pk"), destination=Destination.GUEST, state__in=ARRIVED)
    left = Q(direction=Direction.INBOUND) | Exists(there)
    return rows.filter(left, withdrawn_at__isnull=True)


def as_shown(message: Message, me: str) -> Shown:
    """`me`: the public id of the visitor who reads."""
    address = message.address.address if message.address else ""
    mine = message.direction == Direction.INBOUND and address == me
    client_id = message.remote_id.partition(":")[2] if mine else ""
    return Shown(
        key=message.public_id,
        client_id=client_id,
        mine=mine,
        name="" if mine else message.author_name,
        text=message.edited_body or message.body,
        at=message.sent_at.isoformat(),
        channel=message.channel,
        files=[_file(one) for one in message.attachments.all()],
        receipt=next((r.state for r in message.receipts.all() if r.destination == Destination.GUEST), ""),
    )


def _file(file: Attachment) -> dict[str, Any]:
    if file.state != FileState.KEPT:
        return {"id": file.public_id, "name": file.name, "state": file.state}
    picture = is_picture(file.sniffed_type)
    small = files.public_link(file.thumbnail_key, "small.webp", FILE_LINK_S) if file.thumbnail_key else ""
    return {
        "id": file.public_id,
        "name": file.name,
        "state": file.state,
        "alt": file.alt_text,
        "picture": small if picture else "",
        "width": file.width,
        "height": file.height,
        "url": files.public_link(file.storage_key, file.name, FILE_LINK_S),
    }


def still_waiting(visitor: ChatVisitor, here: set[str]) -> list[Shown]:
    """What is in the journal and no worker has looked at yet: it is kept, so it is shown."""
    rows = WebhookDelivery.objects.filter(
        connection_id=visitor.widget_id,
        state=DeliveryState.RECEIVED,
        key__startswith=f"{visitor.public_id}:",
    ).order_by("pk")
    told = [_told(row) for row in rows[:NEWEST]]
    return [one for one in told if one.client_id not in here]


def _told(row: WebhookDelivery) -> Shown:
    told = json.loads(bytes(row.body))
    return Shown(
        key="",
        client_id=told["id"],
        mine=True,
        name="",
        text=told["text"],
        at=told["at"],
        channel=Channel.WEBCHAT.value,
        files=[{"id": "", "name": one["name"], "state": "wanted"} for one in told["files"]],
    )


def seen(visitor: ChatVisitor, keys: Iterable[str], state: Delivery) -> int:
    """Their page shows these messages (delivered), or they look at them (read). Returns how many that was new of."""
    before = [ReceiptState.SENT, *([ReceiptState.DELIVERED] if state == Delivery.READ else [])]
    rows = Receipt.objects.filter(
        message__public_id__in=list(keys)[:MOST],
        message__connection_id=visitor.widget_id,
        message__address__address=visitor.public_id,
        destination=Destination.GUEST,
        state__in=before,
    )
    report = DeliveryReport(external_id="", channel=Channel.WEBCHAT, state=state, at=clock.now())
    ids: Sequence[int | None] = list(rows.order_by("command_id").values_list("command_id", flat=True))
    return sum(settle.reported(pk, report) for pk in ids if pk is not None)
