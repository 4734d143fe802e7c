"""Which thread a message on a channel of our own belongs to: by its token, by the mail that it answers, by what a
person linked, then by whose address it is and the dates of their stays (ux V4, V7, V11)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bellhop.core import clock
from connectors.contract.direct import AddressKind, DirectMessageRecord
from connectors.contract.records import Direction
from connectors.events import Source
from inbox.models import MessageMail, Thread, ThreadAddress, ThreadStatus
from inbox.services import conversations, mail_tokens, threads
from reservations.models import ChannelAddress, ContactKind, Guest, Reservation
from reservations.services import guests, matching
from reservations.services.matching import Match

# Several people share an address: whoever talked there lately goes on in the same thread.
STILL_TALKING = timedelta(days=14)
# What the copy for the PMS needs of a thread.
RELATED = ("connection", "stay", "property")


def address_of(source: Source, record: DirectMessageRecord, at: datetime) -> ChannelAddress:
    """The row of the other side's address, made if it is new; remembers when a person last wrote from it. The caller
    holds the address (`consent.lock_address`)."""
    inbound = record.direction == Direction.INBOUND and not record.automatic
    row, _made = ChannelAddress.objects.get_or_create(
        connection=source.connection,
        channel=record.channel.value,
        address=record.guest.value[:254],
        defaults={
            "organization_id": source.connection.organization_id,
            "kind": record.guest.kind.value,
            "created_at": clock.now(),
        },
    )
    fields = []
    if record.guest.name and row.name != record.guest.name[:120]:
        row.name = record.guest.name[:120]
        fields.append("name")
    if record.ours and row.ours != record.ours[:254]:
        row.ours = record.ours[:254]
        fields.append("ours")
    if inbound and (row.last_inbound_at is None or row.last_inbound_at < at):
        row.last_inbound_at = at
        fields.append("last_inbound_at")
    if fields:
        row.save(update_fields=fields)
    return row


@dataclass(frozen=True, slots=True)
class Place:
    """The locked thread of a message; `by_stranger`: it was written from an address that is not known as its
    guest's."""

    thread: Thread
    by_stranger: bool = False


def thread_for(source: Source, record: DirectMessageRecord, address: ChannelAddress) -> Place:
    """Where a message belongs; a new thread, matched or not, where there is none. The address is noted in it."""
    organization_id = source.connection.organization_id
    points = [(point.kind.value, point.value) for point in (record.guest, *record.also)]
    hinted = _hinted(organization_id, record)
    if hinted is not None:
        thread = _locked(hinted)
        is_theirs = _is_known(thread, address, points)
        return Place(thread, by_stranger=not _join(thread, address, verified=is_theirs))
    linked = _linked(address)
    if linked is not None:
        return Place(linked)
    match = matching.by_address(organization_id, points)
    thread = _of_match(match, address) or _unmatched(match, address)
    is_theirs = _join(thread, address, verified=True)
    if match.guest is not None and thread.guest_id == match.guest.pk and len(points) > 1:
        _learn(match.guest, points)
    return Place(thread, by_stranger=not is_theirs)


def _hinted(organization_id: int, record: DirectMessageRecord) -> int | None:
    """The thread that an e-mail itself names: a token first, then the mails that it answers."""
    hints = record.hints
    named = [pk for one in hints.recipients if (pk := mail_tokens.thread_id_in(one)) is not None]
    threads_here = Thread.objects.filter(organization_id=organization_id)
    found = threads_here.filter(pk__in=named).values_list("pk", flat=True).first()
    if found is not None or not hints.answers:
        return found
    mails = MessageMail.objects.filter(organization_id=organization_id)
    ids = list(hints.answers[:50])
    known = dict(mails.filter(rfc_id__in=ids).values_list("rfc_id", "message__thread_id"))
    known |= dict(mails.filter(provider_id__in=ids).values_list("provider_id", "message__thread_id"))
    return next((known[one] for one in ids if one in known), None)


def _locked(thread_id: int) -> Thread:
    """The thread, or what it was merged into."""
    return threads.live_one(threads.lock(thread_id, *RELATED))


def _is_known(thread: Thread, address: ChannelAddress, points: list[tuple[str, str]]) -> bool:
    """Is it an address of the thread's guest, or one that has been in the thread before?"""
    if ThreadAddress.objects.filter(thread=thread, address=address, verified=True).exists():
        return True
    if thread.guest_id is None:
        return not thread.addresses.exists()
    values = [value for _kind, value in points]
    return thread.guest.contact_points.filter(value__in=values).exists() if thread.guest else False


def _linked(address: ChannelAddress) -> Thread | None:
    """A person said where it belongs."""
    row = ThreadAddress.objects.filter(address=address, linked=True).order_by("-since").first()
    return _locked(row.thread_id) if row is not None else None


def _of_match(match: Match, address: ChannelAddress) -> Thread | None:
    if match.stay is not None:
        return thread_of_stay(match.stay)
    if match.guest is None:
        return None
    known = Thread.objects.filter(guest=match.guest, merged_into=None).order_by("-last_activity_at")
    found = known.values_list("pk", flat=True).first()
    return _locked(found) if found is not None else _new(address, match.guest)


def thread_of_stay(stay: Reservation) -> Thread | None:
    """The thread in which the PMS's conversation of the stay is, if it has one; else the stay's own, made if need
    be."""
    known = Thread.objects.filter(stays=stay, merged_into=None).order_by("id")
    found = known.exclude(conversation_id="").values_list("pk", flat=True).first()
    if found is not None:
        return _locked(found)
    thread = conversations.thread_of_stay_id(stay.connection, stay.remote_id)
    return _locked(thread.pk) if thread is not None else None


def _unmatched(match: Match, address: ChannelAddress) -> Thread:
    """Nobody's, or several people's: on in the thread of the one who talked there lately, else in one of its own."""
    rows = ThreadAddress.objects.filter(address=address, thread__merged_into=None)
    if match.candidates:
        # Several people share it: only a talk that is still going on, or one that nobody has claimed, goes on.
        since = clock.now() - STILL_TALKING
        lately = rows.filter(thread__last_activity_at__gte=since).order_by("-thread__last_activity_at")
        row = lately.first() or rows.filter(thread__guest=None).order_by("-id").first()
    else:
        row = rows.filter(thread__stay=None).order_by("-thread__last_activity_at").first()
    return _locked(row.thread_id) if row is not None else _new(address, None)


def _new(address: ChannelAddress, guest: Guest | None) -> Thread:
    now = clock.now()
    return Thread.objects.create(
        organization_id=address.organization_id,
        guest=guest,
        property_id=address.connection.place_id,
        party_name=(guest.full_name if guest else "") or address.name or address.address,
        channel=address.channel,
        status=ThreadStatus.OPEN,
        last_activity_at=now,
        created_at=now,
    )


def _join(thread: Thread, address: ChannelAddress, *, verified: bool) -> bool:
    """Note the address in the thread. Is it one of its guest's?"""
    row, _made = ThreadAddress.objects.get_or_create(
        thread=thread, address=address, defaults={"verified": verified, "since": clock.now()}
    )
    return row.verified


def _learn(guest: Guest, points: list[tuple[str, str]]) -> None:
    """Further addresses that the provider names with one that we know are the same person's."""
    kinds = {AddressKind.WHATSAPP_USER: ContactKind.WHATSAPP_USER, AddressKind.PHONE: ContactKind.PHONE}
    guests.add_points(
        guest, [(kinds[AddressKind(kind)], value) for kind, value in points if AddressKind(kind) in kinds]
    )
