"""Cloudbeds reservations and notes → records, in both shapes: `getReservation`, and `getReservationsWithRateDetails`
with its UTC twins.

Times are local to the property and don't say so. Guests are a map by id, and an empty one may come as a list.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal
from typing import Any

from connectors.contract import wire
from connectors.contract.marks import reference_in, without_marks
from connectors.contract.records import (
    UNSET,
    GuestRecord,
    Money,
    NoteRecord,
    ReservationRecord,
    StayStatus,
    Unset,
)
from connectors.contract.wire import Wire, first, obj, text, told_text
from connectors.pms.cloudbeds.words import GUEST_STATUSES, LATE_CHECK_OUT, SOURCES, STATUSES

Scoped = Callable[[str], str]
"""Makes an id of one property unique in the connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What is needed to understand a property's records."""

    zone: tzinfo
    currency: str = ""


def read_reservation(data: Wire, place: Place, scoped: Scoped = str) -> ReservationRecord:
    unknown: dict[str, str] = {}
    raw_status = text(data.get("status"))
    guests = guests_of(data.get("guestList"))
    main = next(
        (guest for guest in guests if wire.flag(guest.get("isMainGuest"))), guests[0] if guests else {}
    )
    rooms = _rooms(data)
    fields = _custom_fields(data)
    remote_id = text(data.get("reservationID"))
    source, source_raw = _source(data)
    return ReservationRecord(
        external_id=scoped(remote_id),
        version=_version(data, place.zone),
        confirmation_code=remote_id or UNSET,
        status=_status(data, raw_status, main, unknown),
        status_raw=raw_status or None,
        arrival_date=_edge(data, rooms, ("startDate", "reservationCheckIn", "roomCheckIn"), min),
        departure_date=_edge(data, rooms, ("endDate", "reservationCheckOut", "roomCheckOut"), max),
        check_in_time=_clock(data, "estimatedArrivalTime"),
        check_out_time=_late_check_out(fields),
        property_id=told_text(data, "propertyID"),
        unit_id=_unit(rooms, scoped),
        guest_id=_guest_id(data, main, scoped),
        guest=_guest(data, main, scoped),
        source=source,
        source_raw=source_raw,
        channel_code=told_text(data, "thirdPartyIdentifier"),
        adults=_heads(data, rooms, "adults"),
        children=_heads(data, rooms, "children"),
        rate_plan=next((name for room in rooms if (name := text(room.get("rateName")))), UNSET),
        money=_money(data, place.currency),
        custom_fields=fields,
        cancelled_at=wire.instant(data["dateCancelledUTC"]) if "dateCancelledUTC" in data else UNSET,
        created_at=wire.instant(data.get("dateCreatedUTC"))
        or local_instant(data.get("dateCreated"), place.zone),
        unknown=unknown,
        raw=data,
    )


def read_note(data: Wire, reservation_id: str, zone: tzinfo, scoped: Scoped = str) -> NoteRecord | None:
    """A note of a reservation. None for what has no id or no time."""
    written_at = local_instant(data.get("dateCreated"), zone)
    body = text(data.get("reservationNote"))
    if not text(data.get("reservationNoteID")) or written_at is None:
        return None
    return NoteRecord(
        external_id=scoped(text(data["reservationNoteID"])),
        reservation_id=reservation_id,
        author_name=text(data.get("userName")),
        body_text=without_marks(body),
        written_at=written_at,
        reference=reference_in(body),
        raw=data,
    )


# --- time ---
def local_instant(value: Any, zone: tzinfo) -> datetime | None:
    """A local `YYYY-MM-DD HH:MM:SS` as UTC; in the hour that autumn has twice, the earlier one."""
    try:
        return datetime.fromisoformat(text(value)).replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _version(data: Wire, zone: tzinfo) -> str | None:
    """None in the hour that autumn has twice: a read without a version counts as newest, a wrong one could be taken for
    old."""
    if told := wire.version(data.get("dateModifiedUTC")):
        return told
    moment = local_instant(data.get("dateModified"), zone)
    if moment is None:
        return None
    local = moment.astimezone(zone)
    return None if local.utcoffset() != local.replace(fold=1).utcoffset() else wire.version_of(moment)


def _clock(data: Wire, key: str) -> time | Unset | None:
    return wire.local_time(data[key], UTC) if key in data else UNSET


def _late_check_out(fields: Mapping[str, Any] | Unset) -> time | Unset | None:
    """An agreed departure time, from the custom field that we keep it in; where there is none, nothing is told."""
    if fields is UNSET or LATE_CHECK_OUT not in fields:
        return UNSET
    return wire.local_time(fields[LATE_CHECK_OUT], UTC)


