"""Drafts on the server: one per person, thread and mode; nothing but their author clears them (ux C2)."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F

from bellhop.accounts.models import User
from bellhop.core import clock
from inbox.models import Draft, Thread

MAX_LENGTH = 20_000


@transaction.atomic
def save(
    user: User, thread: Thread, mode: Draft.Mode, body: str, *, seen_message_id: int, device: str
) -> Draft | None:
    """Keep what was typed; an empty text removes the draft. `seen_message_id` counts from when the draft began."""
    if not body.strip():
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


def drop(user: User, thread: Thread, mode: Draft.Mode) -> None:
    """Remove a draft, because it was sent or emptied."""
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


def of(user: User, thread: Thread) -> dict[str, Draft]:
    """mode → draft, in one query."""
    return {draft.mode: draft for draft in Draft.objects.filter(user=user, thread=thread)}
