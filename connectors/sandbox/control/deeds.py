"""Playing the front desk, the channels and the guests."""

from dataclasses import asdict

from connectors.sandbox.actions import people, stays, talk
from connectors.sandbox.actions.stays import Booking
from connectors.sandbox.control import shapes
from connectors.sandbox.control.requests import Ask, ControlError
from connectors.sandbox.desks.base import BY
from connectors.sandbox.records import Conversation, FieldDef, Guest, Json, Post, Staff, Stay, Task, Unit

_TIMES = ("planned_arrival", "planned_departure")


def book(ask: Ask) -> Json:
    """A new booking, as if it came from a channel."""
    house = ask.world.house
    booking = Booking(
        guest_name=ask.text("guest_name") or ask.text("guest") or "Alex Morgan",
        source=ask.text("source") or next(iter(house.sources)),
        status=ask.text("status") or house.statuses[0],
        nights=ask.whole("nights", 2),
        unit=ask.text("unit"),
        arrival=ask.day("arrival"),
        language=ask.text("language") or "en",
        email=ask.text("email"),
        phone=ask.text("phone"),
        made_in=ask.text("made_in"),
        conversation=ask.body.get("conversation", True) is True,
        same_guest_as=ask.text("same_guest_as"),
        rooms=ask.whole("rooms", 1),
    )
    return _stay(ask, ask.desk.book(ask.world, booking))


def _stay(ask: Ask, row: Stay) -> Json:
    return {"reservation": shapes.stay(ask.world.store, row)}


def _found(ask: Ask) -> Stay:
    return stays.find_stay(ask.world, ask.params["key"])


def dates(ask: Ask) -> Json:
    """Other dates or planned times."""
    values: Json = {}
    for name in ("arrival", "departure"):
        if day := ask.day(name):
            values[name] = day.isoformat()
    values |= {name: text for name in _TIMES if (text := ask.text(name))}
    if not values:
        raise ControlError("one of arrival, departure, planned_arrival, planned_departure is needed")
    return _stay(ask, ask.desk.dates(ask.world, _found(ask), values))


def cancel(ask: Ask) -> Json:
    """The guest, the owner or the house cancels."""
    return _stay(ask, ask.desk.cancel(ask.world, _found(ask), ask.text("by"), ask.text("reason") or ""))


def status(ask: Ask) -> Json:
    """Any status, known to the vendor or not."""
    return _stay(ask, ask.desk.status(ask.world, _found(ask), ask.need_text("status")))


def check_in(ask: Ask) -> Json:
    """The guest has arrived."""
    return _stay(ask, ask.desk.presence(ask.world, _found(ask), "checked_in"))


def check_out(ask: Ask) -> Json:
    """The guest has left."""
    return _stay(ask, ask.desk.presence(ask.world, _found(ask), "checked_out"))


def no_show(ask: Ask) -> Json:
    """The guest didn't come."""
    return _stay(ask, ask.desk.presence(ask.world, _found(ask), "no_show"))


def custom_field(ask: Ask) -> Json:
    """Set one custom field, named by key or id."""
    named, value = ask.need_text("field"), ask.body.get("value")
    found = ask.world.store.find(FieldDef, "key = ? OR id = ?", (named, named))
    if not found:
        raise ControlError(f"no custom field is called {named}")
    return _stay(ask, ask.desk.custom_field(ask.world, _found(ask), found[0], value))


def change(ask: Ask) -> Json:
    """Other plain fields of a stay."""
    return _stay(ask, ask.desk.change(ask.world, _found(ask), ask.body))


def open_conversation(ask: Ask) -> Json:
    """Give a stay that was booked without one a conversation."""
    return _stay(ask, ask.desk.open_conversation(ask.world, _found(ask)))


def move(ask: Ask) -> Json:
    """Into another unit, by name or id."""
    unit = _unit(ask, ask.need_text("unit"))
    return _stay(ask, ask.desk.move(ask.world, _found(ask), unit, ask.whole("room", 0)))


def _unit(ask: Ask, named: str) -> Unit:
    units = ask.world.store.find(Unit, "name = ? OR id = ?", (named, named))
    if not units:
        raise ControlError(f"no unit is called {named}")
    return units[0]


def guest_writes(ask: Ask) -> Json:
    """A message from the guest; with `attachments` the body may be empty."""
    attachments = ask.body.get("attachments", [])
    if not isinstance(attachments, list):
        raise ControlError("attachments is a list")
    body = ask.text("body", "") if attachments else ask.need_text("body")
    thread = _talk(ask)
    post = ask.desk.guest_writes(ask.world, thread, body or "", ask.text("module"), attachments)
    return _said(ask, thread, post)


