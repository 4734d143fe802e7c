"""What the PMS tells about conversations, stays and guests, taken over by the threads they belong to."""

from __future__ import annotations

from hashlib import sha256

from bellhop.core import clock
from connectors.contract.events import Entity
from connectors.contract.records import ConversationRecord
from connectors.events import ConversationTold, Source
from connectors.inbound import identity
from connectors.models import Connection
from inbox.models import FAR, Thread, ThreadStatus
from inbox.services import threads
from reservations.events import FieldChange, GuestChanged, StayChanged
from reservations.models import Guest, Reservation
from reservations.services import stays

# Changes of a stay that are worth a line in its thread; the rest is seen in the panel.
TOLD_IN_THREAD = {"status", "arrival_date", "departure_date", "check_in_time", "check_out_time", "unit"}


def on_conversation(event: ConversationTold) -> None:
    """Make or refresh the thread of a conversation."""
    bring_up_to_date(thread_of(event.source, event.record), event.source, event.record)


def bring_up_to_date(thread: Thread, source: Source, record: ConversationRecord) -> None:
    """Take over what is new in a conversation, save and tell it."""
    told = _digest(record)
    if thread.conversation_told == told:
        return
    before = (thread.channel_raw, thread.guest_id, thread.stay_id, thread.property_id, thread.party_name)
    take_over(thread, source, record)
    if source.history and thread.last_message_id is None and thread.stay is not None:
        # An import is no activity: a stay about which nothing was said lies where it was booked.
        thread.last_activity_at = thread.stay.booked_at or thread.last_activity_at
    identity.remember(source.connection.pk, Entity.CONVERSATION, record.external_id, thread.pk)
    after = (thread.channel_raw, thread.guest_id, thread.stay_id, thread.property_id, thread.party_name)
    if before != after:
        threads.save(thread)
        if not source.history:
            threads.announce(thread, "state")
    if _is_settled(thread, record):
        thread.conversation_told = told
        Thread.objects.filter(pk=thread.pk).update(conversation_told=told)


def _digest(record: ConversationRecord) -> str:
    """The same for every telling of the same conversation: most messages repeat it word for word."""
    told = (record.guest_id, record.guest_name, record.reservation_ids, record.channel, record.channel_raw,
            record.language)  # fmt: skip
    return sha256(repr(told).encode()).hexdigest()[:32]


def _is_settled(thread: Thread, record: ConversationRecord) -> bool:
    """Nothing that it names is still to come, and time can't make another stay the current one."""
    if len(record.reservation_ids) != 1 or thread.stay_id is None or thread.guest_id is None:
        return False
    return thread.stays.count() == 1


def thread_of(source: Source, record: ConversationRecord) -> Thread:
    """The locked thread of a conversation. One that waits for it (a stay without a conversation so far) is adopted."""
    rows = Thread.objects.select_for_update(of=("self",), no_key=True).filter(connection=source.connection)
    existing = rows.filter(conversation_id=record.external_id).first()
    if existing is not None:
        return threads.live_one(existing)
    waiting = _waiting_for(source, record)
    if waiting is not None:
        waiting.conversation_id = record.external_id
        threads.save(waiting)
        return waiting
    return threads.for_conversation(source.connection, record.external_id, name=record.guest_name)


def _waiting_for(source: Source, record: ConversationRecord) -> Thread | None:
    known = identity.known(source.connection.pk, Entity.RESERVATION, record.reservation_ids)
    return (
        Thread.objects.select_for_update(of=("self",), no_key=True)
        .filter(connection=source.connection, conversation_id="", stay_id__in=known.values())
        .order_by("id")
        .first()
    )


def take_over(thread: Thread, source: Source, record: ConversationRecord) -> None:
    """Channel, language, guest and stays of a conversation. Changes `thread` in memory; the caller saves it."""
    if thread.last_inbound_id is None:
        # Until the guest writes, the conversation's own channel; afterwards the one they used last.
        thread.channel = record.channel[:20] or thread.channel
    if thread.last_inbound_id is None or not thread.channel_raw:
        thread.channel_raw = record.channel_raw[:60] or thread.channel_raw
        thread.pms_channel = record.channel[:20] or thread.pms_channel
    if record.language:
        thread.language = record.language[:20]
    if record.guest_name and not thread.guest_id:
        thread.party_name = record.guest_name[:200]
    if record.guest_id and thread.guest_id is None:
        found = identity.known(source.connection.pk, Entity.GUEST, [record.guest_id])
        guest = Guest.objects.filter(pk=found.get(record.guest_id, 0)).first()
        if guest is not None:
            _set_guest(thread, guest)
    known = identity.known(source.connection.pk, Entity.RESERVATION, record.reservation_ids)
    by_conversation = Reservation.objects.filter(
        connection=source.connection, conversation_id=record.external_id
    ).values_list("pk", flat=True)
    add_stays(thread, {*known.values(), *by_conversation})


