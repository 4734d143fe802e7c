"""Little Hotel's objects → Bellhop's records. Missing is UNSET, empty is None, an unknown word is reported."""

from __future__ import annotations

from datetime import UTC
from typing import Final

from connectors.contract import wire
from connectors.contract.marks import reference_in, without_marks
from connectors.contract.records import (
    UNSET,
    GuestRecord,
    NoteRecord,
    PropertyRecord,
    ReservationRecord,
    StayStatus,
    UnitRecord,
)
from connectors.contract.wire import Wire, obj, text, told_text

STATUSES: Final = {
    "option": StayStatus.TENTATIVE,
    "booked": StayStatus.CONFIRMED,
    "in_house": StayStatus.CHECKED_IN,
    "gone": StayStatus.CHECKED_OUT,
    "void": StayStatus.CANCELLED,
    "no_show": StayStatus.NO_SHOW,
}


def read_property(hotel: Wire) -> PropertyRecord:
    return PropertyRecord(
        external_id=text(hotel.get("id")),
        name=text(hotel.get("name")),
        timezone=text(hotel.get("zone")) or None,
        raw=hotel,
    )


def read_unit(room: Wire, hotel: Wire) -> UnitRecord:
    return UnitRecord(
        external_id=text(room.get("id")),
        property_id=text(hotel.get("id")),
        name=text(room.get("name")),
        timezone=told_text(hotel, "zone"),
        raw=room,
    )


def read_booking(booking: Wire) -> ReservationRecord:
    word = text(booking.get("status"))
    status = STATUSES.get(word, UNSET)
    guest = read_guest(obj(booking["guest"])) if "guest" in booking else None
    return ReservationRecord(
        external_id=text(booking.get("id")),
        version=wire.version(booking.get("changed")),
        confirmation_code=told_text(booking, "code"),
        status=status,
        status_raw=word or None,
        unknown={"status": word} if word and status is UNSET else {},
        arrival_date=wire.local_date(booking["from"]) if "from" in booking else UNSET,
        departure_date=wire.local_date(booking["to"]) if "to" in booking else UNSET,
        check_in_time=wire.local_time(booking["arrives_at"], UTC) if "arrives_at" in booking else UNSET,
        unit_id=told_text(booking, "room"),
        guest_id=guest.external_id if guest else UNSET,
        guest=guest,
        source="direct",
        raw=booking,
    )


def read_guest(guest: Wire) -> GuestRecord:
    return GuestRecord(
        external_id=text(guest.get("id")),
        full_name=text(guest["name"]) if "name" in guest else UNSET,
        emails=wire.texts([guest["email"]]) if "email" in guest else UNSET,
        raw=guest,
    )


def read_note(note: Wire, booking_id: str) -> NoteRecord | None:
    """None for what has no id or time. A token of ours is taken out of the text and told apart."""
    told, written_at = text(note.get("text")), wire.instant(note.get("at"))
    if not text(note.get("id")) or written_at is None:
        return None
    return NoteRecord(
        external_id=text(note["id"]),
        reservation_id=booking_id,
        author_name=text(note.get("by")),
        body_text=without_marks(told),
        written_at=written_at,
        reference=reference_in(told),
        raw=note,
    )
