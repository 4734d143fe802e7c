"""What is particular to one vendor's PMS: its words, its defaults, what it lacks, how it posts and how it fails."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connectors.sandbox.ids import new_id
from connectors.sandbox.poster import Answered
from connectors.sandbox.records import Delivery, Json, Subscription
from connectors.sandbox.schema import INDEXES, TABLES
from connectors.sandbox.settings import Settings
from connectors.sandbox.store import Store


@dataclass(frozen=True)
class Errors:
    """What the API says when a fault makes it fail; `hints_wait`: its 429 carries `Retry-After`."""

    down: bytes
    too_many: bytes
    in_200: bytes
    after_work: bytes
    hints_wait: bool = True


@dataclass(frozen=True)
class Postage:
    """How webhooks are posted. Delays are seconds between attempts, `disable_after` seconds of nothing but failure.

    `accepts` tells which statuses mean that it was taken; `retries` names the waits of an endpoint that has its own,
    by what became of the attempt (a status, or None); `detour` is where to go once all tries have failed, or nothing;
    `remark` is what the vendor's debugger says of an answer; `body` is what is posted of what is owed; `login` are the
    headers of a second post at once, where the first was answered by a challenge to Basic authentication.
    """

    retry_delays: tuple[float, ...]
    headers: Callable[[Subscription, Delivery, int, bytes], dict[str, str]]
    is_final: Callable[[int], bool] = lambda _: False
    disable_after: float | None = None
    accepts: Callable[[int], bool] = lambda status: 200 <= status < 300
    retries: Callable[[Delivery, int | None], tuple[float, ...]] | None = None
    detour: Callable[[Subscription, Delivery], str] = lambda *_: ""
    remark: Callable[[Answered], str] = lambda _: ""
    body: Callable[[Subscription, Delivery], bytes] = lambda _, delivery: delivery.body.encode()
    login: Callable[[Subscription, Delivery], dict[str, str]] = lambda *_: {}


def _plain_id(_: str) -> str:
    return new_id()


@dataclass(frozen=True)
class House:
    """One PMS.

    `lacks` has a sentence for each control path (or field of one) that it can't serve;
    `no_faults` are the kinds that make no sense there;
    `scope` tells from a webhook's body which property it is about, where endpoints are for one property each;
    `conditions` of rooms and `task_statuses` are empty where the PMS has none;
    `person_of` a task's field that names who is to do it, and the value that stands there for one of the staff;
    `module_of` says by what one writes first to a guest who came over a channel;
    `keeps_log`: it writes what happens to a stay into the stay's conversation;
    `tables` and `indexes` are what its store keeps.
    """

    name: str
    title: str
    database: str
    plant: Callable[[Store, datetime], None]
    settings: Settings
    errors: Errors
    postage: Postage
    sources: Mapping[str, str] = field(default_factory=dict)
    statuses: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    module_of: Callable[[str], str] = lambda _: "note"
    conditions: tuple[str, ...] = ()
    task_statuses: tuple[str, ...] = ()
    person_of: Callable[[str], tuple[str, Any]] = lambda staff_id: ("assigneeId", staff_id)
    cancelled: str = "canceled"
    keeps_log: bool = False
    new_id: Callable[[str], str] = _plain_id
    scope: Callable[[Json], str] = lambda _: ""
    lacks: Mapping[str, str] = field(default_factory=dict)
    no_faults: frozenset[str] = frozenset()
    tables: Sequence[type[Any]] = TABLES
    indexes: Mapping[type[Any], Sequence[str]] = field(default_factory=lambda: INDEXES)
