"""Puts the seed into an empty store."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from connectors.sandbox.actions.hotel import CANCELLED, IN_HOUSE, LEFT, WAITING, new_room, room_nights
from connectors.sandbox.actions.stays import instant
from connectors.sandbox.actions.talk import NOTE
from connectors.sandbox.clock import iso
from connectors.sandbox.ids import seed_id
from connectors.sandbox.records import Conversation, Guest, Json, Post, Property, Stay, Unit
from connectors.sandbox.seed.cloudbeds import places
from connectors.sandbox.seed.cloudbeds.stories import (
    EXTRA_NAMES,
    EXTRA_ROOMS,
    EXTRA_SOURCES,
    STORIES,
    Story,
)
from connectors.sandbox.store import Store

_STAYS, _TALKS, _NOTES, _GUESTS = 8_844_900_000_000, 39_900_000, 59_900_000, 99_900_000
_DIRECT = ("website", "walkin", "phone")
_SOURCES = {
    "booking": "Booking.com",
    "airbnb": "Airbnb",
    "vrbo": "Vrbo",
    "expedia": "Expedia",
    "website": "Website/Booking Engine",
    "walkin": "Walk-In",
    "phone": "Phone",
}


def plant(store: Store, now: datetime) -> None:
    """Store the whole account; ids are the same every time."""
    with store.tx():
        rooms, hotels = places.units(), places.properties()
        for batch in (hotels, rooms, places.staff(), places.applications(), places.field_defs()):
            store.put_all(batch)
        by_name = {unit.name: unit for unit in rooms}
        by_id = {hotel.id: hotel for hotel in hotels}
        for number, story in enumerate((*STORIES, *_extras()), start=1):
            hotel = by_id[by_name[story.rooms[0]].property_id]
            _Planting(store, story, number, hotel, now).plant(by_name, {unit.id: unit for unit in rooms})
        _merge(store)


def _extras() -> list[Story]:
    """Ordinary stays, from two weeks ago to six weeks ahead."""
    made = []
    for number, name in enumerate(EXTRA_NAMES):
        source = EXTRA_SOURCES[number % len(EXTRA_SOURCES)]
        arrives = -12 + (number // len(EXTRA_ROOMS)) * 14 + number % 4
        nights = 2 + number % 3
        status = "checked_out" if arrives + nights < 0 else "checked_in" if arrives < 0 else "confirmed"
        made.append(
            Story(
                f"extra-{number}",
                name,
                (EXTRA_ROOMS[number % len(EXTRA_ROOMS)],),
                arrives,
                nights,
                source=source,
                status=status,
                email=f"guest{number}@relay.example",
                phone=f"+346005{5000 + number}",
                notes=((number * 300, "Asked for an invoice"),) if number % 5 == 0 else (),
            )
        )
    return made


def _merge(store: Store) -> None:
    """One guest goes on under another id, while the reservation still names the old one."""
    number = next(at for at, story in enumerate(STORIES, start=1) if story.key == "merged")
    old = store.need(Guest, str(_GUESTS + number * 10))
    new = Guest(
        str(_GUESTS + 9_990),
        "Olga",
        "Petrova",
        "et",
        old.created_at,
        old.updated_at,
        old.email,
        old.phone,
        extra={"property_id": old.extra["property_id"], "country": "EE"},
    )
    old.extra["merged_into"] = new.id
    store.put_all([old, new])


class _Planting:
    """One story being put into the store."""

    def __init__(self, store: Store, story: Story, number: int, hotel: Property, now: datetime) -> None:
        self._store, self._story, self._number = store, story, number
        self._hotel, self._now = hotel, now
        self._booked = now - timedelta(days=50, minutes=number * 11)

    def plant(self, by_name: dict[str, Unit], by_id: dict[str, Unit]) -> None:
        guests = self._guests()
        stay = self._stay(guests, self._rooms(guests, by_name, by_id), by_name)
        talk = Conversation(
            str(_TALKS + self._number),
            "notes",
            stay.guest_id,
            stay.platform,
            "en",
            "Notes",
            iso(self._booked),
            iso(self._booked),
            stay_id=stay.id,
        )
        stay.conversation_id = talk.id
        notes = self._notes(stay, talk)
        for note in notes:
            talk.last_body, talk.last_at, talk.modified_at = note.body, note.created_at, note.created_at
        for batch in (guests, [stay], [talk], notes):
            self._store.put_all(batch)

    def _guests(self) -> list[Guest]:
        story, booked = self._story, iso(self._booked)
        made = []
        for place, name in enumerate((story.name, *story.more_guests)):
            first, _, last = name.partition(" ")
            main = place == 0
            key = str(_GUESTS + self._number * 10 + place)
            guest = Guest(key, first, last, "en", booked, booked, notes=story.requests if main else "")
            guest.email, guest.phone = (story.email, story.phone) if main else (None, None)
            guest.extra = {"property_id": self._hotel.id, "country": story.country}
            guest.extra |= story.guest_extra if main else {}
            made.append(guest)
        return made

    def _rooms(self, guests: list[Guest], by_name: dict[str, Unit], by_id: dict[str, Unit]) -> list[Json]:
        story, made = self._story, list[Json]()
        today = self._now.astimezone(ZoneInfo(self._hotel.timezone)).date()
        arrival = today + timedelta(days=story.arrives)
        for number, name in enumerate(story.rooms):
            unit = by_name[name]
            kind = by_id[unit.parent_id] if unit.parent_id else unit
            last = number > 0 and number == len(story.rooms) - 1
            departure = arrival + timedelta(days=story.nights + (story.longer_last_room if last else 0))
            days = (arrival.isoformat(), departure.isoformat())
            row = new_room(self._key(), number, kind, unit if unit.parent_id else None, days)
            row["state"] = self._state(number)
            row["guest"] = guests[min(number, len(guests) - 1)].id
            row["children"] = 2 if kind.sleeps == 4 else 0
            row["adults"] = min(2, kind.sleeps)
            made.append(row)
        return made

    def _state(self, number: int) -> str:
        if number < self._story.in_rooms:
            return IN_HOUSE
        states = {"checked_in": IN_HOUSE, "checked_out": LEFT, "canceled": CANCELLED, "no_show": CANCELLED}
        return states.get(self._story.status, WAITING)

    def _key(self) -> str:
        return str(_STAYS + self._number * 7_001)

    def _stay(self, guests: list[Guest], rooms: list[Json], by_name: dict[str, Unit]) -> Stay:
        story, zone = self._story, ZoneInfo(self._hotel.timezone)
        arrival, departure = min(row["start"] for row in rooms), max(row["end"] for row in rooms)
        canceled = iso(self._now - timedelta(days=1)) if story.status == "canceled" else None
        first = by_name[story.rooms[0]]
        day = datetime.fromisoformat
        stay = Stay(
            id=self._key(),
            code=story.code or ("" if story.source in _DIRECT else self._code()),
            status=story.status,
            unit_id=first.id,
            guest_id=guests[0].id,
            arrival=arrival,
            departure=departure,
            check_in_at=instant(day(arrival).date(), first.check_in_time, zone),
            check_out_at=instant(day(departure).date(), first.check_out_time, zone),
            platform=story.source,
            source=_SOURCES[story.source],
            made_in="v3" if story.source in _DIRECT else "channel",
            created_at=iso(self._booked),
            updated_at=canceled or iso(self._booked + timedelta(minutes=2)),
            planned_arrival=story.arrival_time,
            fields=dict(story.fields),
            currency="EUR",
            fare=float(sum(row["nightly"] * room_nights(row) for row in rooms)),
            cancelled_at=canceled,
            rooms=rooms,
            extra={"property_id": self._hotel.id, **story.extra},
        )
        if story.more_guests:
            stay.extra["more_guests"] = [guest.id for guest in guests[1:]]
        stay.paid = round(stay.fare / 2, 2) if story.arrives <= 0 else 0.0
        return stay

    def _code(self) -> str:
        return str(4_000_000_000 + int(seed_id("code", self._story.key)[:7], 16))

    def _notes(self, stay: Stay, talk: Conversation) -> list[Post]:
        made = []
        for place, (minutes, body) in enumerate(self._story.notes):
            at = iso(self._now - timedelta(minutes=minutes))
            key = str(_NOTES + self._number * 10 + place)
            post = Post(key, talk.id, body, "note", NOTE, "staff", "Núria Casals", at, stay_id=stay.id)
            post.extra["modified_at"] = at
            made.append(post)
        return made
