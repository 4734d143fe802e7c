"""Files of guests and agents: kept under random names in the store of the settings (a folder, or S3).

A file is written before the row that refers to it is committed. So that nothing is left over whatever dies in between,
every kept file stands in `UnusedFile` until its row takes it (`in_use`, in the row's own transaction); a row that is
deleted or lets go of a file puts it there again (triggers of the tables that refer to files). A sweep deletes what is
due.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import PurePosixPath
from typing import IO, Any

from django.conf import settings
from django.core import signing
from django.core.files.base import ContentFile, File
from django.core.files.storage import storages
from django.db import transaction
from django.urls import reverse

from bellhop.core import clock, pictures
from bellhop.core.file_types import ENDINGS, is_picture, safe_name, sniff
from bellhop.core.models import UnusedFile

STORE = "attachments"
UNUSED_FOR = timedelta(days=1)
_THUMBNAIL_TYPE = "image/webp"
_AT_ONCE = 100
_TYPES = {ending: mime_type for mime_type, ending in ENDINGS.items()}
_signer = signing.Signer(salt="bellhop.core.files")


class LinkRefused(Exception):
    """Not a link of ours, or one whose time is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A file in the store. `size` in bytes as kept; `sha256` of the bytes as they came; sizes in pixels and a
    thumbnail of images only."""

    key: str
    mime_type: str
    size: int
    sha256: str
    width: int | None = None
    height: int | None = None
    thumbnail_key: str = ""


def keep(content: bytes, name: str = "") -> Kept:
    """Look at a file, clean it if it is an image, and store it. Raises FileRefused; OSError where the store is away.

    Call it outside of a transaction, and `in_use` within the one that stores its keys.
    """
    mime_type, digest = sniff(content, name), sha256(content).hexdigest()
    if not is_picture(mime_type):
        return Kept(key=_store(content, mime_type), mime_type=mime_type, size=len(content), sha256=digest)
    picture = pictures.clean(content)
    return Kept(
        key=_store(picture.content, picture.mime_type),
        mime_type=picture.mime_type,
        size=len(picture.content),
        sha256=digest,
        width=picture.width,
        height=picture.height,
        thumbnail_key=_store(picture.thumbnail, _THUMBNAIL_TYPE),
    )


def _store(content: bytes, mime_type: str) -> str:
    key = f"{clock.now():%Y/%m/%d}/{secrets.token_urlsafe(24)}{ENDINGS[mime_type]}"
    UnusedFile.objects.create(key=key, delete_at=clock.now() + UNUSED_FOR)
    kept = storages[STORE].save(key, ContentFile(content))
    if kept != key:
        raise OSError(f"{key} was there already")
    return key


def in_use(kept: Kept) -> None:
    """A row refers to this file from now on; part of that row's transaction. Raises FileNotFoundError where it was
    swept meanwhile."""
    keys = {kept.key, kept.thumbnail_key} - {""}
    taken, _rows = UnusedFile.objects.filter(key__in=keys).delete()
    if taken != len(keys):
        raise FileNotFoundError(kept.key)


def keep_unused(keys: Iterable[str], *, days: int) -> None:
    """Nothing refers to these files yet, and that may take so many days more."""
    UnusedFile.objects.filter(key__in=list(keys)).update(delete_at=clock.now() + timedelta(days=days))


def open_file(key: str) -> File[Any] | IO[bytes]:
    """Raises FileNotFoundError, and OSError where the store is away."""
    return storages[STORE].open(key, "rb")


def read(key: str) -> bytes:
    """The whole file. Raises FileNotFoundError, and OSError where the store is away."""
    with open_file(key) as opened:
        content: bytes = opened.read()
    return content


def type_of(key: str) -> str:
    """The type that the file was kept as."""
    return _TYPES.get(PurePosixPath(key).suffix, "")


def sweep() -> int:
    """Delete the files that nothing refers to any more. Returns how many."""
    deleted = 0
    while batch := _delete_some():
        deleted += batch
        if batch < _AT_ONCE:
            break
    return deleted


@transaction.atomic
def _delete_some() -> int:
    due = UnusedFile.objects.select_for_update(skip_locked=True).filter(delete_at__lte=clock.now())
    keys = list(due.order_by("delete_at").values_list("key", flat=True)[:_AT_ONCE])
    _delete(keys)
    UnusedFile.objects.filter(key__in=keys).delete()
    return len(keys)


def _delete(keys: Iterable[str]) -> None:
    for key in keys:
        storages[STORE].delete(key)  # nothing is said of a file that isn't there


# --- links for those who can't sign in ---
def public_link(key: str, name: str, seconds: int) -> str:
    """An address under which anybody can fetch this file for so many seconds: for providers, guests and PMSs."""
    shown, ends = safe_name(name, type_of(key)), int(clock.now().timestamp()) + seconds
    token = _signer.sign_object([key, shown, ends])
    return f"{settings.BELLHOP_PUBLIC_URL}{reverse('shared-file', args=[token, shown])}"


def of_link(token: str) -> tuple[str, str]:
    """(key, name) of a link. Raises LinkRefused; signatures are compared in constant time."""
    try:
        key, name, ends = _signer.unsign_object(token)
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise LinkRefused("not ours") from error
    if clock.now().timestamp() >= ends:
        raise LinkRefused("over")
    return key, name
