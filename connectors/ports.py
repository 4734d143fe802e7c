"""What this layer asks of the ones above it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from bellhop.accounts.models import User
from bellhop.core.ports import Port
from connectors.contract.records import PropertyRecord, ReservationRecord, UnitRecord
from connectors.models import Command, Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class MirroredMessage:
    """One message as Bellhop holds it; `external_id` is empty while the PMS has not told its id."""

    conversation: str
    external_id: str
    body: str
    direction: str
    sent_at: datetime


# connection id → every mirrored message of it, in the order of utterance per conversation.
mirrored_messages: Port[Callable[[int], Iterator[MirroredMessage]]] = Port("mirrored_messages")

# (connection id, remote id or code of a reservation) → its remote id if a person marked it as a test, else None.
test_reservation: Port[Callable[[int, str], str | None]] = Port("test_reservation")


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorReport:
    """How well a connection's mirror fits: `missing` is required field → how many upcoming or current stays lack it;
    `duplicates` counts contact points that several guests share, `duplicate_guests` those guests."""

    reservations: int
    guests: int
    units: int
    messages: int
    matched_threads: int
    unmatched_threads: int
    missing: dict[str, int]
    duplicates: int
    duplicate_guests: int


# connection id → how well its mirror fits.
mirror_report: Port[Callable[[int], MirrorReport]] = Port("mirror_report")

# organization id → (property id, name), by name: what a pilot may be limited to.
places: Port[Callable[[int], list[tuple[int, str]]]] = Port("places")


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveStay:
    """A stay that is not over, by its local and its remote id."""

    object_id: int
    remote_id: str


# (connection id, arrivals of the next seven days only, after that local id, how many) → live stays by local id.
live_stays: Port[Callable[[int, bool, int, int], list[LiveStay]]] = Port("live_stays")


@dataclass(frozen=True, slots=True, kw_only=True)
class SideBySide:
    """One object as it is held (`current`) and as a record tells it (`told`, normalised the same way; UNSET: not told).
    `held` and `version` are the two versions, `as_of` when it was last told; `label` and `place` are for people."""

    entity: str
    object_id: int
    remote_id: str
    current: Mapping[str, Any]
    told: Mapping[str, Any]
    held: str
    version: str | None
    as_of: datetime | None
    label: str
    place: str
    place_id: int | None
    arrival: date | None


Comparable = ReservationRecord | UnitRecord | PropertyRecord

# (connection, what was just read) → it (a stay: and its guest), side by side, empty where it isn't known here; writes
# nothing.
side_by_side: Port[Callable[[Connection, Comparable], list[SideBySide]]] = Port("side_by_side")


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """A conversation at the PMS and the stay that it is compared with; `label` and `place` are for people."""

    conversation_id: str
    stay_remote_id: str
    label: str
    place: str
    place_id: int | None
    arrival: date | None


# (connection id, local ids of stays) → local id of a stay → its conversations at that connection.
talks: Port[Callable[[int, Sequence[int]], dict[int, list[Talk]]]] = Port("talks")


@dataclass(frozen=True, slots=True, kw_only=True)
class SentMessage:
    """A message of ours by its local id, and where it stands at the PMS as far as we know."""

    object_id: int
    state: str
    sent_at: datetime


# ids of Commands → what each of them carries; withdrawn messages are left out.
carried: Port[Callable[[Sequence[int]], dict[int, SentMessage]]] = Port("carried")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a case file is about: one row of ours with its ids at the PMS, its values, and what its Commands are named
    (`Command.subject`). `conversation_id`: where it is said; for a stay, where its own Commands stand."""

    connection: Connection
    entity: str
    object_id: int
    remote_id: str
    values: Mapping[str, Any]
    conversation_id: str = ""
    commands_named: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """Why a message may not leave now. `until`: it may then; None: never. `code` is for lists, `reason` for people;
    both empty: nothing that anybody should hear of."""

    code: str
    reason: str
    until: datetime | None = None


# what is about to be sent to a guest's address → what stands in its way, None where nothing does. Asked in the
# transaction that claims the Command; whatever is decided about the address meanwhile waits for it, or it for that.
obstacle: Port[Callable[[Command], Obstacle | None]] = Port("obstacle")

# (connection id, remote ids of stays that are about to be cancelled) → must that wait for what is being sent?
cancelling: Port[Callable[[int, list[str]], bool]] = Port("cancelling")

# (person, public id) → the stay, or the message, that this person may see; None where there is none.
stay_subject: Port[Callable[[User, str], Subject | None]] = Port("stay_subject")
message_subject: Port[Callable[[User, str], Subject | None]] = Port("message_subject")
