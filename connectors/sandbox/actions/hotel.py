"""Stays in a hotel (Cloudbeds): several rooms each, checked in and out room by room, with notes instead of messages.

A room of a stay is a dict: `sub` and `rrid` (its ids), `type`, `room` (None: not assigned yet), `start`, `end`,
`adults`, `children`, `state`, `guest` (who it is for), `rate_id`, `rate_name`, `nightly`.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from connectors.sandbox.actions.people import set_cleaning
from connectors.sandbox.actions.stays import ActionError, change_stay, instant
from connectors.sandbox.actions.talk import LOG, NOTE
from connectors.sandbox.happenings import BlockChanged, NotesChanged
from connectors.sandbox.records import Block, Conversation, Json, Post, Property, Stay, Unit
from connectors.sandbox.world import World

WAITING, IN_HOUSE, LEFT, CANCELLED = "not_checked_in", "in_house", "checked_out", "cancelled"
STATUSES = ("not_confirmed", "confirmed", "canceled", "checked_in", "checked_out", "no_show")
DELETED = "deleted"
TAX = 0.1
SOURCE_IDS: dict[str, str] = {
    "booking": "s-3-1",
    "airbnb": "s-11-1",
    "vrbo": "s-12-1",
    "expedia": "s-2-1",
    "website": "s-1",
    "walkin": "s-5",
    "phone": "s-6",
}
ARCHIVED = "archived"


def property_of(stay: Stay) -> str:
    """The hotel that the stay is in."""
    return str(stay.extra["property_id"])


def zone_of(world: World, property_id: str) -> ZoneInfo:
    """The zone of a hotel."""
    return ZoneInfo(world.store.need(Property, property_id).timezone)


def today(world: World, property_id: str) -> date:
    """The hotel's date."""
    return world.clock.now().astimezone(zone_of(world, property_id)).date()


def new_room(stay_id: str, number: int, room_type: Unit, room: Unit | None, days: tuple[str, str]) -> Json:
    """One more room of a stay; the first one has the stay's own id."""
    return {
        "sub": stay_id if number == 0 else f"{stay_id}-{number}",
        "rrid": str(int(stay_id) % 10_000_000 * 10 + number),
        "type": room_type.id,
        "room": room.id if room else None,
        "start": days[0],
        "end": days[1],
        "adults": 2,
        "children": 0,
        "state": WAITING,
        "guest": None,
        "rate_id": f"{room_type.id}01",
        "rate_name": "Flexible",
        "nightly": room_type.nightly,
    }


def summed(world: World, stay: Stay, rooms: Sequence[Json]) -> Json:
    """What follows for the stay from its rooms: dates, instants, unit, price."""
    live = [row for row in rooms if row["state"] != CANCELLED] or list(rooms)
    arrival, departure = min(row["start"] for row in live), max(row["end"] for row in live)
    first = world.store.need(Unit, live[0]["room"] or live[0]["type"])
    zone = zone_of(world, property_of(stay))
    return {
        "rooms": list(rooms),
        "arrival": arrival,
        "departure": departure,
        "unit_id": first.id,
        "check_in_at": instant(date.fromisoformat(arrival), first.check_in_time, zone),
        "check_out_at": instant(date.fromisoformat(departure), first.check_out_time, zone),
        "fare": float(sum(row["nightly"] * room_nights(row) for row in live)),
    }


def room_nights(row: Json) -> int:
    """How many nights a room is taken."""
    return (date.fromisoformat(row["end"]) - date.fromisoformat(row["start"])).days


def total(stay: Stay) -> float:
    """Rooms and taxes."""
    return round(stay.fare * (1 + TAX), 2)


def set_rooms(world: World, stay: Stay, by: str, rooms: Sequence[Json], **more: object) -> Stay:
    """Replace the rooms and what follows from them. Raises ActionError if they can't be."""
    for row in rooms:
        if row["end"] <= row["start"]:
            raise ActionError("the departure lies after the arrival")
    return change_stay(world, stay, by, **(summed(world, stay, rooms) | more))


def redate(world: World, stay: Stay, by: str, arrival: str | None, departure: str | None) -> Stay:
    """Other dates for all rooms."""
    rooms = [
        row | {"start": arrival or row["start"], "end": departure or row["end"]}
        for row in stay.rooms
        if row["state"] != CANCELLED
    ]
    return set_rooms(world, stay, by, rooms)


def assign(world: World, stay: Stay, by: str, number: int, unit: Unit) -> Stay:
    """Put one of the stay's rooms into a room of the house; a room type takes it back to unassigned."""
    if number >= len(stay.rooms):
        raise ActionError(f"the stay has {len(stay.rooms)} rooms")
    if unit.property_id != property_of(stay):
        raise ActionError("the room is in another hotel")
    place = {"room": unit.id, "type": unit.parent_id} if unit.parent_id else {"room": None, "type": unit.id}
    rooms = [row | place if at == number else row for at, row in enumerate(stay.rooms)]
    return set_rooms(world, stay, by, rooms)


def check_in(world: World, stay: Stay, by: str, subs: Sequence[str]) -> Stay:
    """Check rooms in; the stay is checked in when all of them are. Raises ActionError."""
    if stay.status not in ("confirmed", "not_confirmed", "checked_in"):
        raise ActionError(f"a stay that is {stay.status} can't be checked in")
    if any(row["room"] is None for row in stay.rooms if row["sub"] in subs):
        raise ActionError("a room has to be assigned first")
    rooms = _with_state(stay, subs, WAITING, IN_HOUSE)
    everyone = all(row["state"] != WAITING for row in rooms)
    status = "checked_in" if everyone else stay.status
    return change_stay(world, stay, by, rooms=rooms, status=status)


