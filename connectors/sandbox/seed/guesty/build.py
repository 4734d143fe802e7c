"""Puts the seed into an empty store."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from connectors.sandbox.actions.stays import instant
from connectors.sandbox.actions.talk import INBOUND, LOG, NOTE, OUTBOUND, touch
from connectors.sandbox.clock import iso
from connectors.sandbox.ids import seed_id
from connectors.sandbox.records import Conversation, Guest, Post, Property, Stay, Task, Unit
from connectors.sandbox.seed.guesty import places
from connectors.sandbox.seed.guesty.stories import (
    EXTRA_CHANNELS,
    EXTRA_LINES,
    EXTRA_NAMES,
    STORIES,
    Line,
    Story,
)
from connectors.sandbox.store import Store

_DIRECTIONS = {"guest": INBOUND, "staff": OUTBOUND, "note": NOTE, "log": LOG}
_BOOKED_BEFORE = timedelta(days=40)


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
            places.saved_replies(),
            places.vendors(),
        ):
            store.put_all(batch)
        by_name = {unit.name: unit for unit in homes}
        zones = {building.id: building for building in buildings}
        for story in (*STORIES, *_extras(homes)):
            unit = by_name[story.unit]
            _plant_story(store, story, unit, zones[unit.property_id], now)
        store.put_all(_tasks(by_name, now))


def _tasks(homes: dict[str, Unit], now: datetime) -> list[Task]:
    """A cleaning under way, a repair to come, an inspection that is done."""
    rows = (
        ("Clean after check-out", "cleaning", "in progress", "207", 4, "rosa"),
        ("Shower drains slowly", "maintenance", "pending", "204", 26, "duarte"),
        ("Quarterly inspection", "inspection", "completed", "302", -40, None),
    )
    return [
        Task(
            seed_id("task", str(number)),
            title,
            kind,
            status,
            "medium",
            homes[unit].id,
            None,
            iso(now - timedelta(days=2)),
            iso(now - timedelta(days=1)),
            {
                "assigneeId": seed_id("staff", person) if person else None,
                "canStartAfter": iso(now + timedelta(hours=hours - 4)),
                "mustFinishBefore": iso(now + timedelta(hours=hours)),
            },
        )
        for number, (title, kind, status, unit, hours, person) in enumerate(rows)
    ]


def _extras(homes: list[Unit]) -> list[Story]:
    """Ordinary stays, from three weeks ago to seven weeks ahead."""
    free = [
        unit.name
        for unit in homes
        if unit.kind != "MTL" and unit.name not in {story.unit for story in STORIES}
    ]
    made = []
    for number, name in enumerate(EXTRA_NAMES):
        platform, source, module = EXTRA_CHANNELS[number % len(EXTRA_CHANNELS)]
        arrives = -21 + (number // len(free)) * 8 + number % 3
        past = arrives + 3 + number % 3 < 0
        made.append(
            Story(
                f"extra-{number}",
                name,
                free[number % len(free)],
                arrives,
                3 + number % 3,
                platform=platform,
                source=source,
                module=module,
                status="confirmed" if past or number % 9 else "reserved",
                presence="checked_out" if past else "checked_in" if arrives < 0 else "not_set",
                email=f"guest{number}@relay.example",
                phone=f"+1401555{3000 + number}",
                made_in="v3" if platform == "direct" else "channel",
                lines=EXTRA_LINES[number % len(EXTRA_LINES)],
            )
        )
    return made


def _plant_story(store: Store, story: Story, unit: Unit, place: Property, now: datetime) -> None:
    first, _, last = story.name.partition(" ")
    booked = now - _BOOKED_BEFORE - timedelta(minutes=len(story.key))
    guest = Guest(
        seed_id("guest", story.key),
        first,
        last,
        story.language,
        iso(booked),
        iso(booked),
        story.email,
        story.phone,
        story.notes,
    )
    stay = _stay(story, unit, place, guest, now, booked)
    conversation = Conversation(
        seed_id("conversation", story.key),
        story.kind,
        guest.id,
        story.platform,
        story.language,
        f"New guest reservation {stay.code} {stay.status}...",
        iso(booked),
        iso(booked),
    )
    stay.conversation_id = conversation.id
    posts = _posts(story, conversation, stay, guest, now, booked)
    for post in posts:
        touch(conversation, post)
    for batch in ([guest], [stay], posts, [conversation]):
        store.put_all(batch)


def _stay(story: Story, unit: Unit, place: Property, guest: Guest, now: datetime, booked: datetime) -> Stay:
    zone = ZoneInfo(place.timezone)
    arrival = now.astimezone(zone).date() + timedelta(days=story.arrives)
    departure = arrival + timedelta(days=story.nights)
    cancelled = iso(now - timedelta(days=2)) if story.status == "canceled" else None
    stay = Stay(
        id=seed_id("stay", story.key),
        code=story.code or _code(story),
        status=story.status,
        unit_id=unit.id,
        guest_id=guest.id,
        arrival=arrival.isoformat(),
        departure=departure.isoformat(),
        check_in_at=instant(arrival, story.planned_arrival or unit.check_in_time, zone),
        check_out_at=instant(departure, story.planned_departure or unit.check_out_time, zone),
        platform=story.platform,
        source=story.source,
        made_in=story.made_in,
        created_at=iso(booked),
        updated_at=cancelled or iso(booked + timedelta(minutes=1)),
        presence=story.presence,
        presence_at=_presence_at(story, arrival, departure, unit, zone),
        planned_arrival=story.planned_arrival,
        planned_departure=story.planned_departure,
        adults=story.adults,
        children=story.children,
        currency=unit.currency,
        fare=float(unit.nightly * story.nights),
        cleaning_fee=40.0,
        key_code=str(1000 + int(seed_id("code", story.key)[:6], 16) % 9000),
        confirmed_at=iso(booked) if story.status == "confirmed" else None,
        cancelled_at=cancelled,
        cancelled_by="GUEST" if cancelled else None,
    )
    stay.paid = stay.fare + stay.cleaning_fee if story.arrives <= 0 else 0.0
    return stay


def _presence_at(story: Story, arrival: date, departure: date, unit: Unit, zone: ZoneInfo) -> str | None:
    if story.presence == "not_set":
        return None
    if story.presence == "checked_out":
        return instant(departure, unit.check_out_time, zone)
    return instant(arrival, "16:12", zone)


def _code(story: Story) -> str:
    digest = seed_id("code", story.key).upper()
    if story.platform == "bookingCom":
        return str(4_000_000_000 + int(digest[:7], 16))
    return f"HM{digest[:8]}" if story.platform == "airbnb2" else f"GY-{digest[:8]}"


def _posts(
    story: Story, conversation: Conversation, stay: Stay, guest: Guest, now: datetime, booked: datetime
) -> list[Post]:
    wording = "New guest inquiry" if story.kind == "guest" else "New owner conversation"
    made = [_post(story, 0, conversation, stay, LOG, wording, booked)]
    if story.status != "inquiry":
        text = f"Reservation {stay.code} status changed to {story.status}"
        made.append(_post(story, 1, conversation, stay, LOG, text, booked + timedelta(seconds=12)))
    for number, line in enumerate(story.lines, start=2):
        made.append(_line(story, number, line, conversation, stay, guest, now))
    return made


def _line(
    story: Story, number: int, line: Line, conversation: Conversation, stay: Stay, guest: Guest, now: datetime
) -> Post:
    minutes, who, body = line
    post = _post(story, number, conversation, stay, _DIRECTIONS[who], body, now - timedelta(minutes=minutes))
    post.module = "note" if who == "note" else "platform" if story.kind == "owner" else story.module
    post.author = "guest" if who == "guest" else "staff"
    post.author_name = guest.full_name if who == "guest" else places.staff()[0].full_name
    return post


def _post(
    story: Story, number: int, conversation: Conversation, stay: Stay, direction: str, body: str, at: datetime
) -> Post:
    key = seed_id("post", story.key, str(number))
    return Post(key, conversation.id, body, "log", direction, "system", "", iso(at), stay_id=stay.id)
