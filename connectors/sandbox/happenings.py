"""What can happen in a PMS that its subscribers want to know; wires turn a happening into their webhooks."""

from dataclasses import dataclass, field
from typing import Protocol

from connectors.sandbox.records import Block, Guest, Json, Post, Stay, Task, Unit


@dataclass(frozen=True)
class MessagePosted:
    """A guest or the house wrote in a conversation."""

    post: Post


@dataclass(frozen=True)
class StayChanged:
    """A reservation was made (`new`) or changed: `was` has the old values of the fields that differ.

    `at` is the instant that its version is compared by.
    """

    stay: Stay
    at: str
    new: bool = False
    was: Json = field(default_factory=dict)


@dataclass(frozen=True)
class GuestChanged:
    """`verb` is created, updated or deleted."""

    guest: Guest
    verb: str
    by: str


@dataclass(frozen=True)
class TaskChanged:
    """`verb` is created, updated or deleted."""

    task: Task
    verb: str
    by: str


@dataclass(frozen=True)
class UnitChanged:
    """A listing was changed."""

    unit: Unit


@dataclass(frozen=True)
class NotesChanged:
    """A note of a stay was added, changed or taken away; `text` is the note."""

    stay: Stay
    text: str


@dataclass(frozen=True)
class BlockChanged:
    """`verb` is created, removed or details_changed."""

    block: Block
    verb: str


Happening = (
    MessagePosted | StayChanged | GuestChanged | TaskChanged | UnitChanged | NotesChanged | BlockChanged
)


class Wire(Protocol):
    """One vendor's face of the sandbox."""

    name: str

    def payloads(self, happening: Happening) -> list[tuple[str, Json]]:
        """Event names with the bodies that the vendor would post."""
