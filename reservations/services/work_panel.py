"""The work of a stay as its panel shows it: what the PMS lists, what it doesn't have yet, whom it can be given to."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.contract.base import PmsConnector
from connectors.contract.registry import connector_class
from reservations.models import OrderedWork, Reservation, WorkNote, WorkOrder
from reservations.models.work_order import Entry, Priority
from reservations.services import assigning, ordering, work_notes, work_orders
from reservations.services.assigning import Choices


@dataclass(frozen=True, slots=True)
class Listed:
    """A task of the PMS, with what was remarked on it."""

    order: WorkOrder
    notes: list[WorkNote]

    @property
    def is_open(self) -> bool:
        return self.order.state in {WorkOrder.State.OPEN, WorkOrder.State.IN_PROGRESS}


@dataclass(frozen=True, slots=True)
class Waiting:
    """Work that was ordered and isn't in the PMS's list."""

    work: OrderedWork
    notes: list[WorkNote]


@dataclass(frozen=True, slots=True)
class WorkPanel:
    """`choices` None: nothing here can be given to anybody. `notes_apart`: the PMS keeps notes beside a task's text."""

    listed: list[Listed]
    waiting: list[Waiting]
    may_order: bool
    choices: Choices | None
    notes_apart: bool
    kinds: tuple[str, ...] = ordering.KINDS
    priorities: tuple[Priority, ...] = tuple(Priority)
    entries: tuple[Entry, ...] = tuple(Entry)


def of(stay: Reservation) -> WorkPanel:
    """A constant number of statements."""
    orders, ordered = list(work_orders.of_stay(stay)), ordering.waiting(stay)
    notes = work_notes.of(orders, ordered)
    listed = [Listed(order, notes.get(order.remote_id, [])) for order in orders]
    waiting = [Waiting(work, notes.get(work.remote_id or work.pk, [])) for work in ordered]
    connector = connector_class(stay.connection.slug)
    can_assign = assigning.is_possible(stay.connection) and any(one.is_open for one in listed)
    return WorkPanel(
        listed=listed,
        waiting=waiting,
        may_order=ordering.is_possible(stay.connection),
        choices=assigning.choices(stay.connection, stay.property_id) if can_assign else None,
        notes_apart=issubclass(connector, PmsConnector) and connector.task_notes_apart,
    )
