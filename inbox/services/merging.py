"""Merging and splitting threads (ux T7): rows move, nothing is copied, and all of it can be taken back for 30 days."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.services import audit, require
from bellhop.core import clock
from inbox.models import (
    Draft,
    Message,
    Note,
    Receipt,
    Thread,
    ThreadAddress,
    ThreadEvent,
    ThreadMerge,
    ThreadStatus,
)
from inbox.services import conversations, emergencies, mirror, threads

UNDO_WITHIN = timedelta(days=30)
MERGE, SPLIT = "merge", "split"


class CannotMerge(Exception):
    """These threads can't be merged or split so; the text says why."""


def merge_by(user: User, source: Thread, target: Thread) -> Thread:
    """Everything of `source` goes into `target`. Raises CannotMerge, PermissionDenied."""
    require(user, Permission.THREADS_MATCH)
    if source.pk == target.pk or source.organization_id != target.organization_id:
        raise CannotMerge(_("Choose another thread."))
    return merge(source.pk, target.pk, user)


@transaction.atomic
def merge(source_id: int, target_id: int, actor: User | None = None) -> Thread:
    """The same without asking who may. Both ids go on leading to the one thread."""
    source, target = _lock_both(source_id, target_id)
    if source.merged_into_id is not None or target.merged_into_id is not None:
        raise CannotMerge(_("One of them was merged already."))
    moved = _move(
        source,
        target,
        messages=Message.objects.filter(thread=source).values_list("pk", flat=True),
        notes=Note.objects.filter(thread=source).values_list("pk", flat=True),
        events=ThreadEvent.objects.filter(thread=source).values_list("pk", flat=True),
        addresses=ThreadAddress.objects.filter(thread=source)
        .exclude(address_id__in=target.addresses.values("address_id"))
        .values_list("pk", flat=True),
    )
    moved["stays"] = list(source.stays.exclude(pk__in=target.stays.values("pk")).values_list("pk", flat=True))
    moved["tags"] = list(source.tags.exclude(pk__in=target.tags.values("pk")).values_list("pk", flat=True))
    moved["conversation"] = _hand_over(source, target)
    _draw_in(source, target)
    row = ThreadMerge.objects.create(
        organization_id=target.organization_id,
        source=source,
        target=target,
        kind=MERGE,
        moved={**moved, "status": source.status},
        actor=actor,
        at=clock.now(),
    )
    conversations.add_stays(target, set(moved["stays"]))
    target.tags.add(*moved["tags"])
    target.assignee_id = target.assignee_id or source.assignee_id
    emergencies.hand_over(source, target)
    source.merged_into, source.status, source.snoozed_until = target, ThreadStatus.CLOSED, None
    _finish(source, target, actor, "merged", name=source.party_name, merge=row.public_id)
    if source.waiting_since is not None and target.status != ThreadStatus.OPEN:
        target.status, target.snoozed_until = ThreadStatus.OPEN, None
    mirror.catch_up(target)
    _save(source, target)
    return target


def split_by(user: User, thread: Thread, message_ids: Iterable[int]) -> Thread:
    """The messages go into a thread of their own, with the addresses that they came from: two people shared one thread.
    Raises CannotMerge, PermissionDenied."""
    require(user, Permission.THREADS_MATCH)
    wanted = set(message_ids)
    with transaction.atomic():
        source = threads.lock(thread.pk)
        rows = list(Message.objects.filter(thread=source, pk__in=wanted).exclude(address=None))
        if not rows or len(rows) != len(wanted):
            raise CannotMerge(_("Only messages of our own channels can be split off."))
        if not Message.objects.filter(thread=source).exclude(pk__in=wanted).exists():
            raise CannotMerge(_("Nothing would be left in this thread."))
        return _split(user, source, rows)


def _split(user: User, source: Thread, rows: list[Message]) -> Thread:
    first = rows[0].address
    assert first is not None
    target = Thread.objects.create(
        organization_id=source.organization_id,
        party_name=first.name or first.address,
        channel=rows[-1].channel,
        last_activity_at=clock.now(),
        created_at=clock.now(),
    )
    left = Message.objects.filter(thread=source).exclude(pk__in=[row.pk for row in rows])
    gone = {row.address_id for row in rows} - set(left.values_list("address_id", flat=True))
    addresses = ThreadAddress.objects.filter(thread=source, address_id__in=gone)
    moved = _move(
        source, target, messages=[row.pk for row in rows], addresses=addresses.values_list("pk", flat=True)
    )
    for address_id in {row.address_id for row in rows if row.address_id is not None}:
        ThreadAddress.objects.update_or_create(
            thread=target,
            address_id=address_id,
            defaults={"linked": True, "verified": True, "since": clock.now()},
        )
    row = ThreadMerge.objects.create(
        organization_id=source.organization_id,
        source=source,
        target=target,
        kind=SPLIT,
        moved=moved,
        actor=user,
        at=clock.now(),
    )
    _finish(target, source, user, "split", name=target.party_name, merge=row.public_id)
    _save(source, target)
    return target


