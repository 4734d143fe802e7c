"""Booking, changing and ending stays."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from connectors.sandbox.actions.talk import write_log
from connectors.sandbox.clock import iso
from connectors.sandbox.happenings import GuestChanged, StayChanged
from connectors.sandbox.records import Conversation, Guest, Property, Stay, Unit
from connectors.sandbox.world import World

CHANNELS = ("airbnb2", "bookingCom", "homeaway2", "expedia", "tripAdvisor", "rentalsUnited")
DOORS = ("v3", "legacy", "channel")
_GUEST_FORMAT = "{}@guest.example"


class ActionError(ValueError):
    """This can't be done; the text says why."""


@dataclass(frozen=True)
class Booking:
    """A wish for a stay. Without a unit or an arrival, the next free one is found."""

    guest_name: str
    source: str
    status: str
    nights: int = 2
    unit: str | None = None
    arrival: date | None = None
    language: str = "en"
    email: str | None = None
    phone: str | None = None
    made_in: str | None = None
    conversation: bool = True
    same_guest_as: str | None = None
    """Another stay, by id or code, whose guest and conversation this one shares."""
    rooms: int = 1
    """How many rooms of the unit's kind, where a stay can have several."""


Dress = Callable[[Stay], None]


def _as_it_is(_: Stay) -> None:
    """Leave the stay as it is."""


def book(world: World, booking: Booking, dress: Dress = _as_it_is) -> Stay:
    """Make guest, conversation and stay, and announce them; `dress` adds what the vendor adds. Raises ActionError."""
    if booking.nights < 1 or not booking.guest_name.strip():
        raise ActionError("a booking needs a guest's name and at least one night")
    if booking.source not in world.house.sources:
        raise ActionError(f"source is one of {', '.join(world.house.sources)}")
    if booking.made_in not in (None, *DOORS):
        raise ActionError(f"made_in is one of {', '.join(DOORS)}")
    unit = _unit(world, booking)
    zone = ZoneInfo(world.store.need(Property, unit.property_id).timezone)
    arrival = booking.arrival or world.clock.now().astimezone(zone).date() + timedelta(days=7)
    earlier = find_stay(world, booking.same_guest_as) if booking.same_guest_as else None
    with world.store.tx():
        guest = world.store.need(Guest, earlier.guest_id) if earlier else _new_guest(world, booking)
        stay = _new_stay(world, booking, unit, guest, arrival, zone)
        dress(stay)
        world.store.put(stay)
        if earlier:
            stay.conversation_id = earlier.conversation_id
            world.store.put(stay)
        else:
            world.announce(GuestChanged(guest, "created", "system"))
        if booking.conversation:
            open_conversation(world, stay)
        world.announce(StayChanged(stay, stay.updated_at, new=True))
    return stay


def _unit(world: World, booking: Booking) -> Unit:
    if booking.unit is None:
        rentable = world.store.find(Unit, "active AND kind <> 'MTL'")
        return secrets.choice(rentable)
    found = world.store.get(Unit, booking.unit) or next(
        iter(world.store.find(Unit, "name = ?", (booking.unit,))), None
    )
    if found is None:
        raise ActionError(f"no unit is called {booking.unit}")
    return found


def _new_guest(world: World, booking: Booking) -> Guest:
    first, _, last = booking.guest_name.strip().partition(" ")
    now = world.clock.iso()
    guest = Guest(
        world.new_id("guest"), first, last, booking.language, now, now, booking.email, booking.phone
    )
    guest.email = guest.email or _GUEST_FORMAT.format(guest.id[-8:])
    world.store.put(guest)
    return guest


def _new_stay(
    world: World, booking: Booking, unit: Unit, guest: Guest, arrival: date, zone: ZoneInfo
) -> Stay:
    now = world.clock.iso()
    departure = arrival + timedelta(days=booking.nights)
    default_door = "channel" if booking.source in CHANNELS else "v3"
    return Stay(
        id=world.new_id("stay"),
        code=new_code(booking.source),
        status=booking.status,
        unit_id=unit.id,
        guest_id=guest.id,
        arrival=arrival.isoformat(),
        departure=departure.isoformat(),
        check_in_at=instant(arrival, unit.check_in_time, zone),
        check_out_at=instant(departure, unit.check_out_time, zone),
        platform="manual" if booking.source == "owner" else booking.source,
        source=world.house.sources[booking.source],
        made_in=booking.made_in or default_door,
        created_at=now,
        updated_at=now,
        currency=unit.currency,
        fare=float(unit.nightly * booking.nights),
        cleaning_fee=40.0,
        confirmed_at=now if booking.status == "confirmed" else None,
    )


