"""What a guest allowed or stopped shows as a line in the threads that run over their address."""

from __future__ import annotations

from inbox.models import ThreadAddress
from inbox.services import threads
from reservations.events import ConsentChanged


def on_consent(event: ConsentChanged) -> None:
    """One line per thread; screens with the thread open see it at once."""
    entry = event.entry
    rows = ThreadAddress.objects.filter(
        address__organization_id=entry.organization_id,
        address__channel=entry.channel,
        address__address=entry.address,
        thread__merged_into=None,
    )
    for thread_id in rows.order_by("thread_id").values_list("thread_id", flat=True).distinct():
        thread = threads.lock(thread_id)
        threads.log_event(
            thread,
            "consent",
            entry.actor,
            channel=entry.channel,
            scope=entry.scope,
            state=entry.state,
            source=entry.source,
            suspected=bool(entry.proof.get("suspected")),
        )
        threads.save(thread)
        threads.announce(thread, "state")
