"""The desk of a company that rents homes out with Hostaway."""

import secrets
from collections.abc import Sequence

from connectors.sandbox.actions import homes, people, stays, talk
from connectors.sandbox.actions.stays import ActionError, Booking
from connectors.sandbox.desks.base import BY, Desk
from connectors.sandbox.records import Conversation, Guest, Json, Post, Stay, Unit
from connectors.sandbox.world import World

_EXTRAS = (
    "guestNote",
    "comment",
    "doorCodeVendor",
    "doorCodeInstruction",
    "checkInTime",
    "checkOutTime",
    "isDatesUnspecified",
    "isArchived",
    "isStarred",
    "isPinned",
)


class HostawayDesk(Desk):
    """Notes are one text of the stay, each stay has conversations of its own, guests exist only in their stay."""

    changeable = ("adults", "children", "infants", "pets", "key_code", "note", "paid", "fare", *_EXTRAS)

    def book(self, world: World, booking: Booking) -> Stay:
        """A new stay, with a conversation unless it came over iCal."""
        if booking.same_guest_as:
            raise ActionError("Hostaway has no guests that are shared by stays")
        with world.store.tx():
            wants_talk = booking.conversation and booking.source not in homes.ICAL
            quiet = Booking(**{**_fields(booking), "conversation": False})
            stay = stays.book(world, quiet, lambda row: _dress(world, row))
            if wants_talk:
                homes.add_conversation(world, stay)
        return stay

    def dates(self, world: World, stay: Stay, values: Json) -> Stay:
        """Dates come with two webhooks; times are whole hours."""
        hours = {
            name: _hour(str(values[planned]))
            for planned, name in (("planned_arrival", "checkInTime"), ("planned_departure", "checkOutTime"))
            if planned in values
        }
        arrival, departure = (str(values.get(name, getattr(stay, name))) for name in ("arrival", "departure"))
        with world.store.tx():
            if (arrival, departure) != (stay.arrival, stay.departure):
                homes.redate(world, stay, BY, arrival, departure)
            homes.set_hours(world, stay, BY, hours)
        return stay

    def presence(self, world: World, stay: Stay, presence: str) -> Stay:
        """Only a no-show, and only of Booking.com, can be told."""
        if presence != "no_show":
            raise ActionError(world.house.lacks["/reservations/{key}/check-in"])
        if stay.platform != "bookingcom":
            raise ActionError("only Booking.com is told of a no-show")
        extra = stay.extra | {"bookingcomNoShowReportedAt": world.clock.iso()}
        return stays.change_stay(world, stay, BY, extra=extra)

    def move(self, world: World, stay: Stay, unit: Unit, room: int) -> Stay:
        """Into another listing, or another unit of a listing that has several."""
        if room:
            raise ActionError("the stay is moved as a whole")
        values: Json = {"unit_id": unit.id} | ({"status": "modified"} if stay.status == "new" else {})
        return stays.change_stay(world, stay, BY, **values)

    def change(self, world: World, stay: Stay, values: Json) -> Stay:
        """Plain fields, Hostaway's own under their names."""
        unknown = set(values) - set(self.changeable)
        if unknown or not values:
            raise ActionError(f"a stay has {', '.join(self.changeable)}")
        own = {name: value for name, value in values.items() if name in _EXTRAS}
        plain = {name: value for name, value in values.items() if name not in _EXTRAS}
        return stays.change_stay(world, stay, BY, **plain, extra=stay.extra | own)

    def open_conversation(self, world: World, stay: Stay) -> Stay:
        """One more conversation; the stay may have one already."""
        homes.add_conversation(world, stay)
        return stay

    def guest_writes(
        self, world: World, thread: Conversation, body: str, module: str | None, attachments: Sequence[Json]
    ) -> Post:
        """The guest writes; by the channel, e-mail, SMS or WhatsApp."""
        return talk.guest_writes(
            world, thread, body, _module(world, module) or talk.usual_module(world, thread), attachments
        )

    def staff_replies(self, world: World, thread: Conversation, body: str, module: str | None) -> Post:
        """Somebody types an answer in Hostaway."""
        kind = _module(world, module) or talk.usual_module(world, thread)
        return homes.outgoing(world, thread, body, kind, "staff", talk.front_desk(world))

    def staff_notes(self, world: World, thread: Conversation, body: str) -> Post:
        """One more line in the reservation's text for notes."""
        stay = world.store.need(Stay, thread.stay_id or "")
        stays.change_stay(world, stay, BY, note=f"{stay.note}\n{body}".strip())
        return Post(
            f"note-{stay.id}",
            thread.id,
            body,
            "hostNote",
            talk.NOTE,
            "staff",
            talk.front_desk(world),
            stay.updated_at,
        )

    def edit_guest(self, world: World, guest: Guest, values: Json) -> Guest:
        """Guest data sit on the reservation, so that changes."""
        with world.store.tx():
            people.edit_guest(world, guest, BY, values)
            homes.guest_changed(world, guest)
        return guest


def _fields(booking: Booking) -> Json:
    return {name: getattr(booking, name) for name in Booking.__dataclass_fields__}


def _module(world: World, module: str | None) -> str | None:
    if module is not None and module not in world.house.modules:
        raise ActionError(f"module is one of {', '.join(world.house.modules)}")
    return module


def _hour(text: str) -> int:
    hour, _, minute = text.partition(":")
    if not hour.isdigit() or int(hour) > 23 or minute not in ("", "00"):
        raise ActionError("Hostaway's times are whole hours")
    return int(hour)


def _dress(world: World, stay: Stay) -> None:
    """What a channel brings along: its own id, Airbnb's code; iCal brings no contact."""
    unit = world.store.need(Unit, stay.unit_id)
    stay.code = f"61010-{unit.parent_id or unit.id}-{homes.CHANNEL_IDS[stay.platform]}-{secrets.randbelow(10**10):010d}"
    if stay.platform == "airbnbOfficial":
        stay.extra["confirmationCode"] = stays.new_code("airbnb2")
        stay.extra["guestExternalAccountId"] = str(10_000_000 + secrets.randbelow(89_999_999))
    if stay.platform in homes.ICAL:
        guest = world.store.need(Guest, stay.guest_id)
        guest.email = guest.phone = None
        world.store.put(guest)