def staff_replies(ask: Ask) -> Json:
    """A reply typed in the PMS."""
    thread = _talk(ask)
    post = ask.desk.staff_replies(ask.world, thread, ask.need_text("body"), ask.text("module"))
    return _said(ask, thread, post)


def staff_notes(ask: Ask) -> Json:
    """A note typed in the PMS."""
    thread = _talk(ask)
    return _said(ask, thread, ask.desk.staff_notes(ask.world, thread, ask.need_text("body")))


def _talk(ask: Ask) -> Conversation:
    """The conversation that the path names, by its own id or by that of a stay."""
    if "key" not in ask.params:
        return ask.world.store.need(Conversation, ask.params["id"])
    key = _found(ask).conversation_id
    if key is None:
        raise ControlError("the stay has no conversation")
    return ask.world.store.need(Conversation, key)


def _said(ask: Ask, thread: Conversation, row: Post) -> Json:
    fresh = ask.world.store.need(Conversation, thread.id)
    return {"message": shapes.post(row), "conversation": shapes.conversation(ask.world.store, fresh)}


def edit_note(ask: Ask) -> Json:
    """Another text for a note."""
    return {"note": shapes.post(ask.desk.edit_note(ask.world, ask.params["id"], ask.need_text("body")))}


def delete_note(ask: Ask) -> Json:
    """A note is taken away."""
    return {"note": shapes.post(ask.desk.edit_note(ask.world, ask.params["id"], None))}


def edit_guest(ask: Ask) -> Json:
    """Change fields of a guest."""
    unknown = set(ask.body) - set(people.GUEST_FIELDS)
    if unknown or not ask.body:
        raise ControlError(f"a guest has {', '.join(people.GUEST_FIELDS)}")
    guest = ask.world.store.need(Guest, ask.params["id"])
    return {"guest": asdict(ask.desk.edit_guest(ask.world, guest, ask.body))}


def cleaning(ask: Ask) -> Json:
    """Set a unit's housekeeping state."""
    unit = ask.world.store.need(Unit, ask.params["id"])
    return {"unit": asdict(ask.desk.cleaning(ask.world, unit, ask.need_text("state")))}


def block(ask: Ask) -> Json:
    """A room goes out of service for some nights from today."""
    unit = _unit(ask, ask.need_text("unit"))
    return {"block": ask.desk.block(ask.world, unit, ask.whole("nights", 1), ask.text("reason") or "Repairs")}


def add_task(ask: Ask) -> Json:
    """A task made at the front desk."""
    now = ask.world.clock.iso()
    stay = stays.find_stay(ask.world, key) if (key := ask.text("reservation")) else None
    task = Task(
        ask.world.new_id("task"),
        ask.need_text("title"),
        ask.text("type"),
        "pending",
        ask.text("priority") or "medium",
        stay.unit_id if stay else ask.text("unit"),
        stay.id if stay else None,
        now,
        now,
    )
    return {"task": asdict(people.save_task(ask.world, task, "created", BY))}


def set_task(ask: Ask) -> Json:
    """Another status for a task, somebody else who is to do it (an empty `assignee`: nobody), another description."""
    task = ask.world.store.need(Task, ask.params["id"])
    task.status, task.updated_at = ask.text("status") or task.status, ask.world.clock.iso()
    if "assignee" in ask.body:
        staff_id = ask.text("assignee") or ""
        if staff_id:
            ask.world.store.need(Staff, staff_id)
        field, value = ask.world.house.person_of(staff_id)
        task.extra[field] = value or None
    if "description" in ask.body:
        task.extra["description"] = ask.text("description") or ""
    return {"task": asdict(people.save_task(ask.world, task, "updated", BY))}


def bulk(ask: Ask) -> Json:
    """Many guest posts at once; `new_conversations` are booked first, without a word to subscribers."""
    with ask.world.silence(), ask.world.store.tx():
        for number in range(ask.whole("new_conversations", 0)):
            ask.desk.book(ask.world, Booking(f"Bulk Guest {number}", "direct", ask.world.house.statuses[0]))
    announce = ask.body.get("webhooks", False) is True
    made = talk.bulk(
        ask.world,
        ask.whole("conversations", 1),
        ask.whole("posts_each", 1),
        announce=announce,
        body=ask.text("body") or "Message",
    )
    return {"conversations": made, "posts": sum(len(ids) for ids in made.values())}
