"""Guesty reservations → ReservationRecord. Two shapes: v3 with `stay[]`, and flat (legacy objects, lean v2
events)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, tzinfo
from typing import Any

from connectors.contract import wire
from connectors.contract.records import UNSET, GuestRecord, Money, ReservationRecord, StayStatus, Unset
from connectors.contract.wire import Wire, first, identifier, obj, text
from connectors.pms.guesty import people
from connectors.pms.guesty.words import SOURCES, STATUSES, STAY_STATUSES


def reservation_id(data: Wire) -> str:
    """The id under any of the names that Guesty gives it."""
    return first(data.get("_id"), data.get("reservationId"), data.get("id"))


def read_reservation(data: Wire, fallback_zone: str, version: str | None = None) -> ReservationRecord:
    """One reservation in either shape. `version` (of the event that told it) wins over `lastUpdatedAt`."""
    unknown: dict[str, str] = {}
    status = read_status(data, unknown)
    source, source_raw = _source(data, unknown)
    stays = wire.objects(data.get("stay")) or [data]
    zone = wire.zone_of(obj(data.get("listing")).get("timezone"), data.get("timezone"), fallback_zone)
    opening = min(stays, key=lambda stay: _date(stay, "checkIn", zone) or date.max)
    closing = max(stays, key=lambda stay: _date(stay, "checkOut", zone) or date.min)
    listing = obj(data.get("listing"))
    return ReservationRecord(
        external_id=reservation_id(data),
        version=version or wire.version(data.get("lastUpdatedAt")),
        confirmation_code=wire.told_text(data, "confirmationCode"),
        status=status,
        status_raw=_status_raw(data),
        arrival_date=_told_date(opening, "checkIn", zone),
        departure_date=_told_date(closing, "checkOut", zone),
        check_in_time=_clock(opening, listing, ("plannedArrival", "eta"), "defaultCheckInTime", zone),
        check_out_time=_clock(closing, listing, ("plannedDeparture", "etd"), "defaultCheckOutTime", zone),
        unit_id=_unit(opening),
        guest_id=_guest_id(data),
        guest=_guest(data),
        conversation_id=wire.told_text(data, "conversationId"),
        source=source,
        source_raw=source_raw,
        channel_code=_channel_code(data),
        **_party(stays),
        rate_plan=wire.told_text(opening, "ratePlanId"),
        money=_money(data),
        door_code=_door_code(data),
        notes=_notes(data),
        custom_fields=_custom_fields(data),
        cancelled_at=wire.instant(data["canceledAt"]) if "canceledAt" in data else UNSET,
        cancelled_by=wire.told_text(data, "canceledBy"),
        is_owner_stay=_is_owner_stay(data),
        created_at=wire.instant(data.get("createdAt")),
        unknown=unknown,
        raw=data,
    )


def read_status(data: Wire, unknown: dict[str, str]) -> StayStatus | Unset:
    """Our word, UNSET where Guesty's is missing or new to us (then it stands in `unknown`)."""
    raw = text(data.get("status"))
    if not raw:
        return UNSET
    status = STATUSES.get(raw.lower())
    if status is None:
        unknown["status"] = raw
        return UNSET
    stay = text(obj(data.get("guestStay")).get("status"))
    if status is not StayStatus.CONFIRMED or not stay:
        return status
    if stay.lower() not in STAY_STATUSES:
        unknown["guestStay.status"] = stay
        return UNSET
    return STAY_STATUSES[stay.lower()]


def needs_stay_state(data: Wire) -> bool:
    """Is it confirmed, but not told whether the guest is in the house? (Legacy objects don't tell.)"""
    return text(data.get("status")).lower() == "confirmed" and not obj(data.get("guestStay"))


def _status_raw(data: Wire) -> str | None:
    stay = text(obj(data.get("guestStay")).get("status"))
    raw = text(data.get("status"))
    return (f"{raw}/{stay}" if stay and stay != "not_set" else raw) or None


def _source(data: Wire, unknown: dict[str, str]) -> tuple[str | Unset, str | None]:
    platform = first(data.get("platform"), obj(data.get("integration")).get("platform"))
    source = text(data.get("source"))
    raw = ": ".join(wire.texts((platform, source))) or None
    named = platform or source
    if not named:
        return UNSET, raw
    word = SOURCES.get(named.lower())
    if word is None:
        unknown["platform" if platform else "source"] = named
    return word or "other", raw


def _is_owner_stay(data: Wire) -> bool:
    owner = obj(obj(data.get("creationInfo")).get("owner"))
    return text(data.get("source")).lower() == "owner" or bool(identifier(owner))