def open_conversation(world: World, stay: Stay) -> Conversation:
    """The stay's conversation; made if it has none, with the log lines that the PMS writes."""
    with world.store.tx():
        conversation = world.store.get(Conversation, stay.conversation_id) or _new_conversation(world, stay)
        if stay.status == "confirmed":
            write_log(world, conversation, f"Reservation {stay.code} status changed to confirmed")
    return conversation


def _new_conversation(world: World, stay: Stay) -> Conversation:
    guest, now = world.store.need(Guest, stay.guest_id), world.clock.iso()
    subject = f"New guest reservation {stay.code} {stay.status}..."
    conversation = Conversation(
        world.new_id("conversation"), "guest", guest.id, stay.platform, guest.language, subject, now, now
    )
    stay.conversation_id = conversation.id
    world.store.put(conversation)
    world.store.put(stay)
    write_log(world, conversation, "New guest inquiry")
    return conversation


def new_code(source: str) -> str:
    """A confirmation code in the form of the channel."""
    if source == "bookingCom":
        return str(4_000_000_000 + secrets.randbelow(999_999_999))
    letters = "".join(secrets.choice("ABCDEFGHJKLMNPQRSTUVWXYZ23456789") for _ in range(8))
    return f"HM{letters}" if source == "airbnb2" else f"GY-{letters}"


def instant(day: date, at: str, zone: ZoneInfo) -> str:
    """A local date and `HH:MM` of a zone as a UTC instant."""
    hour, minute = (int(part) for part in at.split(":"))
    return iso(datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone))


def nights(stay: Stay) -> int:
    """How many nights the stay has."""
    return (date.fromisoformat(stay.departure) - date.fromisoformat(stay.arrival)).days


def change_stay(world: World, stay: Stay, by: str, **values: object) -> Stay:
    """Set fields, log and announce the change; nothing happens if nothing differs."""
    with world.store.tx():
        if was := world.record_change(stay, by, **values):
            world.announce(StayChanged(stay, stay.updated_at, was=was))
    return stay


def change_dates(world: World, stay: Stay, by: str, values: dict[str, object]) -> Stay:
    """Set `arrival`, `departure` and the planned times, recompute instants and price. Raises ActionError."""
    arrival = date.fromisoformat(str(values.get("arrival", stay.arrival)))
    departure = date.fromisoformat(str(values.get("departure", stay.departure)))
    if departure <= arrival:
        raise ActionError("the departure lies after the arrival")
    unit = world.store.need(Unit, stay.unit_id)
    zone = ZoneInfo(world.store.need(Property, unit.property_id).timezone)
    planned_in = str(values.get("planned_arrival") or stay.planned_arrival or unit.check_in_time)
    planned_out = str(values.get("planned_departure") or stay.planned_departure or unit.check_out_time)
    changed: dict[str, object] = values | {"arrival": arrival.isoformat(), "departure": departure.isoformat()}
    changed["check_in_at"] = instant(arrival, planned_in, zone)
    changed["check_out_at"] = instant(departure, planned_out, zone)
    if changed["arrival"] != stay.arrival or changed["departure"] != stay.departure:
        changed["fare"] = float(unit.nightly * (departure - arrival).days)
    return change_stay(world, stay, by, **changed)


def set_status(
    world: World, stay: Stay, by: str, status: str, who: str = "TEAM_MEMBER", reason: str = ""
) -> Stay:
    """Set the status; a cancellation notes when, by whom and why, and every change is logged in the thread."""
    if stay.status == status:
        return stay
    values: dict[str, object] = {"status": status}
    if status in (world.house.cancelled, "declined", "expired", "closed"):
        values |= {"cancelled_at": world.clock.iso(), "cancelled_by": who, "cancel_reason": reason or None}
    elif status == "confirmed":
        values |= {"confirmed_at": world.clock.iso(), "cancelled_at": None, "cancelled_by": None}
    with world.store.tx():
        change_stay(world, stay, by, **values)
        conversation = world.store.get(Conversation, stay.conversation_id)
        if conversation and world.house.keeps_log:
            write_log(world, conversation, f"Reservation {stay.code} status changed to {status}")
    return stay


def set_presence(world: World, stay: Stay, by: str, presence: str) -> Stay:
    """Check the guest in or out, or mark a no-show."""
    return change_stay(world, stay, by, presence=presence, presence_at=world.clock.iso())


def find_stay(world: World, key: str) -> Stay:
    """The stay with this id or confirmation code. Raises MissingError."""
    by_code = world.store.find(Stay, "code = ?", (key,), limit=1)
    return by_code[0] if by_code else world.store.need(Stay, key)
