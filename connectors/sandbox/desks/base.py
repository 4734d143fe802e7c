"""What a person at the front desk of a PMS can do; a vendor's desk differs where its PMS does."""

from collections.abc import Sequence

from connectors.sandbox.actions import people, stays, talk
from connectors.sandbox.actions.stays import ActionError, Booking
from connectors.sandbox.happenings import StayChanged
from connectors.sandbox.records import Conversation, FieldDef, Guest, Json, Post, Stay, Unit
from connectors.sandbox.world import World

BY = "Front desk"


class Desk:
    """As Guesty has it. Every method is one deed, told to subscribers; all raise ActionError for what can't be."""

    changeable: tuple[str, ...] = (
        "adults",
        "children",
        "infants",
        "pets",
        "key_code",
        "note",
        "paid",
        "fare",
    )

    def book(self, world: World, booking: Booking) -> Stay:
        """A new stay."""
        return stays.book(world, booking)

    def dates(self, world: World, stay: Stay, values: Json) -> Stay:
        """Other dates or times: `arrival`, `departure`, `planned_arrival`, `planned_departure`."""
        return stays.change_dates(world, stay, BY, values)

    def status(self, world: World, stay: Stay, status: str) -> Stay:
        """Any status."""
        return stays.set_status(world, stay, BY, status)

    def cancel(self, world: World, stay: Stay, who: str | None, reason: str) -> Stay:
        """The stay is called off by the guest unless told otherwise."""
        return stays.set_status(world, stay, BY, world.house.cancelled, who or "GUEST", reason)

    def presence(self, world: World, stay: Stay, presence: str) -> Stay:
        """`checked_in`, `checked_out` or `no_show`."""
        return stays.set_presence(world, stay, BY, presence)

    def move(self, world: World, stay: Stay, unit: Unit, room: int) -> Stay:
        """Into another unit; `room` counts the rooms of a stay that has several."""
        if room:
            raise ActionError("the stay has one room")
        return stays.change_stay(world, stay, BY, unit_id=unit.id)

    def custom_field(self, world: World, stay: Stay, field: FieldDef, value: object) -> Stay:
        """Set one custom field."""
        return stays.change_stay(world, stay, BY, fields=stay.fields | {field.id: value})

    def change(self, world: World, stay: Stay, values: Json) -> Stay:
        """Other plain fields."""
        unknown = set(values) - set(self.changeable)
        if unknown or not values:
            raise ActionError(f"a stay has {', '.join(self.changeable)}")
        return stays.change_stay(world, stay, BY, **values)

    def open_conversation(self, world: World, stay: Stay) -> Stay:
        """A conversation for a stay that has none."""
        with world.store.tx():
            stays.open_conversation(world, stay)
            stay.updated_at = world.clock.iso()
            world.store.put(stay)
            world.announce(StayChanged(stay, stay.updated_at))
        return stay

    def guest_writes(
        self, world: World, thread: Conversation, body: str, module: str | None, attachments: Sequence[Json]
    ) -> Post:
        """The guest writes; the module is the guest's last one unless named."""
        return talk.guest_writes(world, thread, body, module, attachments)

    def staff_replies(self, world: World, thread: Conversation, body: str, module: str | None) -> Post:
        """Somebody at the desk answers."""
        return talk.staff_replies(world, thread, body, module)

    def staff_notes(self, world: World, thread: Conversation, body: str) -> Post:
        """Somebody at the desk leaves a note."""
        return talk.staff_notes(world, thread, body)

    def edit_note(self, world: World, _key: str, _body: str | None) -> Post:
        """Another text for a note; none deletes it."""
        raise ActionError(world.house.lacks["/notes/{id}"])

    def notes(self, world: World, stay: Stay) -> Json:
        """What staff see as notes of a stay: entries, and the text field where there is one."""
        entries = [row for row in posts_of(world, stay) if row.direction == talk.NOTE]
        return {"notes": [note(row) for row in entries], "text": stay.note, "by_kind": stay.notes}

    def edit_guest(self, world: World, guest: Guest, values: Json) -> Guest:
        """Change fields of a guest."""
        return people.edit_guest(world, guest, BY, values)

    def cleaning(self, world: World, unit: Unit, state: str) -> Unit:
        """Set a unit's housekeeping state."""
        return people.set_cleaning(world, unit, state)

    def block(self, world: World, _unit: Unit, _nights: int, _reason: str) -> Json:
        """Take a room out of service from today."""
        raise ActionError(world.house.lacks["/room-blocks"])


def posts_of(world: World, stay: Stay) -> list[Post]:
    """Every entry of the stay's conversations, oldest first."""
    return world.store.find(
        Post,
        "conversation_id IN (SELECT id FROM Conversation WHERE stay_id = ? OR id = ?)",
        (stay.id, stay.conversation_id),
        order="created_at, rowid",
    )


def note(row: Post) -> Json:
    """A note as the control API shows it."""
    return {
        "id": row.id,
        "body": row.body,
        "author": row.author,
        "author_name": row.author_name,
        "at": row.created_at,
    }
