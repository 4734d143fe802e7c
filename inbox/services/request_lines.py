"""Guests' requests in the threads of their stay: a line for what people did, and open panels that show it at once."""

from __future__ import annotations

from bellhop.core import live
from inbox.models import Thread
from inbox.services import threads
from reservations.events import RequestChanged


def on_request(event: RequestChanged) -> None:
    """What the PMS did with it comes under a Command's lock, where no thread may be locked: panels only."""
    row = event.request
    rows = Thread.objects.filter(stays=row.reservation_id, merged_into=None).order_by("pk")
    if event.what == "pms":
        changes = [
            live.Change(topic="thread", subject_id=pk, property_id=property_id, data={"what": "stay"})
            for pk, property_id in rows.values_list("pk", "property_id")
        ]
        live.append(row.organization_id, changes)
        return
    for thread_id in rows.values_list("pk", flat=True):
        thread = threads.lock(thread_id)
        threads.log_event(
            thread,
            "request",
            event.actor,
            what=event.what,
            wish=row.kind,
            at=f"{row.agreed or row.wished:%H:%M}" if row.agreed or row.wished else "",
        )
        threads.save(thread)
        threads.announce(thread, "stay")
