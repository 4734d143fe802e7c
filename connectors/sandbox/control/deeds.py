"""Playing the front desk, the channels and the guests."""

from dataclasses import asdict

from connectors.sandbox.actions import people, stays, talk
from connectors.sandbox.control import shapes
from connectors.sandbox.control.requests import Ask, ControlError
from connectors.sandbox.happenings import StayChanged
from connectors.sandbox.ids import new_id
from connectors.sandbox.records import Conversation, FieldDef, Guest, Json, Post, Stay, Task, Unit

BY = "Front desk"
_TIMES = ("planned_arrival", "planned_departure")


def book(ask: Ask) -> Json:
    """A new booking, as if it came from a channel."""
    booking = stays.Booking(
        guest_name=ask.text("guest_name") or ask.text("guest") or "Alex Morgan",
        nights=ask.whole("nights", 2),
        unit=ask.text("unit"),
        arrival=ask.day("arrival"),
        source=ask.text("source") or "airbnb2",
        status=ask.text("status") or "confirmed",
        language=ask.text("language") or "en",
        email=ask.text("email"),
        phone=ask.text("phone"),
        made_in=ask.text("made_in"),
        conversation=ask.body.get("conversation", True) is True,
        same_guest_as=ask.text("same_guest_as"),
    )
    return _stay(ask, stays.book(ask.world, booking))


def _stay(ask: Ask, row: Stay) -> Json:
    return {"reservation": shapes.stay(ask.world.store, row)}


def _found(ask: Ask) -> Stay:
    return stays.find_stay(ask.world, ask.params["key"])


def dates(ask: Ask) -> Json:
    """Other dates or planned times."""
    values: dict[str, object] = {}
    for name in ("arrival", "departure"):
        if day := ask.day(name):
            values[name] = day.isoformat()
    values |= {name: text for name in _TIMES if (text := ask.text(name))}
    if not values:
        raise ControlError("one of arrival, departure, planned_arrival, planned_departure is needed")
    return _stay(ask, stays.change_dates(ask.world, _found(ask), BY, values))


def cancel(ask: Ask) -> Json:
    """The guest, the owner or the house cancels."""
    who, reason = ask.text("by") or "GUEST", ask.text("reason") or ""
    return _stay(ask, stays.set_status(ask.world, _found(ask), BY, "canceled", who, reason))


def status(ask: Ask) -> Json:
    """Any status, known to the vendor or not."""
    return _stay(ask, stays.set_status(ask.world, _found(ask), BY, ask.need_text("status")))


def check_in(ask: Ask) -> Json:
    """The guest has arrived."""
    return _stay(ask, stays.set_presence(ask.world, _found(ask), BY, "checked_in"))


def check_out(ask: Ask) -> Json:
    """The guest has left."""
    return _stay(ask, stays.set_presence(ask.world, _found(ask), BY, "checked_out"))


def no_show(ask: Ask) -> Json:
    """The guest didn't come."""
    return _stay(ask, stays.set_presence(ask.world, _found(ask), BY, "no_show"))


def custom_field(ask: Ask) -> Json:
    """Set one custom field, named by key or id."""
    named, value = ask.need_text("field"), ask.body.get("value")
    found = ask.world.store.find(FieldDef, "key = ? OR id = ?", (named, named))
    if not found:
        raise ControlError(f"no custom field is called {named}")
    row = _found(ask)
    return _stay(ask, stays.change_stay(ask.world, row, BY, fields=row.fields | {found[0].id: value}))


def open_conversation(ask: Ask) -> Json:
    """Give a stay that was booked without one a conversation."""
    row = _found(ask)
    with ask.world.store.tx():
        stays.open_conversation(ask.world, row)
        row.updated_at = ask.world.clock.iso()
        ask.world.store.put(row)
        ask.world.announce(StayChanged(row, row.updated_at))
    return _stay(ask, row)


def move(ask: Ask) -> Json:
    """Into another unit, by name or id."""
    named = ask.need_text("unit")
    units = ask.world.store.find(Unit, "name = ? OR id = ?", (named, named))
    if not units:
        raise ControlError(f"no unit is called {named}")
    return _stay(ask, stays.change_stay(ask.world, _found(ask), BY, unit_id=units[0].id))


def guest_writes(ask: Ask) -> Json:
    """A message from the guest; with `attachments` the body may be empty."""
    attachments = ask.body.get("attachments", [])
    if not isinstance(attachments, list):
        raise ControlError("attachments is a list")
    body = ask.text("body", "") if attachments else ask.need_text("body")
    post = talk.guest_writes(ask.world, _talk(ask), body or "", ask.text("module"), attachments)
    return _said(ask, post)


def staff_replies(ask: Ask) -> Json:
    """A reply typed in the PMS."""
    return _said(ask, talk.staff_replies(ask.world, _talk(ask), ask.need_text("body"), ask.text("module")))


def staff_notes(ask: Ask) -> Json:
    """A note typed in the PMS."""
    return _said(ask, talk.staff_notes(ask.world, _talk(ask), ask.need_text("body")))


def _talk(ask: Ask) -> Conversation:
    return ask.world.store.need(Conversation, ask.params["id"])


def _said(ask: Ask, row: Post) -> Json:
    return {"message": shapes.post(row), "conversation": shapes.conversation(ask.world.store, _talk(ask))}


def edit_guest(ask: Ask) -> Json:
    """Change fields of a guest."""
    unknown = set(ask.body) - set(people.GUEST_FIELDS)
    if unknown or not ask.body:
        raise ControlError(f"a guest has {', '.join(people.GUEST_FIELDS)}")
    guest = ask.world.store.need(Guest, ask.params["id"])
    return {"guest": asdict(people.edit_guest(ask.world, guest, BY, ask.body))}


def cleaning(ask: Ask) -> Json:
    """Set a unit's housekeeping state."""
    unit = ask.world.store.need(Unit, ask.params["id"])
    return {"unit": asdict(people.set_cleaning(ask.world, unit, ask.need_text("state")))}


def add_task(ask: Ask) -> Json:
    """A task made at the front desk."""
    now = ask.world.clock.iso()
    stay = stays.find_stay(ask.world, key) if (key := ask.text("reservation")) else None
    task = Task(
        new_id(),
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
    """Another status for a task."""
    task = ask.world.store.need(Task, ask.params["id"])
    task.status, task.updated_at = ask.need_text("status"), ask.world.clock.iso()
    return {"task": asdict(people.save_task(ask.world, task, "updated", BY))}


def bulk(ask: Ask) -> Json:
    """Many guest posts at once; `new_conversations` are booked first, without a word to subscribers."""
    with ask.world.silence(), ask.world.store.tx():
        for number in range(ask.whole("new_conversations", 0)):
            stays.book(ask.world, stays.Booking(f"Bulk Guest {number}", source="direct"))
    announce = ask.body.get("webhooks", False) is True
    made = talk.bulk(
        ask.world,
        ask.whole("conversations", 1),
        ask.whole("posts_each", 1),
        announce=announce,
        body=ask.text("body") or "Message",
    )
    return {"conversations": made, "posts": sum(len(ids) for ids in made.values())}
