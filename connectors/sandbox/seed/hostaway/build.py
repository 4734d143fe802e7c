"""Puts the seed into an empty store."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from connectors.sandbox.actions.homes import CHANNEL_IDS, ICAL, SENT
from connectors.sandbox.actions.stays import instant
from connectors.sandbox.actions.talk import INBOUND, OUTBOUND, touch
from connectors.sandbox.clock import iso
from connectors.sandbox.ids import seed_id
from connectors.sandbox.records import Conversation, Guest, Json, Post, Property, Stay, Task, Unit
from connectors.sandbox.seed.hostaway import places
from connectors.sandbox.seed.hostaway.stories import (
    EXTRA_CHANNELS,
    EXTRA_LINES,
    EXTRA_NAMES,
    EXTRA_UNITS,
    STORIES,
    Line,
    Story,
)
from connectors.sandbox.store import Store

_STAYS, _TALKS, _POSTS, _GUESTS, _TASKS = 29_900_000, 19_900_000, 339_900_000, 69_900_000, 2_900_000
_AUTOMATION = 4711
_DEAD = ("cancelled", "declined", "expired")


def plant(store: Store, now: datetime) -> None:
    """Store the whole account; ids are the same every time."""
    with store.tx():
        homes, buildings = places.units(), places.properties()
        for batch in (
            buildings,
            homes,
            places.staff(),
            places.applications(),
            places.field_defs(),
            places.templates(),
        ):
            store.put_all(batch)
        by_name = {unit.name: unit for unit in homes}
        zones = {building.id: building for building in buildings}
        for number, story in enumerate((*STORIES, *_extras()), start=1):
            unit = by_name[story.unit]
            _Planting(store, story, number, unit, zones[unit.property_id], now).plant(by_name)
        store.put_all(_tasks(now))


def _extras() -> list[Story]:
    """Ordinary stays, from three weeks ago to seven weeks ahead."""
    made = []
    for number, name in enumerate(EXTRA_NAMES):
        channel = EXTRA_CHANNELS[number % len(EXTRA_CHANNELS)]
        lines = EXTRA_LINES[number % len(EXTRA_LINES)]
        made.append(
            Story(
                f"extra-{number}",
                name,
                EXTRA_UNITS[number % len(EXTRA_UNITS)],
                -24 + (number // len(EXTRA_UNITS)) * 20 + number % 4,
                3 + number % 3,
                channel=channel,
                module="email" if channel in ("direct", "bookingengine") else "channel",
                email=f"guest{number}@relay.example",
                phone=f"+1401555{4000 + number}",
                lines=lines,
            )
        )
    return made


class _Planting:
    """One story being put into the store."""

    def __init__(
        self, store: Store, story: Story, number: int, unit: Unit, place: Property, now: datetime
    ) -> None:
        self._store, self._story, self._number = store, story, number
        self._unit, self._place, self._now = unit, place, now
        self._booked = now - timedelta(days=45, minutes=number * 7)

    def plant(self, by_name: dict[str, Unit]) -> None:
        guest, stay = self._guest(), self._stay(by_name)
        self._store.put(guest)
        if self._story.channel not in ICAL:
            groups = [lines for lines in (self._story.lines, self._story.later_lines) if lines]
            for place, lines in enumerate(groups or [()]):
                self._talk(guest, stay, place, lines)
        self._store.put(stay)

    def _guest(self) -> Guest:
        story, booked = self._story, iso(self._booked)
        first, _, last = story.name.partition(" ")
        key = str(_GUESTS + self._number)
        return Guest(key, first, last, story.language or "", booked, booked, story.email, story.phone)

    def _stay(self, by_name: dict[str, Unit]) -> Stay:
        story, unit, zone = self._story, self._unit, ZoneInfo(self._place.timezone)
        arrival = self._now.astimezone(zone).date() + timedelta(days=story.arrives)
        departure = arrival + timedelta(days=story.nights)
        dead = iso(self._now - timedelta(days=2)) if story.status in _DEAD else None
        check_out = story.extra.get("checkOutTime")
        leaves_at = unit.check_out_time if check_out is None else f"{check_out:02d}:00"
        stay = Stay(
            id=str(_STAYS + self._number),
            code=story.code or self._code(),
            status=story.status,
            unit_id=unit.id,
            guest_id=str(_GUESTS + self._number),
            arrival=arrival.isoformat(),
            departure=departure.isoformat(),
            check_in_at=instant(arrival, unit.check_in_time, zone),
            check_out_at=instant(departure, leaves_at, zone),
            platform=story.channel,
            source=story.channel,
            made_in="v3" if story.channel == "direct" else "channel",
            created_at=iso(self._booked),
            updated_at=dead or iso(self._booked + timedelta(minutes=1)),
            adults=story.adults,
            children=story.children,
            key_code=str(1000 + int(seed_id("door", story.key)[:6], 16) % 9000),
            note=story.note,
            fields=dict(story.fields),
            currency=unit.currency,
            fare=float(unit.nightly * story.nights),
            cleaning_fee=60.0,
            cancelled_at=dead if story.status == "cancelled" else None,
            cancelled_by="GUEST" if story.status == "cancelled" else None,
            rooms=[{"unit": by_name[name].id} for name in (story.unit, *story.more_units)]
            if story.more_units
            else [],
            extra=self._extra(arrival, departure),
        )
        stay.paid = stay.fare + stay.cleaning_fee if story.arrives <= 0 and not dead else 0.0
        return stay

    def _extra(self, arrival: date, departure: date) -> Json:
        extra = dict(self._story.extra)
        if "previousArrivalDate" in extra:
            day = timedelta(days=1)
            extra["previousArrivalDate"] = (arrival - day).isoformat()
            extra["previousDepartureDate"] = (departure - day).isoformat()
        if self._story.channel == "airbnbOfficial":
            code = f"HM{seed_id('code', self._story.key)[:8].upper()}"
            extra.setdefault("confirmationCode", code if self._story.status != "inquiry" else None)
        return extra

    def _code(self) -> str:
        listing = self._unit.parent_id or self._unit.id
        return f"61010-{listing}-{CHANNEL_IDS[self._story.channel]}-{int(seed_id('code', self._story.key)[:8], 16)}"

    def _talk(self, guest: Guest, stay: Stay, place: int, lines: tuple[Line, ...]) -> None:
        booked = iso(self._booked)
        key = str(_TALKS + self._number * 10 + place)
        talk = Conversation(
            key,
            "guest",
            guest.id,
            stay.platform,
            guest.language,
            "host-guest-email",
            booked,
            booked,
            stay_id=stay.id,
        )
        stay.conversation_id = key
        posts = [self._post(guest, stay, talk, place * 20 + n, line) for n, line in enumerate(lines)]
        for post in posts:
            if post.extra.get("handed_over_at", "") <= iso(self._now):
                touch(talk, post)
        self._store.put(talk)
        self._store.put_all(posts)

    def _post(self, guest: Guest, stay: Stay, talk: Conversation, number: int, line: Line) -> Post:
        minutes, who, body = line
        at = iso(self._now - timedelta(minutes=minutes))
        key = str(_POSTS + self._number * 100 + number)
        incoming = who == "guest"
        post = Post(
            key,
            talk.id,
            body,
            self._story.module,
            INBOUND if incoming else OUTBOUND,
            "guest" if incoming else "staff",
            guest.full_name if incoming else "Marta Figueiredo",
            min(at, iso(self._now)),
            stay_id=stay.id,
        )
        if not incoming:
            post.extra = {"ends": SENT, "handed_over_at": at}
        if who == "auto":
            post.extra |= {"communication_id": _AUTOMATION, "communication_event": "arrival", "date": at}
        if who == "channel":
            post.extra["on_channel"] = True
        if self._story.module == "channel":
            post.extra["thread_message_id"] = str(int(seed_id("thread", key)[:9], 16))
        return post


def _tasks(now: datetime) -> list[Task]:
    """A cleaning under way, one to come, a repair and one that is done."""
    rows = (
        ("Clean after check-out", [1], "inProgress", "412001", 1, 7002, 41),
        ("Clean for arrival, two cots", [1, 3], "pending", "412002", 2, None, 41),
        ("Stove doesn't light", [2], "confirmed", "412003", 4, 7004, 42),
        ("Lamp in the bathroom", [2], "pending", "412010", 17, None, 42),
        ("Check the gutters", [5], "completed", "412101", None, 7004, 42),
    )
    return [
        Task(
            str(_TASKS + number),
            title,
            None,
            status,
            "medium",
            listing,
            None if stay is None else str(_STAYS + stay),
            iso(now - timedelta(days=1)),
            iso(now - timedelta(days=1)),
            {
                "categoriesMap": categories,
                "assigneeUserId": user,
                "canBePickedByGroupId": group,
                "canStartFrom": (now - timedelta(hours=2)).strftime("%Y-%m-%d %H:00:00"),
                "shouldEndBy": (now + timedelta(hours=4)).strftime("%Y-%m-%d %H:00:00"),
            },
        )
        for number, (title, categories, status, listing, stay, user, group) in enumerate(rows, start=1)
    ]
