"""Telling a person something, wherever they are: a row behind the bell, and a live event for their open screens (ux R3,
U4)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from bellhop.accounts.models import User
from bellhop.core import clock, live
from bellhop.core.models import Incident
from bellhop.core.words import read_out
from inbox.models import Message, Note, Notice, Thread
from inbox.services import threads

SHOWN = 50
KEEP = timedelta(days=90)
FOREVER = timedelta(days=3650)
MUTES = {"1": timedelta(hours=1), "8": timedelta(hours=8), "on": FOREVER}
LOUD = {
    Notice.Kind.FAILED,
    Notice.Kind.UNCONFIRMED,
    Notice.Kind.EMERGENCY,
    Notice.Kind.FILE,
    Notice.Kind.SURVEY,
    Notice.Kind.INCIDENT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a notice is about, and the facts that its words need."""

    thread: Thread | None = None
    message: Message | None = None
    note: Note | None = None
    incident: Incident | None = None
    data: dict[str, Any] | None = None


def tell(people: Iterable[User], kind: Notice.Kind, about: About) -> list[live.Change]:
    """Store a notice for each of `people` who may see what it is about. Returns the live changes, for the caller to
    append last. Repeating an unread notice makes no second one."""
    changes = []
    for person in people:
        if about.thread is not None and not threads.may_see(person, about.thread):
            continue
        same: dict[str, Any] = {
            "user": person,
            "kind": kind,
            "thread": about.thread,
            "message": about.message,
            "note": about.note,
            "incident_id": about.incident.pk if about.incident else None,
            "read_at": None,
        }
        now = clock.now()
        notice, _created = Notice.objects.update_or_create(
            **same, defaults={"data": about.data or {}, "at": now}
        )
        changes.append(_change(person, notice, now))
    return changes


def _change(person: User, notice: Notice, now: datetime) -> live.Change:
    """What the person's screens are told, in their language. `plain` says it without anybody's words."""
    with translation.override(person.language or None):
        title, plain = words(notice), str(Notice.Kind(notice.kind).label)
    quiet = notice.kind == Notice.Kind.ASSIGNED or (
        person.muted_until is not None and person.muted_until > now
    )
    return live.Change(
        topic="alert",
        user_id=person.pk,
        data={
            "id": notice.public_id,
            "title": title,
            "plain": plain,
            "thread": notice.thread.public_id if notice.thread else "",
            "link": link(notice),
            "tone": "bad" if notice.kind in LOUD else "info",
            "quiet": quiet,
        },
    )


def words(notice: Notice) -> str:
    """The notice in one sentence, in the active language."""
    data = notice.data
    kind = Notice.Kind(notice.kind)
    if kind in {Notice.Kind.FAILED, Notice.Kind.UNCONFIRMED}:
        word = _("Not delivered") if kind == Notice.Kind.FAILED else _("May not have arrived")
        return f"{word}: {data.get('text', '')}"
    if kind == Notice.Kind.NOT_SENT:
        return _("Not sent, the stay was cancelled: %(text)s") % {"text": data.get("text", "")}
    if kind == Notice.Kind.MENTION:
        return _("%(name)s mentioned you: %(text)s") % {"name": data["by"], "text": data.get("text", "")}
    if kind == Notice.Kind.FILE:
        return _("A file could not be fetched: %(name)s") % {"name": data.get("name") or _("File")}
    if kind == Notice.Kind.EMERGENCY:
        return _("Emergency? %(guest)s: %(text)s") % {
            "guest": data.get("guest") or _("An unknown guest"),
            "text": data.get("text", ""),
        }
    if kind == Notice.Kind.SURVEY:
        return _("%(guest)s gave %(score)s of 10") % {
            "guest": data.get("guest") or _("An unknown guest"),
            "score": data.get("score"),
        }
    if kind == Notice.Kind.ASSIGNED:
        return _("%(name)s gave you the conversation with %(guest)s") % {
            "name": data["by"],
            "guest": data.get("guest") or _("an unknown guest"),
        }
    return read_out(str(data.get("title", "")), data.get("words", {})) or str(kind.label)


def link(notice: Notice) -> str:
    """The exact place: the message or note in its thread, the thread, or the health page."""
    if notice.thread is None:
        return reverse("connectors:health")
    address = reverse("inbox:thread", args=["all", notice.thread.public_id])
    if notice.message is not None:
        return f"{address}?m={notice.message.public_id}#m-{notice.message.public_id}"
    if notice.note is not None:
        return f"{address}?n={notice.note.public_id}#n-{notice.note.public_id}"
    return address


def of(user: User) -> list[Notice]:
    """The newest notices of a person, with all that their lines need."""
    rows = visible_to(user).select_related("thread", "message", "note")
    return list(rows.order_by("-id")[:SHOWN])


def visible_to(user: User) -> QuerySet[Notice]:
    """A person's notices. One about a thread that they may no longer see is gone with it."""
    mine = Notice.objects.filter(user=user)
    if user.all_properties:
        return mine
    return mine.filter(thread__isnull=True) | mine.filter(thread__in=threads.visible_to(user).values("pk"))


def unread(user: User) -> int:
    return visible_to(user).filter(read_at__isnull=True).count()


def mark_all_read(user: User) -> None:
    Notice.objects.filter(user=user, read_at__isnull=True).update(read_at=clock.now())


def mark_read_in(user: User, thread: Thread) -> None:
    """The person has the thread before them: what was told about it is read."""
    Notice.objects.filter(user=user, thread=thread, read_at__isnull=True).update(read_at=clock.now())


def mark_over(incident: Incident) -> None:
    """An incident is over: nobody needs to look at it any more."""
    Notice.objects.filter(incident_id=incident.pk, read_at__isnull=True).update(read_at=clock.now())


def mute(user: User, how: str) -> None:
    """Do not disturb: the bell still counts, but nothing pops up. `how` is a key of MUTES; else it ends."""
    user.muted_until = clock.now() + MUTES[how] if how in MUTES else None
    user.save(update_fields=["muted_until"])


def is_muted(user: User) -> bool:
    return user.muted_until is not None and user.muted_until > clock.now()


def is_muted_for_good(user: User) -> bool:
    """Until they say otherwise, that is, for longer than any choice of hours."""
    return user.muted_until is not None and user.muted_until > clock.now() + timedelta(days=365)


def prune() -> int:
    """Forget notices that are older than 90 days. Returns how many."""
    deleted, _rows = Notice.objects.filter(at__lt=clock.now() - KEEP).delete()
    return deleted
