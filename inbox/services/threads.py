"""Finding, locking and refreshing a thread: what every service that changes one uses."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from bellhop.accounts.models import User
from bellhop.core import clock, live
from connectors.models import Connection
from inbox.models import Author, Thread, ThreadEvent
from inbox.services import standing
from reservations.services import scope

PREVIEW = 160


def visible_to(user: User) -> QuerySet[Thread]:
    """The threads that a person may see: own organization, own properties (invariant 10). A thread without a property
    is shown to people who see every property."""
    threads = Thread.objects.filter(organization_id=user.organization_id, merged_into=None)
    if user.all_properties:
        return threads
    return threads.filter(property_id__in=scope.of(user).values("property_id"))


def may_see(user: User, thread: Thread) -> bool:
    """The same question about one thread at hand."""
    if thread.organization_id != user.organization_id:
        return False
    ids = scope.property_ids(user)
    return ids is None or thread.property_id in ids


def lock(thread_id: int, *related: str) -> Thread:
    """The thread, locked until the transaction ends; `related` rows come along, not locked."""
    rows = Thread.objects.select_for_update(of=("self",), no_key=True)
    return (rows.select_related(*related) if related else rows).get(pk=thread_id)


def for_conversation(connection: Connection, conversation_id: str, *, name: str = "") -> Thread:
    """The one thread of a remote conversation, locked; made if there is none."""
    rows = Thread.objects.select_for_update(of=("self",), no_key=True)
    known = rows.filter(connection=connection, conversation_id=conversation_id).first()
    if known is not None:
        return live_one(known)
    now = clock.now()
    thread, _ = Thread.objects.get_or_create(
        connection=connection,
        conversation_id=conversation_id,
        defaults={
            "organization_id": connection.organization_id,
            "party_name": name[:200],
            "last_activity_at": now,
            "created_at": now,
        },
    )
    return lock(thread.pk)


def live_one(thread: Thread) -> Thread:
    """The locked thread itself, or the locked one that it was merged into."""
    while thread.merged_into_id is not None:
        thread = lock(thread.merged_into_id)
    return thread


def refresh(thread: Thread) -> standing.Standing:
    """Recompute what the list shows from the messages. Not saved."""
    found = standing.of(thread)
    newest = found.newest
    thread.waiting_since = found.waiting_since
    thread.last_message_id = newest.pk if newest else None
    thread.preview = " ".join(newest.body.split())[:PREVIEW] if newest else ""
    thread.preview_author = _preview_author(newest) if newest else ""
    if newest is not None:
        thread.last_activity_at = max(newest.sent_at, found.last_note_at or newest.sent_at)
    return found


def _preview_author(message: standing.Newest) -> str:
    if message.author == Author.GUEST:
        return ""
    if message.author == Author.AGENT:
        return f"user:{message.author_user_id}:{message.author_name}"[:80]
    return {Author.PMS_STAFF: "pms", Author.AUTOMATIC: "auto"}[message.author]


def save(thread: Thread) -> None:
    """Store every column and count the version up, so that cached rows are rendered anew."""
    thread.version += 1
    thread.save()


def touch(thread_id: int) -> None:
    """Count the version up without holding the thread longer than a statement."""
    Thread.objects.filter(pk=thread_id).update(version=F("version") + 1)


def log_event(thread: Thread, kind: str, actor: User | None = None, **data: object) -> ThreadEvent:
    """A one-line entry in the thread."""
    return ThreadEvent.objects.create(thread=thread, kind=kind, actor=actor, data=data, at=clock.now())


def announce(thread: Thread, what: str, extra: Sequence[live.Change] = (), **data: object) -> None:
    """Tell open screens that the thread changed. Last thing of a transaction: it holds the live counter."""
    live.append(
        thread.organization_id,
        [
            live.Change(
                topic="thread",
                subject_id=thread.pk,
                property_id=thread.property_id,
                data={"what": what, **data},
            ),
            *extra,
        ],
    )


def with_problem(*states: str, destination: str | None = None) -> Exists:
    """Has a receipt in one of `states`?"""
    from inbox.models import Receipt

    receipts = Receipt.objects.filter(thread=OuterRef("pk"), state__in=states)
    if destination is not None:
        receipts = receipts.filter(Q(destination=destination))
    return Exists(receipts.filter(message__withdrawn_at__isnull=True))