def add_stays(thread: Thread, stay_ids: set[int]) -> None:
    """Join stays to the thread and choose the current one. Changes `thread` in memory; the caller saves it."""
    if stay_ids:
        thread.stays.add(*stay_ids)
    rows = list(thread.stays.select_related("property", "unit", "guest"))
    stay = stays.current(rows, clock.now())
    if len(rows) > 1:
        thread.conversation_told = ""
    if stay is None:
        return
    thread.choose_stay(stay)
    thread.property_id = stay.property_id or thread.property_id
    if stay.guest is not None and thread.guest_id is None:
        _set_guest(thread, stay.guest)


def _set_guest(thread: Thread, guest: Guest) -> None:
    thread.guest = guest
    thread.party_name = guest.full_name or thread.party_name


def on_stay(event: StayChanged) -> None:
    """Join a new stay to its conversation's thread; write old → new where a known one changed (ux T4)."""
    stay = event.reservation
    if stay.is_owner_stay:
        return
    thread = _thread_of_stay(stay)
    if thread is None:
        if event.created and not stay.conversation_id:
            _thread_without_conversation(stay)
        return
    add_stays(thread, {stay.pk})
    told = [change for change in event.changes if change.field in TOLD_IN_THREAD]
    if told and not event.history:
        _tell(thread, stay, told)
    threads.save(thread)
    if not event.history:
        threads.announce(thread, "stay")


def _thread_of_stay(stay: Reservation) -> Thread | None:
    rows = Thread.objects.select_for_update(of=("self",), no_key=True).filter(
        connection_id=stay.connection_id
    )
    if stay.conversation_id:
        found = rows.filter(conversation_id=stay.conversation_id).first()
        if found is not None:
            return threads.live_one(found)
        waiting = rows.filter(conversation_id="", stay=stay).first()
        if waiting is not None:
            waiting.conversation_id = stay.conversation_id
            return waiting
    return rows.filter(stays=stay, merged_into=None).order_by("id").first()


def thread_of_stay_id(connection: Connection, remote_id: str) -> Thread | None:
    """The locked thread of a stay that is known by its remote id; made where there is none. None for an owner's stay
    and for one that we never saw."""
    known = identity.known(connection.pk, Entity.RESERVATION, [remote_id])
    stay = Reservation.objects.filter(pk=known.get(remote_id, 0)).select_related("guest").first()
    if stay is None or stay.is_owner_stay:
        return None
    if _thread_of_stay(stay) is None:
        _thread_without_conversation(stay)
    return _thread_of_stay(stay)


def _thread_without_conversation(stay: Reservation) -> None:
    now = clock.now()
    thread = Thread.objects.create(
        organization_id=stay.organization_id,
        connection_id=stay.connection_id,
        property_id=stay.property_id,
        guest_id=stay.guest_id,
        stay=stay,
        arrives_on=stay.arrival_date or FAR,
        party_name=stay.guest.full_name if stay.guest else stay.code,
        status=ThreadStatus.OPEN,
        last_activity_at=stay.booked_at or now,
        created_at=now,
    )
    thread.stays.add(stay)


def _tell(thread: Thread, stay: Reservation, changes: list[FieldChange]) -> None:
    threads.log_event(
        thread,
        "cancelled" if any(c.field == "status" and c.new == "cancelled" for c in changes) else "stay_changed",
        None,
        code=stay.code,
        changes=[{"field": change.field, "old": change.old, "new": change.new} for change in changes],
    )
    thread.last_activity_at = clock.now()


def on_guest(event: GuestChanged) -> None:
    """A guest's new name shows in their threads."""
    guest = event.guest
    for thread in (
        Thread.objects.select_for_update(of=("self",), no_key=True).filter(guest=guest).order_by("id")
    ):
        if guest.full_name and thread.party_name != guest.full_name:
            thread.party_name = guest.full_name
            threads.save(thread)
            threads.announce(thread, "state")