def check_out(world: World, stay: Stay, by: str, subs: Sequence[str]) -> Stay:
    """Check rooms out: they are dirty then, and the stay is checked out with its last room. Raises ActionError."""
    going = [row for row in stay.rooms if row["sub"] in subs and row["state"] == IN_HOUSE]
    if not going:
        raise ActionError("nobody is checked in there")
    rooms = _with_state(stay, subs, IN_HOUSE, LEFT)
    gone = all(row["state"] in (LEFT, CANCELLED) for row in rooms)
    with world.store.tx():
        change_stay(world, stay, by, rooms=rooms, status="checked_out" if gone else stay.status)
        for row in going:
            set_condition(world, world.store.need(Unit, row["room"]), "dirty")
    return stay


def _with_state(stay: Stay, subs: Sequence[str], old: str, new: str) -> list[Json]:
    return [row | {"state": new} if row["sub"] in subs and row["state"] == old else row for row in stay.rooms]


def set_status(world: World, stay: Stay, by: str, status: str, *, mails: bool = False) -> Stay:
    """Any status for the whole stay; `deleted` takes it away; `mails`: the guest is told by e-mail."""
    subs = [row["sub"] for row in stay.rooms]
    with world.store.tx():
        if status == DELETED:
            return change_stay(world, stay, by, extra=stay.extra | {"deleted": True})
        if status == "checked_in":
            check_in(world, stay, by, subs)
        elif status == "checked_out":
            check_out(world, stay, by, subs)
        else:
            change_stay(world, stay, by, **_with_status(world, stay, status))
        if mails:
            _log(world, stay, f"E-mail to the guest: your reservation is {status}")
    return stay


def _with_status(world: World, stay: Stay, status: str) -> Json:
    dead = status in ("canceled", "no_show")
    state = CANCELLED if dead else WAITING
    rooms = [row | {"state": state} if row["state"] in (WAITING, CANCELLED) else row for row in stay.rooms]
    at = world.clock.iso() if status == "canceled" else None
    return {"status": status, "rooms": rooms, "cancelled_at": at}


def _log(world: World, stay: Stay, text: str) -> None:
    now = world.clock.iso()
    key = world.new_id("note")
    world.store.put(
        Post(key, stay.conversation_id or "", text, "log", LOG, "system", "", now, stay_id=stay.id)
    )


def open_notes(world: World, stay: Stay) -> Conversation:
    """The place that a stay's notes are kept in; there is no conversation in this PMS."""
    now = world.clock.iso()
    key = world.new_id("conversation")
    talk = Conversation(key, "notes", stay.guest_id, stay.platform, "en", "Notes", now, now, stay_id=stay.id)
    stay.conversation_id = talk.id
    with world.store.tx():
        world.store.put(talk)
        world.store.put(stay)
    return talk


def add_note(world: World, stay: Stay, body: str, author: str, name: str, at: str | None = None) -> Post:
    """A note on the stay, at the time that is said; subscribers are told. The stay's own version stays as it is."""
    now = world.clock.iso()
    talk = world.store.need(Conversation, stay.conversation_id or "")
    post = Post(world.new_id("note"), talk.id, body, "note", NOTE, author, name, at or now, stay_id=stay.id)
    post.extra["modified_at"] = post.created_at
    with world.store.tx():
        world.store.put(post)
        talk.last_body, talk.last_at, talk.modified_at = body, now, now
        world.store.put(talk)
        world.announce(NotesChanged(stay, body))
    return post


def change_note(world: World, post: Post, body: str | None) -> Post:
    """Another text for a note; None archives it."""
    stay = world.store.need(Stay, post.stay_id or "")
    if body is None:
        post.direction = ARCHIVED
    else:
        post.body = body
    post.extra = post.extra | {"modified_at": world.clock.iso()}
    with world.store.tx():
        world.store.put(post)
        _show_newest(world, post.conversation_id)
        world.announce(NotesChanged(stay, post.body))
    return post


def _show_newest(world: World, key: str) -> None:
    """Let the place for notes show its newest note again."""
    talk = world.store.need(Conversation, key)
    where = "conversation_id = ? AND direction = ?"
    newest = world.store.find(Post, where, (key, NOTE), order="created_at DESC, rowid DESC", limit=1)
    talk.last_body, talk.last_at = (newest[0].body, newest[0].created_at) if newest else ("", None)
    world.store.put(talk)


def set_condition(world: World, unit: Unit, condition: str) -> Unit:
    """Another room condition; subscribers hear of it only if it is another one."""
    unit.extra["changed_on"] = today(world, unit.property_id).isoformat()
    if unit.cleaning == condition:
        world.store.put(unit)
        return unit
    return set_cleaning(world, unit, condition)


def add_block(world: World, block: Block) -> Block:
    """Take rooms out; subscribers are told."""
    with world.store.tx():
        world.store.put(block)
        world.announce(BlockChanged(block, "created"))
    return block


def remove_block(world: World, block: Block) -> None:
    """Give rooms back."""
    with world.store.tx():
        world.store.delete(Block, "id = ?", (block.id,))
        world.announce(BlockChanged(block, "removed"))


def free_room(world: World, property_id: str, start: date, end: date) -> Unit | None:
    """A room that nobody has in these nights."""
    taken = {
        row["room"]
        for stay in world.store.find(Stay, "status NOT IN ('canceled', 'no_show', 'checked_out')")
        for row in stay.rooms
        if row["start"] < end.isoformat() and row["end"] > start.isoformat()
    }
    rooms = world.store.find(Unit, "property_id = ? AND parent_id IS NOT NULL", (property_id,))
    return next((room for room in rooms if room.id not in taken), None)


def nights_from(start: date, count: int) -> tuple[str, str]:
    """First and last day of so many nights."""
    return start.isoformat(), (start + timedelta(days=count)).isoformat()