def _date(stay: Wire, name: str, zone: tzinfo) -> date | None:
    """The local date; from the instant only where no local date is told (its UTC date may be another day)."""
    local = wire.local_date(stay.get(f"{name}DateLocalized"))
    moment = wire.instant(stay.get(name))
    return local or (moment.astimezone(zone).date() if moment else None)


def _told_date(stay: Wire, name: str, zone: tzinfo) -> date | Unset | None:
    if f"{name}DateLocalized" not in stay and name not in stay:
        return UNSET
    return _date(stay, name, zone)


def _clock(
    stay: Wire, listing: Wire, names: tuple[str, str], default: str, zone: tzinfo
) -> time | Unset | None:
    """The agreed clock time (`plannedArrival` flat, `eta` in v3), else the listing's default if that is
    told."""
    for name in names:
        found = wire.local_time(stay.get(name), zone)
        if found is not None:
            return found
    usual = wire.local_time(listing.get(default), zone)
    if usual is not None:
        return usual
    return None if any(name in stay for name in names) else UNSET


def _unit(stay: Wire) -> str | Unset | None:
    names = ("unitId", "unitTypeId", "listingId")
    found = next((unit for unit in (identifier(stay.get(name)) for name in names) if unit), None)
    return found if found or any(name in stay for name in names) else UNSET


def _guest_id(data: Wire) -> str | Unset | None:
    found = first(data.get("bookerId"), data.get("guestId"), obj(data.get("guest")).get("_id"))
    return found or (None if "bookerId" in data or "guestId" in data else UNSET)


def _guest(data: Wire) -> GuestRecord | None:
    guest = obj(data.get("guest"))
    told = _guest_id(data)
    return people.read_guest(guest, external_id=told or "") if guest and (told or guest.get("_id")) else None


def _channel_code(data: Wire) -> str | Unset | None:
    """The channel's own code: for Airbnb it is the confirmation code, others keep it under their platform's
    name."""
    integration = obj(data.get("integration"))
    platform = first(data.get("platform"), integration.get("platform"))
    if platform.lower().startswith("airbnb"):
        return wire.told_text(data, "confirmationCode")
    detail = obj(integration.get(platform))
    return wire.told_text(detail, "channelReservationId")


def _party(stays: list[Wire]) -> dict[str, Any]:
    """Heads per kind. Over several stays the largest, since one party moving rooms must not count twice."""
    names = {"adults": "numberOfAdults", "children": "numberOfChildren"}
    names |= {"infants": "numberOfInfants", "pets": "numberOfPets"}
    party: dict[str, int | Unset] = {}
    for ours, theirs in names.items():
        told = [wire.integer(obj(stay.get("numberOfGuests")).get(theirs)) for stay in stays]
        party[ours] = max((count for count in told if count is not None), default=UNSET)
    if party["adults"] is UNSET:
        told = [wire.integer(stay.get("guestsCount")) for stay in stays]
        party["adults"] = max((count for count in told if count is not None), default=UNSET)
    return party


def _money(data: Wire) -> Money | Unset:
    money = obj(data.get("money"))
    currency = text(money.get("currency"))
    if not currency:
        return UNSET
    lines = [
        (text(item.get("title")), amount)
        for item in wire.objects(money.get("invoiceItems"))
        if (amount := wire.decimal(item.get("amount"))) is not None
    ]
    return Money(
        currency=currency,
        total=wire.decimal(money.get("subTotalPrice")),
        paid=wire.decimal(money.get("totalPaid")),
        balance=wire.decimal(money.get("balanceDue")),
        lines=tuple(lines),
    )


def _door_code(data: Wire) -> str | Unset | None:
    notes = obj(data.get("notes"))
    code = first(notes.get("keyCode"), data.get("keyCode"))
    return code or (None if "keyCode" in notes or "keyCode" in data else UNSET)


def _notes(data: Wire) -> Mapping[str, str] | Unset:
    notes = data.get("notes")
    if isinstance(notes, Mapping):
        return {name: text(notes[name]) for name in notes if name != "keyCode" and text(notes[name])}
    note = wire.told_text(data, "note")
    return UNSET if note is UNSET else ({"other": note} if note else {})


def _custom_fields(data: Wire) -> Mapping[str, Any] | Unset:
    if not isinstance(data.get("customFields"), list):
        return UNSET
    return custom_fields(data["customFields"])


def custom_fields(values: Any) -> dict[str, Any]:
    """`[{fieldId, value}]` → {field id: value}."""
    found = ((identifier(entry.get("fieldId")), entry.get("value")) for entry in wire.objects(values))
    return {field: value for field, value in found if field}


def since_text(moment: datetime) -> str:
    """An instant as filters want it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