# --- what it is ---
def _status(data: Wire, raw: str, main: Wire, unknown: dict[str, str]) -> StayStatus | Unset:
    """The reservation's own status, else its main guest's. Deleted is cancelled."""
    if wire.flag(data.get("isDeleted")):
        return StayStatus.CANCELLED
    if not raw:
        return GUEST_STATUSES.get(text(main.get("guestStatus")).lower(), UNSET)
    status = STATUSES.get(raw.lower())
    if status is None:
        unknown["status"] = raw
        return UNSET
    return status


def _source(data: Wire) -> tuple[str | Unset, str | None]:
    """By display name, which properties may choose: what no table names is simply another."""
    told: Any = data.get("source")
    name = first(
        told.get("name") if isinstance(told, Mapping) else told, data.get("sourceName"), data.get("origin")
    )
    if not name:
        return UNSET, None
    return next((word for part, word in SOURCES if part in name.lower()), "other"), name


# --- guests ---
def guests_of(value: Any) -> list[Wire]:
    """The entries of a `guestList`."""
    return [obj(entry) for entry in value.values()] if isinstance(value, Mapping) else wire.objects(value)


def _guest_id(data: Wire, main: Wire, scoped: Scoped) -> str | Unset | None:
    found = first(main.get("guestID"), data.get("guestID"))
    return scoped(found) if found else UNSET


def _guest(data: Wire, main: Wire, scoped: Scoped) -> GuestRecord | None:
    guest_id = first(main.get("guestID"), data.get("guestID"))
    if not guest_id or not (main or text(data.get("guestName"))):
        return None
    joined = " ".join(wire.texts((main.get("guestFirstName"), main.get("guestLastName"))))
    phones = wire.texts((main.get("guestPhone"), main.get("guestCellPhone")))
    emails = wire.texts((main.get("guestEmail"), data.get("guestEmail")))
    return GuestRecord(
        external_id=scoped(guest_id),
        full_name=joined or text(data.get("guestName")) or UNSET,
        first_name=text(main["guestFirstName"]) if "guestFirstName" in main else UNSET,
        last_name=text(main["guestLastName"]) if "guestLastName" in main else UNSET,
        emails=emails if emails or "guestEmail" in main else UNSET,
        phones=phones if phones or "guestPhone" in main else UNSET,
    )


# --- rooms ---
def _rooms(data: Wire) -> list[Wire]:
    """Assigned ones first, under whichever name the call has them."""
    named = [*wire.objects(data.get("assigned")), *wire.objects(data.get("rooms"))]
    return [*named, *wire.objects(data.get("unassigned"))]


def _edge(
    data: Wire, rooms: Sequence[Wire], names: tuple[str, str, str], which: Callable[..., date]
) -> date | Unset | None:
    """The first arrival or the last departure: rooms of one stay may have other dates."""
    told = [wire.local_date(part.get(name)) for part in (data, *rooms) for name in names]
    days = [day for day in told if day is not None]
    if days:
        return which(days)
    return None if any(name in data for name in names) else UNSET


def _unit(rooms: Sequence[Wire], scoped: Scoped) -> str | Unset | None:
    """The first room that is assigned; None where all are still open."""
    found = next((room_id for room in rooms if (room_id := text(room.get("roomID")))), None)
    return scoped(found) if found else (None if rooms else UNSET)


def _heads(data: Wire, rooms: Sequence[Wire], name: str) -> int | Unset | None:
    counts = [wire.integer(room[name]) for room in rooms if name in room]
    if counts:
        return sum(max(0, count) for count in counts if count is not None)
    told = wire.integer(data.get(name)) if name in data else None
    return told if told is not None and told >= 0 else UNSET


# --- the rest ---
def _money(data: Wire, currency: str) -> Money | Unset:
    told: Any = data.get("balanceDetailed")
    detail = obj(told[0]) if isinstance(told, list) and told else obj(told)
    total = wire.decimal(data.get("total")) if "total" in data else wire.decimal(detail.get("grandTotal"))
    currency = text(data.get("propertyCurrency")) or currency
    if not currency or total is None:
        return UNSET
    names = {"subTotal": "Rooms", "additionalItems": "Additional items", "taxesFees": "Taxes and fees"}
    lines = [(label, amount) for name, label in names.items() if (amount := _amount(detail.get(name)))]
    return Money(
        currency=currency,
        total=total,
        paid=wire.decimal(detail.get("paid")),
        balance=wire.decimal(data.get("balance")),
        lines=tuple(lines),
    )


def _amount(value: Any) -> Decimal:
    return wire.decimal(value) or Decimal(0)


def _custom_fields(data: Wire) -> Mapping[str, Any] | Unset:
    """{shortcode: value}: the shortcode is what a write wants back."""
    if not isinstance(data.get("customFields"), list):
        return UNSET
    found = (
        (first(entry.get("shortcode"), entry.get("customFieldName")), text(entry.get("customFieldValue")))
        for entry in wire.objects(data["customFields"])
    )
    return {name: value for name, value in found if name}
