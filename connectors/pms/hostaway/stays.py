"""Hostaway reservations → ReservationRecord (https://api.hostaway.com/documentation#reservation-object).

Times look local and are UTC; hours look like numbers and are local. `reservationId` in here is the channel's id, while
everywhere else it is Hostaway's.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time
from decimal import Decimal
from typing import Any

from connectors.contract import wire
from connectors.contract.marks import without_marks
from connectors.contract.records import UNSET, GuestRecord, Money, ReservationRecord, StayStatus, Unset
from connectors.contract.wire import Wire, first, obj, text, told_text
from connectors.pms.hostaway.words import CHANNEL_NAMES, CHANNELS, OWNER_STAY, STATUSES

_LAST_HOUR = 23


def guest_id(reservation_id: str) -> str:
    """Guests are no resource of their own: each is the one of a reservation."""
    return f"reservation:{reservation_id}"


def unit_id(listing_id: str, listing_unit_id: str) -> str:
    """Rooms of a listing are numbered apart from listings: both numbers name one."""
    return f"{listing_id}/{listing_unit_id}"


def read_reservation(data: Wire) -> ReservationRecord:
    """One reservation as read or as pushed; what a payload doesn't hold stays UNSET."""
    unknown: dict[str, str] = {}
    external_id = first(data.get("id"), data.get("hostawayReservationId"))
    raw_status = text(data.get("status"))
    source, source_raw = _source(data, unknown)
    return ReservationRecord(
        external_id=external_id,
        version=wire.version(data.get("updatedOn")),
        confirmation_code=_first_told(data, "confirmationCode", "channelReservationId"),
        status=_status(data, raw_status, unknown),
        status_raw=raw_status or None,
        arrival_date=_day(data, "arrivalDate"),
        departure_date=_day(data, "departureDate"),
        check_in_time=_hour(data, "checkInTime"),
        check_out_time=_hour(data, "checkOutTime"),
        property_id=told_text(data, "listingMapId"),
        unit_id=_unit(data),
        guest_id=guest_id(external_id),
        guest=_guest(data, external_id),
        source=source,
        source_raw=source_raw,
        channel_code=_first_told(data, "channelReservationId", "reservationId"),
        **_party(data),
        rate_plan=told_text(data, "externalRatePlanId"),
        money=_money(data),
        door_code=told_text(data, "doorCode"),
        notes=_notes(data),
        custom_fields=_custom_fields(data),
        cancelled_at=wire.instant(data["cancellationDate"]) if "cancellationDate" in data else UNSET,
        cancelled_by=told_text(data, "cancelledBy"),
        is_owner_stay=raw_status.lower() == OWNER_STAY,
        created_at=wire.instant(first(data.get("reservationDate"), data.get("insertedOn"))),
        unknown=unknown,
        raw=data,
    )


def channel_of(data: Wire) -> str:
    """Our word for a reservation's (or message's) channel; empty where it is neither told nor known."""
    return CHANNELS.get(text(data.get("channelId"))) or CHANNEL_NAMES.get(
        text(data.get("channelName")).lower(), ""
    )


def _status(data: Wire, raw: str, unknown: dict[str, str]) -> StayStatus | Unset:
    if not raw:
        return UNSET
    status = STATUSES.get(raw.lower())
    if status is None:
        unknown["status"] = raw
        return UNSET
    no_show = status is StayStatus.CONFIRMED and text(data.get("bookingcomNoShowReportedAt"))
    return StayStatus.NO_SHOW if no_show else status


def _source(data: Wire, unknown: dict[str, str]) -> tuple[str | Unset, str | None]:
    number, name = text(data.get("channelId")), text(data.get("channelName"))
    if not number and not name:
        return UNSET, None
    word = channel_of(data)
    if not word:
        unknown["channelId" if number else "channelName"] = number or name
    return word or "other", name or number


def _first_told(data: Wire, *names: str) -> str | Unset | None:
    if not any(name in data for name in names):
        return UNSET
    return first(*(data.get(name) for name in names)) or None


