"""An unmatched thread finds its stay later: when a reservation, or a guest's number, comes that fits its address."""

from __future__ import annotations

from inbox.models import Thread, ThreadAddress
from inbox.services import conversations, merging, mirror, threads
from reservations.events import ContactPointsAdded, StayChanged
from reservations.models import ContactPoint, Guest, Reservation
from reservations.services import matching

MOST = 20


def on_stay(event: StayChanged) -> None:
    """A stay came, or got another guest."""
    stay = event.reservation
    moved = event.created or any(change.field in {"guest", "status"} for change in event.changes)
    if stay.guest is None or stay.is_owner_stay or not moved:
        return
    values = ContactPoint.objects.filter(guest=stay.guest).values_list("value", flat=True)
    adopt(stay.guest, list(values))


def on_points(event: ContactPointsAdded) -> None:
    """A guest is known by another address from now on."""
    if event.guest.reservations.exists():
        adopt(event.guest, [point.value for point in event.points])


def adopt(guest: Guest, values: list[str]) -> None:
    """Threads of nobody that run over these addresses become this guest's, unless others share the address."""
    rows = (
        ThreadAddress.objects.filter(
            address__organization_id=guest.organization_id,
            address__address__in=values,
            verified=True,
            thread__stay=None,
            thread__guest=None,
            thread__merged_into=None,
            thread__blocked_at=None,
        )
        .select_related("address")
        .order_by("thread_id")[:MOST]
    )
    for row in rows:
        match = matching.by_address(guest.organization_id, [(row.address.kind, row.address.address)])
        if match.guest is not None and match.stay is not None:
            join(row.thread_id, match.stay)


def join(thread_id: int, stay: Reservation) -> Thread:
    """Bring a thread without a PMS to a stay: into the stay's own thread where it has one. What was said is kept in the
    PMS, too, from now on."""
    known = Thread.objects.filter(stays=stay, merged_into=None).exclude(pk=thread_id).order_by("id")
    target = known.exclude(conversation_id="").first() or known.first()
    if target is not None:
        return merging.merge(thread_id, target.pk)
    thread = threads.lock(thread_id)
    thread.connection_id = thread.connection_id or stay.connection_id
    conversations.add_stays(thread, {stay.pk})
    threads.log_event(thread, "linked", None, code=stay.code, stay=stay.public_id)
    mirror.catch_up(thread)
    threads.save(thread)
    threads.announce(thread, "state")
    return thread
