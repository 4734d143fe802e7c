"""Assigning, closing, snoozing, tagging, reading: what agents do with threads besides writing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet

from bellhop.accounts.models import Team, User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.services import require
from bellhop.core import clock, live
from inbox.models import Mention, Notice, Tag, Thread, ThreadRead, ThreadStatus
from inbox.services import notices, read_marks, threads
from inbox.services.notices import About

Change = Callable[[Thread], bool]


@transaction.atomic
def change(user: User, thread: Thread, what: Change) -> Thread:
    """Lock, change, store and announce one thread. `what` returns False where nothing was to be done."""
    require(user, Permission.THREADS_TRIAGE)
    locked = threads.lock(thread.pk)
    before = locked.assignee_id
    if what(locked):
        threads.save(locked)
        told: list[live.Change] = []
        if locked.assignee is not None and locked.assignee_id not in {before, user.pk}:
            about = About(thread=locked, data={"by": user.full_name, "guest": locked.party_name})
            told = notices.tell([locked.assignee], Notice.Kind.ASSIGNED, about)
        threads.announce(locked, "state", told, by=user.pk)
    return locked


def who_may_have(thread: Thread) -> QuerySet[User]:
    """The people whom a thread can be given to: those who reply, and see its property."""
    people = User.objects.filter(
        organization_id=thread.organization_id,
        is_active=True,
        role__permissions__contains=[Permission.THREADS_REPLY.value],
    )
    sees = Q(all_properties=True) | Q(property_scopes__property=thread.property_id)
    return people.filter(sees).distinct().order_by("full_name", "id")


def assign(user: User, thread: Thread, to: User | None) -> Thread:
    """Give the thread to a person, or to nobody. Raises PermissionDenied for somebody who may not see it."""
    if to is not None and not threads.may_see(to, thread):
        raise PermissionDenied("may not see the thread")

    def apply(locked: Thread) -> bool:
        if locked.assignee_id == (to.pk if to else None):
            return False
        before = locked.assignee.full_name if locked.assignee else ""
        locked.assignee = to
        threads.log_event(locked, "assigned", user, to=to.full_name if to else "", was=before)
        return True

    return change(user, thread, apply)


def assign_team(user: User, thread: Thread, team: Team | None) -> Thread:
    """Give the thread to a team, or to none."""

    def apply(locked: Thread) -> bool:
        if locked.team_id == (team.pk if team else None):
            return False
        locked.team = team
        threads.log_event(locked, "team", user, to=team.name if team else "")
        return True

    return change(user, thread, apply)


def close(user: User, thread: Thread) -> Thread:
    """Nothing more to do; the next guest message opens it again."""

    def apply(locked: Thread) -> bool:
        if locked.status == ThreadStatus.CLOSED:
            return False
        locked.status, locked.snoozed_until = ThreadStatus.CLOSED, None
        threads.log_event(locked, "closed", user)
        return True

    return change(user, thread, apply)


def reopen(user: User, thread: Thread) -> Thread:
    def apply(locked: Thread) -> bool:
        if locked.status == ThreadStatus.OPEN:
            return False
        threads.log_event(locked, "reopened", user, was=locked.status)
        locked.status, locked.snoozed_until, locked.woken_at = ThreadStatus.OPEN, None, None
        return True

    return change(user, thread, apply)


def snooze(user: User, thread: Thread, until: datetime | None) -> Thread:
    """Out of sight until `until` (UTC), or until the guest writes where it is None."""

    def apply(locked: Thread) -> bool:
        locked.status, locked.snoozed_until, locked.woken_at = ThreadStatus.SNOOZED, until, None
        locked.snoozed_before = until
        threads.log_event(locked, "snoozed", user, until=until.isoformat() if until else "")
        return True

    return change(user, thread, apply)


def no_answer_needed(user: User, thread: Thread) -> Thread:
    """The guest's last words need none: the thread stops waiting (undo: `needs_answer`)."""

    def apply(locked: Thread) -> bool:
        if locked.waiting_since is None:
            return False
        newest = (
            locked.messages.order_by("-sent_at", "-sequence", "-id").values_list("sent_at", flat=True).first()
        )
        locked.no_answer_until = newest
        threads.log_event(locked, "no_answer_needed", user)
        threads.refresh(locked)
        return True

    return change(user, thread, apply)


def needs_answer(user: User, thread: Thread) -> Thread:
    """Take "no answer needed" back."""

    def apply(locked: Thread) -> bool:
        if locked.no_answer_until is None:
            return False
        locked.no_answer_until = None
        threads.log_event(locked, "needs_answer", user)
        threads.refresh(locked)
        return True

    return change(user, thread, apply)


def tag(user: User, thread: Thread, names: Iterable[str]) -> Thread:
    """Set the thread's tags to exactly `names`; new ones are made."""
    wanted = sorted({" ".join(name.split())[:40] for name in names if name.strip()})

    def apply(locked: Thread) -> bool:
        rows = [
            Tag.objects.get_or_create(organization_id=locked.organization_id, name=name)[0] for name in wanted
        ]
        before = sorted(locked.tags.values_list("name", flat=True))
        if before == wanted:
            return False
        locked.tags.set(rows)
        threads.log_event(locked, "tagged", user, tags=wanted)
        return True

    return change(user, thread, apply)


def change_tags(user: User, thread: Thread, *, add: Iterable[str] = (), remove: Iterable[str] = ()) -> Thread:
    """Add some tags and take some away; the others stay."""
    here = set(thread.tags.values_list("name", flat=True))
    return tag(user, thread, (here | set(add)) - set(remove))


@transaction.atomic
def mark_read(user: User, thread: Thread, up_to: int) -> None:
    """The person has seen everything up to message `up_to`. Never goes back; mentions and notices of
    the thread count as seen."""
    now = clock.now()
    row, created = ThreadRead.objects.select_for_update().get_or_create(
        user=user, thread=thread, defaults={"last_read_id": up_to, "at": now}
    )
    if not created:
        row.last_read_id, row.marked_unread, row.at = max(row.last_read_id, up_to), False, now
        row.save()
    Mention.objects.filter(user=user, thread=thread, seen_at__isnull=True).update(seen_at=now)
    notices.mark_read_in(user, thread)
    read_marks.owe(user, thread, up_to)


def mark_unread(user: User, thread: Thread) -> None:
    """Unread for this person until they open it again."""
    unread = {"marked_unread": True}
    ThreadRead.objects.update_or_create(
        user=user, thread=thread, defaults=unread, create_defaults=unread | {"at": clock.now()}
    )


def wake_snoozed() -> int:
    """Open every thread whose snooze is over. Returns how many."""
    now = clock.now()
    due = Thread.objects.filter(status=ThreadStatus.SNOOZED, snoozed_until__lte=now).order_by("id")
    return sum(_wake(thread_id, now) for thread_id in due.values_list("pk", flat=True)[:500])


@transaction.atomic
def _wake(thread_id: int, now: datetime) -> bool:
    thread = threads.lock(thread_id)
    if thread.status != ThreadStatus.SNOOZED or thread.snoozed_until is None or thread.snoozed_until > now:
        return False
    thread.status, thread.snoozed_until = ThreadStatus.OPEN, None
    thread.last_activity_at = now
    threads.log_event(thread, "woken", None)
    threads.save(thread)
    threads.announce(thread, "state")
    return True
