"""Drafts on the server: one per person, thread and mode; nothing but their author clears them (ux C2)."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import transaction
from django.db.models import F, OuterRef, QuerySet
from django.db.models.functions import JSONObject

from bellhop.accounts.models import User
from bellhop.core import clock
from inbox.models import Attachment, Draft, Thread
from inbox.services import shown_files

MAX_LENGTH = 20_000

_files = Attachment.objects.filter(draft=OuterRef("pk")).order_by("id")
ABOUT = JSONObject(
    mode="mode",
    body="body",
    seen_message_id="seen_message_id",
    files=ArraySubquery(_files.values(about=shown_files.ABOUT)),
)
"""What the composer needs of a draft, its files included."""


@transaction.atomic
def save(
    user: User, thread: Thread, mode: Draft.Mode, body: str, *, seen_message_id: int, device: str
) -> Draft | None:
    """Keep what was typed; an empty text removes the draft, unless it has files. `seen_message_id` counts from when the
    draft began."""
    if not body.strip() and not _with_files(user, thread, mode).exists():
        drop(user, thread, mode)
        return None
    draft, created = Draft.objects.select_for_update().get_or_create(
        user=user,
        thread=thread,
        mode=mode,
        defaults={
            "body": body[:MAX_LENGTH],
            "seen_message_id": seen_message_id,
            "device": device[:40],
            "updated_at": clock.now(),
        },
    )
    if not created:
        draft.body, draft.device, draft.updated_at = body[:MAX_LENGTH], device[:40], clock.now()
        draft.revision = F("revision") + 1
        draft.save()
        draft.refresh_from_db()
    return draft


def hold(user: User, thread: Thread, mode: Draft.Mode, *, seen_message_id: int) -> Draft:
    """The draft, locked, so that something may be put into it; an empty one is made if there is none."""
    draft, _ = Draft.objects.select_for_update().get_or_create(
        user=user,
        thread=thread,
        mode=mode,
        defaults={"body": "", "seen_message_id": seen_message_id, "updated_at": clock.now()},
    )
    return draft


def _with_files(user: User, thread: Thread, mode: Draft.Mode) -> QuerySet[Draft]:
    return Draft.objects.filter(user=user, thread=thread, mode=mode, files__isnull=False)


def drop(user: User, thread: Thread, mode: Draft.Mode) -> None:
    """Remove a draft with the files that are still its own, because it was sent or emptied."""
    Draft.objects.filter(user=user, thread=thread, mode=mode).delete()


def put_back(user: User, thread: Thread, body: str) -> Draft:
    """Return an undone reply to the draft, before whatever was typed since."""
    existing = Draft.objects.filter(user=user, thread=thread, mode=Draft.Mode.REPLY).first()
    text = f"{body}\n\n{existing.body}" if existing and existing.body.strip() else body
    draft, _ = Draft.objects.update_or_create(
        user=user,
        thread=thread,
        mode=Draft.Mode.REPLY,
        defaults={
            "body": text,
            "seen_message_id": thread.messages.order_by("-id").values_list("id", flat=True).first() or 0,
            "updated_at": clock.now(),
        },
    )
    return draft


def shown(user: User, thread: Thread) -> list[dict[str, Any]]:
    """The person's drafts as `ABOUT` has them, in one query."""
    return list(Draft.objects.filter(user=user, thread=thread).values_list(ABOUT, flat=True))


def of(user: User, thread: Thread) -> dict[str, Draft]:
    """mode → draft, in one query."""
    return {draft.mode: draft for draft in Draft.objects.filter(user=user, thread=thread)}