def _day(data: Wire, key: str) -> date | Unset | None:
    """With unspecified dates both say "yesterday": there are none."""
    if wire.flag(data.get("isDatesUnspecified")):
        return None
    if key not in data:
        return UNSET
    return wire.local_date(data[key])


def _hour(data: Wire, key: str) -> time | Unset | None:
    """0 is midnight; null is "as usual"."""
    if key not in data:
        return UNSET
    if data[key] is None:
        return None
    hour = wire.integer(data[key])
    return time(hour) if hour is not None and 0 <= hour <= _LAST_HOUR else UNSET


def _unit(data: Wire) -> str | Unset | None:
    listing = text(data.get("listingMapId"))
    rooms = wire.objects(data.get("reservationUnit"))
    named = next((found for room in rooms if (found := text(room.get("listingUnitId")))), "")
    if listing and named:
        return unit_id(listing, named)
    return told_text(data, "listingMapId")


def _guest(data: Wire, external_id: str) -> GuestRecord | None:
    names = ("guestName", "guestFirstName", "guestLastName", "guestEmail", "phone", "guestLocale")
    if not external_id or not any(name in data for name in names):
        return None
    joined = " ".join(wire.texts((data.get("guestFirstName"), data.get("guestLastName"))))
    return GuestRecord(
        external_id=guest_id(external_id),
        full_name=joined or text(data.get("guestName")) or UNSET,
        first_name=text(data["guestFirstName"]) if "guestFirstName" in data else UNSET,
        last_name=text(data["guestLastName"]) if "guestLastName" in data else UNSET,
        emails=wire.texts([data["guestEmail"]]) if "guestEmail" in data else UNSET,
        phones=wire.texts([data["phone"]]) if "phone" in data else UNSET,
        language=told_text(data, "guestLocale"),
    )


def _party(data: Wire) -> dict[str, Any]:
    found: dict[str, int | Unset | None] = {
        name: wire.integer(data[name]) if name in data else UNSET
        for name in ("adults", "children", "infants", "pets")
    }
    if found["adults"] in {UNSET, None} and "numberOfGuests" in data:
        found["adults"] = wire.integer(data["numberOfGuests"])
    return {name: UNSET if count and count < 0 else count for name, count in found.items()}


def _money(data: Wire) -> Money | Unset:
    """What is open is told only where it was asked for: without it the totals that we hold are the better ones."""
    currency, total = text(data.get("currency")), wire.decimal(data.get("totalPrice"))
    if not currency or "remainingBalance" not in data:
        return UNSET
    balance = wire.decimal(data["remainingBalance"])
    if balance is None and wire.flag(data.get("isPaid")):
        balance = Decimal(0)
    lines = [
        (first(line.get("title"), line.get("name")), amount)
        for line in wire.objects(data.get("financeField"))
        if not wire.flag(line.get("isDeleted")) and (amount := wire.decimal(line.get("total"))) is not None
    ]
    return Money(
        currency=currency,
        total=total,
        paid=total - balance if total is not None and balance is not None else None,
        balance=balance,
        lines=tuple(lines),
    )


def _notes(data: Wire) -> Mapping[str, str] | Unset:
    names = {"hostNote": "host", "guestNote": "guest", "comment": "comment"}
    if not any(name in data for name in names):
        return UNSET
    found = {ours: without_marks(text(data.get(theirs))) for theirs, ours in names.items()}
    found["requests"] = text(obj(data.get("bookingcomSpecialRequests")).get("remarks"))
    return {name: note for name, note in found.items() if note}


def _custom_fields(data: Wire) -> Mapping[str, Any] | Unset:
    if not isinstance(data.get("customFieldValues"), list):
        return UNSET
    return custom_fields(data["customFieldValues"])


def custom_fields(values: Any) -> dict[str, Any]:
    """`[{customFieldId, value}]` → {field id: value}."""
    found = ((text(entry.get("customFieldId")), entry.get("value")) for entry in wire.objects(values))
    return {field: value for field, value in found if field}
