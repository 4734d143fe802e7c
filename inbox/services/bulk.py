"""One action for many threads, with its result and its undo (ux L14). Never sends anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from bellhop.accounts.models import Team, User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.services import require
from inbox.models import Tag, Thread, ThreadRead
from inbox.services import threads

LIMIT = 1_000
_MOMENTS = ("snoozed_until", "woken_at", "no_answer_until")
_PLAIN = ("status", "assignee_id", "team_id")

State = dict[str, Any]
Entry = dict[str, Any]


class Skip(Exception):
    """An action leaves this thread alone; the text says why."""


@dataclass(frozen=True, slots=True)
class Action:
    """What is done to each thread. `tags` and `read` say what it touches besides the thread's own row."""

    do: Callable[[Thread], object]
    tags: bool = False
    read: bool = False


@dataclass(frozen=True, slots=True)
class BulkResult:
    """`skipped`: reason → how many. `undo`: what `restore` needs, as JSON."""

    done: int
    skipped: Mapping[str, int]
    undo: list[Entry]


def run(user: User, chosen: QuerySet[Thread] | Sequence[Thread], action: Action) -> BulkResult:
    """Do `action` to each thread, one transaction each; who is skipped is counted with the reason, not hidden. At most
    LIMIT of them are read."""
    require(user, Permission.THREADS_BULK)
    skipped: Counter[str] = Counter()
    undo: list[Entry] = []
    done = 0
    taken = list(chosen[:LIMIT])
    for thread in taken:
        try:
            entry = _one(user, thread, action)
        except Thread.DoesNotExist:
            skipped[_("no longer there")] += 1
        except PermissionDenied:
            skipped[_("not allowed")] += 1
        except Skip as reason:
            skipped[str(reason)] += 1
        else:
            done += 1
            undo += [entry] if entry else []
    if len(taken) == LIMIT:
        total = chosen.count() if isinstance(chosen, QuerySet) else len(chosen)
        skipped += Counter({_("too many at once"): total - LIMIT})
    return BulkResult(done, skipped, undo)


@transaction.atomic
def _one(user: User, thread: Thread, action: Action) -> Entry | None:
    before = _state(user, threads.lock(thread.pk), tags=action.tags, read=action.read)
    action.do(thread)
    after = _state(user, Thread.objects.get(pk=thread.pk), tags=action.tags, read=action.read)
    changed = [name for name in before if before[name] != after[name]]
    if not changed:
        return None
    return {
        "id": thread.public_id,
        "before": {name: before[name] for name in changed},
        "after": {name: after[name] for name in changed},
    }


def _state(user: User, thread: Thread, *, tags: bool, read: bool) -> State:
    moments = {name: getattr(thread, name) for name in _MOMENTS}
    state: State = {name: getattr(thread, name) for name in _PLAIN}
    state |= {name: moment.isoformat() if moment else None for name, moment in moments.items()}
    if tags:
        state["tags"] = sorted(thread.tags.values_list("pk", flat=True))
    if read:
        row = ThreadRead.objects.filter(user=user, thread=thread).first()
        state["read"] = [row.last_read_id, row.marked_unread] if row else [0, False]
    return state


def restore(user: User, entries: Iterable[Entry]) -> BulkResult:
    """Undo a bulk action, thread by thread, where nobody has changed the same thing since."""
    require(user, Permission.THREADS_BULK)
    wanted = {entry["id"]: entry for entry in entries}
    found = threads.visible_to(user).filter(public_id__in=wanted)
    skipped: Counter[str] = Counter()
    done = 0
    for thread in found:
        if _restore(user, thread, wanted[thread.public_id]):
            done += 1
        else:
            skipped[_("changed meanwhile")] += 1
    if gone := len(wanted) - done - skipped.total():
        skipped[_("no longer there")] += gone
    return BulkResult(done, skipped, [])


@transaction.atomic
def _restore(user: User, thread: Thread, entry: Entry) -> bool:
    before, after = entry["before"], entry["after"]
    locked = threads.lock(thread.pk)
    now = _state(user, locked, tags="tags" in after, read="read" in after)
    if any(now[name] != value for name, value in after.items()):
        return False
    if "read" in before:
        last_read, unread = before["read"]
        rows = ThreadRead.objects.filter(user=user, thread=locked)
        rows.update(last_read_id=last_read, marked_unread=unread)
        return True
    require(user, Permission.THREADS_TRIAGE)
    for name in (*_PLAIN, *_MOMENTS):
        if name in before:
            setattr(locked, name, _value(locked, name, before[name]))
    if "tags" in before:
        locked.tags.set(Tag.objects.filter(organization_id=locked.organization_id, pk__in=before["tags"]))
    threads.log_event(locked, "restored", user)
    if "no_answer_until" in before:
        threads.refresh(locked)
    threads.save(locked)
    threads.announce(locked, "state", by=user.pk)
    return True


def _value(thread: Thread, name: str, value: Any) -> Any:
    """A stored value as the column takes it; a person or a team that is gone meanwhile is nobody."""
    if value is None:
        return None
    if name in _MOMENTS:
        return datetime.fromisoformat(value)
    rows = {"assignee_id": User.objects, "team_id": Team.objects}.get(name)
    if rows is None:
        return value
    return value if rows.filter(pk=value, organization_id=thread.organization_id).exists() else None
