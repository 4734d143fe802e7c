"""What an event looks like to an audience. A row is rendered once per version and language, not once per socket; what
is personal in it (unread, draft) is set by the browser."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from django.db.models import QuerySet

from bellhop.core import clock, live
from bellhop.core.models import LiveEvent
from inbox.live import boards
from inbox.live import rows as row_html
from inbox.live.audience import Audience, GuestAudience
from inbox.models import Thread
from inbox.services import listing

AnyAudience = Audience | GuestAudience


def since(
    organization_id: int, number: int, audiences: Sequence[AnyAudience]
) -> tuple[int, dict[AnyAudience, dict[str, Any]] | None]:
    """(newest number, what to tell each audience of what came after `number`); None: its screens must refresh."""
    events = live.since(organization_id, number)
    if events is None:
        return live.last_number(organization_id), None
    return (events[-1].number or number, render(audiences, events)) if events else (number, {})


def render(
    audiences: Sequence[AnyAudience], events: Sequence[LiveEvent]
) -> dict[AnyAudience, dict[str, Any]]:
    """audience → what to tell it: events in order, and the rows of the threads that they are about."""
    told: dict[AnyAudience, dict[str, Any]] = {}
    for guest in (one for one in audiences if isinstance(one, GuestAudience)):
        told[guest] = {"changed": True} if any(guest.may_see(event) for event in events) else {}
    told |= boards.render([one for one in audiences if isinstance(one, Audience) and one.on_board], events)
    colleagues = [one for one in audiences if isinstance(one, Audience) and not one.on_board]
    if not colleagues:
        return told
    thread_ids = {
        event.subject_id for event in events if event.topic == "thread" and event.subject_id is not None
    }
    threads = {thread.pk: thread for thread in _load(thread_ids)}
    return told | {audience: _for(audience, events, threads) for audience in colleagues}


def _load(thread_ids: set[int]) -> list[Thread]:
    return list(_anyones_rows().filter(pk__in=thread_ids)) if thread_ids else []


@cache
def _anyones_rows() -> QuerySet[Thread]:
    """Put together once: that takes a third of the time of a question."""
    return listing.for_anyone(Thread.objects.all())


def _for(audience: Audience, events: Sequence[LiveEvent], threads: dict[int, Thread]) -> dict[str, Any]:
    visible = [event for event in events if audience.may_see(event)]
    if not visible:
        return {}
    now = clock.now()
    told: list[dict[str, Any]] = []
    rows: dict[str, str] = {}
    for event in visible:
        thread = threads.get(event.subject_id or 0) if event.topic == "thread" else None
        if event.topic == "thread" and thread is None:
            continue
        if thread is not None:
            rows[thread.public_id] = row_html.anyones(thread, now, audience.language)
        told.append(
            {"topic": event.topic, "id": thread.public_id if thread else event.subject_id, **event.data}
        )
    return {"events": told, "rows": rows}
