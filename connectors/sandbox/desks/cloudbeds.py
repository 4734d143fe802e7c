"""The desk of a hotel with Cloudbeds."""

import dataclasses
import secrets
from datetime import timedelta

from connectors.sandbox.actions import hotel, people, stays, talk
from connectors.sandbox.actions.stays import ActionError, Booking
from connectors.sandbox.desks.base import BY, Desk
from connectors.sandbox.records import Block, Conversation, FieldDef, Guest, Json, Post, Stay, Unit
from connectors.sandbox.world import World

_MAIN_HOTEL = "300123"


class CloudbedsDesk(Desk):
    """Rooms, notes and room conditions; what guests write is not to be had."""

    changeable = ("paid", "code")

    def book(self, world: World, booking: Booking) -> Stay:
        """A stay with one room or more of a kind; a room type instead of a room leaves it unassigned."""
        if booking.status not in hotel.STATUSES:
            raise ActionError(f"status is one of {', '.join(hotel.STATUSES)}")
        named = _named(world, booking.unit)
        where = named.property_id if named else _MAIN_HOTEL
        arrival = booking.arrival or hotel.today(world, where) + timedelta(days=7)
        first = named or hotel.free_room(world, where, arrival, arrival + timedelta(days=booking.nights))
        if first is None:
            raise ActionError("the house is full")
        plain = dataclasses.replace(
            booking, unit=first.id, arrival=arrival, conversation=False, same_guest_as=None
        )
        with world.store.tx():
            stay = stays.book(world, plain, lambda row: _dress(world, row, first, booking))
            hotel.open_notes(world, stay)
        return stay

    def dates(self, world: World, stay: Stay, values: Json) -> Stay:
        """Dates of all rooms, and when the guest means to arrive."""
        if "planned_departure" in values:
            raise ActionError(world.house.lacks["planned_departure"])
        with world.store.tx():
            if "arrival" in values or "departure" in values:
                hotel.redate(world, stay, BY, values.get("arrival"), values.get("departure"))
            if "planned_arrival" in values:
                stays.change_stay(world, stay, BY, planned_arrival=str(values["planned_arrival"]))
        return stay

    def status(self, world: World, stay: Stay, status: str) -> Stay:
        """Any status; `deleted` takes the stay away."""
        return hotel.set_status(world, stay, BY, status)

    def cancel(self, world: World, stay: Stay, _who: str | None, _reason: str) -> Stay:
        """The stay is called off; nobody notes by whom or why."""
        return hotel.set_status(world, stay, BY, "canceled")

    def presence(self, world: World, stay: Stay, presence: str) -> Stay:
        """Everybody in, everybody out, or nobody came."""
        return hotel.set_status(world, stay, BY, presence)

    def move(self, world: World, stay: Stay, unit: Unit, room: int) -> Stay:
        """Into another room; into a room type: unassigned again."""
        return hotel.assign(world, stay, BY, room, unit)

    def custom_field(self, world: World, stay: Stay, field: FieldDef, value: object) -> Stay:
        """Set one custom field, kept by its shortcode."""
        return stays.change_stay(world, stay, BY, fields=stay.fields | {field.key: value})

    def staff_notes(self, world: World, thread: Conversation, body: str) -> Post:
        """A note on the stay."""
        stay = world.store.need(Stay, thread.stay_id or "")
        return hotel.add_note(world, stay, body, "staff", talk.front_desk(world))

    def edit_note(self, world: World, key: str, body: str | None) -> Post:
        """Another text, or away with it."""
        post = world.store.need(Post, key)
        if post.direction != talk.NOTE or post.stay_id is None:
            raise ActionError("that is no note of a stay")
        return hotel.change_note(world, post, body)

    def edit_guest(self, world: World, guest: Guest, values: Json) -> Guest:
        """Guest data; the stay's version stays as it is."""
        return people.edit_guest(world, guest, BY, values)

    def cleaning(self, world: World, unit: Unit, state: str) -> Unit:
        """Another room condition."""
        if state not in world.house.conditions:
            raise ActionError(f"a room is {', '.join(world.house.conditions)}")
        with world.store.tx():
            return hotel.set_condition(world, unit, state)

    def block(self, world: World, unit: Unit, nights: int, reason: str) -> Json:
        """A room goes out of service from today."""
        start, end = hotel.nights_from(hotel.today(world, unit.property_id), max(nights, 1))
        key = world.new_id("block")
        block = Block(key, unit.property_id, "out_of_service", reason, start, end, [unit.id])
        return dataclasses.asdict(hotel.add_block(world, block))


def _named(world: World, name: str | None) -> Unit | None:
    if name is None:
        return None
    found = world.store.find(Unit, "id = ? OR name = ?", (name, name))
    if not found:
        raise ActionError(f"no unit is called {name}")
    return found[0]


def _dress(world: World, stay: Stay, first: Unit, booking: Booking) -> None:
    """Rooms, price and what the channel calls the stay."""
    stay.extra["property_id"] = first.property_id
    stay.code = "" if stay.platform in ("website", "walkin", "phone") else str(secrets.randbelow(10**10))
    room_type = world.store.need(Unit, first.parent_id) if first.parent_id else first
    start, end = stay.arrival, stay.departure
    for number in range(max(booking.rooms, 1)):
        room: Unit | None = None
        if first.parent_id:
            room = first if number == 0 else _another(world, stay, room_type)
        stay.rooms.append(hotel.new_room(stay.id, number, room_type, room, (start, end)))
    stay.rooms[0]["guest"] = stay.guest_id
    guest = world.store.need(Guest, stay.guest_id)
    guest.extra |= {"property_id": first.property_id, "country": "ES"}
    world.store.put(guest)
    for name, value in hotel.summed(world, stay, stay.rooms).items():
        setattr(stay, name, value)


def _another(world: World, stay: Stay, room_type: Unit) -> Unit | None:
    mine = {row["room"] for row in stay.rooms}
    rooms = world.store.find(Unit, "parent_id = ?", (room_type.id,))
    return next((room for room in rooms if room.id not in mine), None)
