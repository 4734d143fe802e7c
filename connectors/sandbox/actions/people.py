"""Changing guests and units, and work orders."""

from connectors.sandbox.happenings import GuestChanged, TaskChanged, UnitChanged
from connectors.sandbox.records import Guest, Task, Unit
from connectors.sandbox.world import World

GUEST_FIELDS = ("first_name", "last_name", "language", "email", "phone", "notes", "good_to_know", "tags")


def edit_guest(world: World, guest: Guest, by: str, values: dict[str, object]) -> Guest:
    """Set fields of the guest and announce it."""
    with world.store.tx():
        for name, value in values.items():
            setattr(guest, name, value)
        guest.updated_at = world.clock.iso()
        world.store.put(guest)
        world.announce(GuestChanged(guest, "updated", by))
    return guest


def save_task(world: World, task: Task, verb: str, by: str) -> Task:
    """Keep or delete (`verb` deleted) the task and announce it."""
    with world.store.tx():
        if verb == "deleted":
            world.store.delete(Task, "id = ?", (task.id,))
        else:
            world.store.put(task)
        world.announce(TaskChanged(task, verb, by))
    return task


def set_cleaning(world: World, unit: Unit, state: str) -> Unit:
    """Set the housekeeping state of a unit and announce it."""
    with world.store.tx():
        unit.cleaning = state
        world.store.put(unit)
        world.announce(UnitChanged(unit))
    return unit