@transaction.atomic
def undo(user: User, row: ThreadMerge) -> Thread:
    """Everything that was moved goes back. Returns the thread that it goes back to. Raises CannotMerge,
    PermissionDenied."""
    require(user, Permission.THREADS_MATCH)
    if row.undone_at is not None or row.at < clock.now() - UNDO_WITHIN:
        raise CannotMerge(_("That can't be taken back any more."))
    source, target = _lock_both(row.source_id, row.target_id)
    moved: dict[str, Any] = row.moved
    _move(
        target,
        source,
        messages=moved.get("messages", ()),
        notes=moved.get("notes", ()),
        events=moved.get("events", ()),
        addresses=moved.get("addresses", ()),
    )
    if row.kind == MERGE:
        _take_apart(source, target, moved)
    else:
        target.merged_into, target.status = source, ThreadStatus.CLOSED
    row.undone_at = clock.now()
    row.save(update_fields=["undone_at"])
    _finish(target, source, user, "merge_undone", was=row.kind)
    _save(source, target)
    return source


def undoable(thread: Thread) -> list[ThreadMerge]:
    """What may still be taken back about a thread, newest first."""
    since = clock.now() - UNDO_WITHIN
    into = ThreadMerge.objects.filter(target=thread, kind=MERGE) | ThreadMerge.objects.filter(
        source=thread, kind=SPLIT
    )
    return list(
        into.filter(undone_at=None, at__gte=since).select_related("source", "target").order_by("-at")[:5]
    )


def _lock_both(source_id: int, target_id: int) -> tuple[Thread, Thread]:
    """In the order of their ids, whichever is which."""
    found = {pk: threads.lock(pk) for pk in sorted({source_id, target_id})}
    return found[source_id], found[target_id]


def _move(source: Thread, target: Thread, **ids: Iterable[int]) -> dict[str, Any]:
    models: dict[str, Any] = {
        "messages": Message,
        "notes": Note,
        "events": ThreadEvent,
        "addresses": ThreadAddress,
    }
    moved = {name: list(found) for name, found in ids.items()}
    for name, found in moved.items():
        models[name].objects.filter(pk__in=found, thread=source).update(thread=target)
    Receipt.objects.filter(message_id__in=moved.get("messages", ())).update(thread=target)
    return moved


def _hand_over(source: Thread, target: Thread) -> list[Any] | None:
    """A conversation at the PMS goes along where the target has none; of two, each stays where it is and what comes in
    on the merged one's goes on into the target."""
    if source.connection_id is None or target.conversation_id:
        return None
    before = [
        source.connection_id,
        source.conversation_id,
        source.channel_raw,
        target.connection_id,
        source.pms_channel,
    ]
    conversation = source.conversation_id
    source.conversation_id = ""
    source.save(update_fields=["conversation_id"])
    target.connection_id, target.conversation_id = source.connection_id, conversation
    target.channel_raw, target.pms_channel = source.channel_raw, source.pms_channel
    return before


def _draw_in(source: Thread, target: Thread) -> None:
    """Nobody's text is lost: what was typed in one is appended to what was typed in the other."""
    for draft in Draft.objects.filter(thread=source):
        other = Draft.objects.filter(thread=target, user=draft.user, mode=draft.mode).first()
        if other is None:
            draft.thread = target
            draft.save(update_fields=["thread"])
        elif draft.body.strip():
            other.body = f"{other.body}\n{draft.body}".strip()
            other.revision += 1
            other.save(update_fields=["body", "revision"])


def _take_apart(source: Thread, target: Thread, moved: dict[str, Any]) -> None:
    target.stays.remove(*moved.get("stays", ()))
    target.tags.remove(*moved.get("tags", ()))
    if (before := moved.get("conversation")) is not None:
        connection_id, conversation_id, channel_raw, was, pms_channel = before
        target.connection_id, target.conversation_id = was, ""
        target.save(update_fields=["connection", "conversation_id"])
        source.connection_id, source.conversation_id = connection_id, conversation_id
        source.channel_raw, source.pms_channel = channel_raw, pms_channel
    if target.emergency_message_id in moved.get("messages", ()):
        emergencies.hand_over(target, source)
    source.merged_into, source.status = None, ThreadStatus(moved.get("status", ThreadStatus.OPEN))
    remaining = target.stays.exists()
    target.choose_stay(None)
    if not remaining:
        target.guest = target.property = None
    conversations.add_stays(target, set())


def _finish(empty: Thread, full: Thread, actor: User | None, kind: str, **data: object) -> None:
    threads.log_event(full, kind, actor, **data)
    audit(
        full.organization_id,
        actor,
        f"thread.{kind}",
        f"thread:{full.public_id}",
        after=f"{empty.public_id} {empty.party_name}",
    )


def _save(*rows: Thread) -> None:
    for thread in sorted(rows, key=lambda row: row.pk):
        threads.refresh(thread)
        threads.save(thread)
        threads.announce(thread, "state")
