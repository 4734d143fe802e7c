"""Files as a screen shows them: of messages and drafts, from what one statement brings along."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models.functions import JSONObject
from django.utils.translation import gettext_lazy as _

from bellhop.core import files
from bellhop.core.file_types import PICTURES, reason
from inbox.models import Attachment, FileState, Message

# code → why a file could not be fetched; why one is refused, `core.file_types` says.
REASONS: Final = {
    "gone": _("It is no longer there. Ask the guest to send it again."),
    "address": _("Its address may not be called."),
    "rejected": _("It may not be fetched with this account."),
    "unsupported": _("This account gives no files."),
    "unreachable": _("It could not be fetched for several hours."),
}

# What `of` needs of a row of Attachment.
COLUMNS: Final = (
    "public_id", "name", "size", "url", "state", "reason", "mime_type", "sniffed_type", "width", "height", "alt_text",
)  # fmt: skip
ABOUT: Final = JSONObject(**{name: name for name in COLUMNS}, direct="message__address_id")

INLINE_BYTES: Final = 4 * 1024 * 1024

_STAND_IN = {"image": "camera", "pdf": "file", "audio": "play", "video": "play"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownFile:
    """`kind` is image, pdf, audio, video or other; `why` says what came in between; `can_open`: here, or where its link
    leads (`elsewhere`). Width and height are those of the thumbnail."""

    id: str
    name: str
    size: int | None
    state: str
    why: str
    kind: str
    mime_type: str
    alt: str
    width: int
    height: int
    elsewhere: bool

    @property
    def is_kept(self) -> bool:
        return self.state == FileState.KEPT

    @property
    def is_awaited(self) -> bool:
        return self.state in {FileState.WANTED, FileState.FETCHING}

    @property
    def can_open(self) -> bool:
        return self.is_kept or self.elsewhere

    @property
    def icon(self) -> str:
        return _STAND_IN.get(self.kind, "attach")


def of(rows: Sequence[Mapping[str, Any]]) -> list[ShownFile]:
    """From rows of `ABOUT`."""
    return [_shown(row) for row in rows]


def one(file: Attachment) -> ShownFile:
    """Of a draft."""
    return _shown({name: getattr(file, name) for name in COLUMNS} | {"direct": None})


def by_content_id(message: Message) -> dict[str, str]:
    """An e-mail's own pictures as data addresses, so that the frame which shows them needs nothing of ours; those
    beyond a few megabytes are left out."""
    found: dict[str, str] = {}
    room = INLINE_BYTES
    held = message.attachments.filter(state=FileState.KEPT, sniffed_type__in=PICTURES)
    for file in held.exclude(content_id="").order_by("pk"):
        room -= file.size or 0
        if room < 0:
            break
        encoded = b64encode(files.read(file.storage_key)).decode()
        found[file.content_id] = f"data:{file.sniffed_type};base64,{encoded}"
    return found


def _shown(row: Mapping[str, Any]) -> ShownFile:
    width, height = _small(row["width"] or 0, row["height"] or 0)
    return ShownFile(
        id=row["public_id"],
        name=row["name"],
        size=row["size"],
        state=row["state"],
        why=_why(row["reason"]),
        kind=_kind(row["sniffed_type"] or row["mime_type"]),
        mime_type=row["sniffed_type"] or row["mime_type"],
        alt=row["alt_text"],
        width=width,
        height=height,
        elsewhere=_has_link(row),
    )


def _has_link(row: Mapping[str, Any]) -> bool:
    """May its sender's link stand in? A PMS's; a channel's provider wants our credentials."""
    unkept = row["state"] != FileState.REFUSED or row["reason"] == "too_large"
    return bool(row["url"]) and not row["direct"] and row["state"] != FileState.KEPT and unkept


def _why(code: str) -> str:
    """Why a file was refused or not fetched, in the reader's language."""
    return str(REASONS[code]) if code in REASONS else reason(code)


def _kind(mime_type: str) -> str:
    if mime_type in PICTURES:
        return "image"
    if mime_type == "application/pdf":
        return "pdf"
    family = mime_type.partition("/")[0]
    return family if family in {"audio", "video"} else "other"


def _small(width: int, height: int, box: int = 240) -> tuple[int, int]:
    """The size within a box of that many pixels, never larger than the image."""
    scale = min(1.0, box / max(width, height, 1))
    return round(width * scale), round(height * scale)
