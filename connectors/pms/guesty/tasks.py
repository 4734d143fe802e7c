"""Guesty's tasks are our work orders (reference: Tasks; /docs/webhooks-tasks).

Lists show a few columns and neither a description nor a time of change, webhooks name no place: what must be known
exactly is read by itself. Tasks bear no reference of ours but a token at the end of their description.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from connectors.contract import wire
from connectors.contract.base import Page
from connectors.contract.errors import NotFound, OutcomeUnknown, Rejected
from connectors.contract.http import Call
from connectors.contract.intents import (
    AssignWorkOrder,
    CreateWorkOrder,
    Done,
    Found,
    NoteWorkOrder,
    UpdateWorkOrder,
)
from connectors.contract.marks import (
    mark_behind,
    marked,
    mask_cards,
    reference_in,
    references_in,
    without_marks,
)
from connectors.contract.records import PersonRecord, WorkOrderRecord, WorkOrderState
from connectors.contract.task_text import assigned
from connectors.contract.wire import Wire, identifier, obj, text
from connectors.pms.guesty import people, reads
from connectors.pms.guesty.effects import Effects
from connectors.pms.guesty.reservations import since_text
from connectors.pms.guesty.words import TASK_STATUSES, TASK_TYPES

_TASKS: Final = "/tasks-open-api"
_COLUMNS: Final = "id status taskTitle type listing reservation scheduledFor mustFinishBefore assignee"
_PAGES: Final = 50
# A task that is due has to say as well from when on it may be begun.
_BEGUN_BEFORE: Final = timedelta(days=14)


class Tasks(Effects):
    """Reading, making, changing, and looking whether it took effect."""

    # --- reads ---
    def list_work_orders(
        self,
        call: Call,
        cursor: str | None = None,
        changed_since: object = None,  # noqa: ARG002 (tasks tell no time of change)
    ) -> Page[WorkOrderRecord]:
        page = self._rows(call, int(cursor or 0))
        named = any(people.assignee_of(row) for row in page.items)
        names = self._names(call) if named else {}
        found = [people.read_task(row, names) for row in page.items if identifier(row)]
        return Page(items=found, next_cursor=page.next_cursor)

    def _rows(self, call: Call, skip: int) -> Page[Wire]:
        """A bare array; the most that a page may hold isn't documented, so an empty one ends the list."""
        query = (("columns", _COLUMNS), ("limit", str(reads.PAGE)), ("skip", str(skip)))
        rows = wire.items(call(self.request("GET", f"{_TASKS}/tasks", query=query)).json())
        return Page(items=rows, next_cursor=str(skip + len(rows)) if rows else None)

    def list_people(self, call: Call, cursor: str | None = None) -> Page[PersonRecord]:
        """The account's users, "task assignees" (reference: Users)."""
        skip = int(cursor or 0)
        query = (("limit", str(reads.PAGE)), ("skip", str(skip)))
        rows = wire.items(call(self.request("GET", "/users", query=query)).json())
        found = [people.read_person(row) for row in rows if identifier(row)]
        return Page(items=found, next_cursor=str(skip + len(rows)) if rows else None)

    def _names(self, call: Call) -> Mapping[str, str]:
        try:
            users = self.list_people(call).items
        except Rejected:
            return {}
        return {one.external_id: one.name for one in users}

    def get_work_order(self, call: Call, external_id: str) -> WorkOrderRecord:
        task = self._task(call, external_id)
        return people.read_task(task, self._names(call) if people.assignee_of(task) else {})

    def _task(self, call: Call, task_id: str) -> Wire:
        """These calls document 400 and 403 only: a task that isn't there is a bad request."""
        try:
            answer = obj(call(self.request("GET", f"{_TASKS}/{self.quoted(task_id)}")).json())
        except Rejected as error:
            if error.detail.startswith("HTTP 400"):
                raise NotFound(detail=error.detail, code="not_found") from error
            raise
        if not identifier(answer):
            raise NotFound(detail=f"task {task_id}", code="not_found")
        return answer

    # --- effects ---
    def create_work_order(self, call: Call, intent: CreateWorkOrder) -> Done:
        task: dict[str, Any] = {
            "title": intent.title,
            "description": mark_behind(intent.description, intent.reference),
        }
        if intent.kind in TASK_TYPES:
            task["type"] = TASK_TYPES[intent.kind]
        if intent.priority:
            task["priority"] = intent.priority
        # The one excludes the other; a stay names its listing.
        if intent.reservation_id:
            task["reservationId"] = intent.reservation_id
        elif intent.unit_id:
            task["listingId"] = intent.unit_id
        if due := wire.instant(intent.due_at):
            task["canStartAfter"] = since_text(due - _BEGUN_BEFORE)
            task["mustFinishBefore"] = since_text(due)
        answer = call(self.request("POST", f"{_TASKS}/create-single-task", json=task, effect=True)).json()
        made = obj(answer)
        if not identifier(made):
            raise OutcomeUnknown(detail="The answer names no task.", code="no_id")
        return Done(remote_id=identifier(made), at=wire.instant(made.get("createdAt")), raw=made)

    def find_created(self, call: Call, intent: CreateWorkOrder) -> Found | None:
        """By title and place in the list, then by our token in the task itself."""
        skip = 0
        for _ in range(_PAGES):
            page = self._rows(call, skip)
            for row in page.items:
                if _could_be(people.read_task(row), intent) and self._is_ours(call, identifier(row), intent):
                    return Found(remote_id=identifier(row))
            if page.next_cursor is None:
                break
            skip = int(page.next_cursor)
        return None

    def _is_ours(self, call: Call, task_id: str, intent: CreateWorkOrder) -> bool:
        try:
            description = text(self._task(call, task_id).get("description"))
        except NotFound:
            return False
        return intent.reference in references_in(description)

    def update_work_order(self, call: Call, intent: UpdateWorkOrder) -> Done:
        """Idempotent: what stands already is not written again."""
        changes = _changes(intent, self._task(call, intent.work_order_id))
        if changes:
            self._put(call, intent.work_order_id, changes)
            if self.find_updated(call, intent) is None:
                raise Rejected("The change was accepted but not kept.", code="not_stored")
        return Done(remote_id=intent.work_order_id)

    def find_updated(self, call: Call, intent: UpdateWorkOrder) -> Found | None:
        held = self._task(call, intent.work_order_id)
        return None if _changes(intent, held) else Found(remote_id=intent.work_order_id)

    def assign_work_order(self, call: Call, intent: AssignWorkOrder) -> Done:
        """A user by id; somebody else by name in the description, since how a vendor is given a task isn't documented.
        Idempotent."""
        if changes := _assignment(intent, self._task(call, intent.work_order_id)):
            self._put(call, intent.work_order_id, changes)
            if self.find_assigned(call, intent) is None:
                raise Rejected("The change was accepted but not kept.", code="not_stored")
        return Done(remote_id=intent.work_order_id)

    def find_assigned(self, call: Call, intent: AssignWorkOrder) -> Found | None:
        held = self._task(call, intent.work_order_id)
        return None if _assignment(intent, held) else Found(remote_id=intent.work_order_id)

    def note_work_order(self, call: Call, intent: NoteWorkOrder) -> Done:
        """A comment behind those that are there. One with our token that is there already is left."""
        comments = wire.objects(self._task(call, intent.work_order_id).get("comments"))
        if not _has_comment(comments, intent):
            said = marked(f"{intent.author}: {intent.body}", intent.reference)
            self._put(call, intent.work_order_id, {"comments": [*_kept(comments), {"text": said}]})
            if self.find_work_note(call, intent) is None:
                raise Rejected("The note was accepted but not kept.", code="not_stored")
        return Done(remote_id="")

    def find_work_note(self, call: Call, intent: NoteWorkOrder) -> Found | None:
        held = wire.objects(self._task(call, intent.work_order_id).get("comments"))
        return Found(remote_id="") if _has_comment(held, intent) else None

    def _put(self, call: Call, task_id: str, changes: Mapping[str, Any]) -> None:
        call(self.request("PUT", f"{_TASKS}/{self.quoted(task_id)}", json=changes))


def _could_be(row: WorkOrderRecord, intent: CreateWorkOrder) -> bool:
    """What a row doesn't tell speaks for it."""
    if row.title != text(intent.title):
        return False
    if intent.reservation_id:
        return not row.reservation_id or row.reservation_id == intent.reservation_id
    return not row.unit_id or not intent.unit_id or row.unit_id == intent.unit_id


def _changes(intent: UpdateWorkOrder, held: Wire) -> dict[str, Any]:
    """What of the intent doesn't stand yet. A resolution is a comment; those that are there keep their ids."""
    wanted: dict[str, Any] = {}
    if intent.state:
        wanted["status"] = TASK_STATUSES[WorkOrderState(intent.state)]
    if intent.title:
        wanted["title"] = intent.title
    if intent.description:
        reference = reference_in(text(held.get("description")))
        described = without_marks(intent.description)
        wanted["description"] = mark_behind(described, reference) if reference else mask_cards(described)
    changes = {name: value for name, value in wanted.items() if text(held.get(name)) != text(value)}
    said = mask_cards(intent.resolution).strip()
    comments = wire.objects(held.get("comments"))
    if said and said not in {text(one.get("text")) for one in comments}:
        changes["comments"] = [*_kept(comments), {"text": said}]
    return changes


def _kept(comments: Sequence[Wire]) -> list[Wire]:
    """Those that are there, as a change has to name them."""
    return [{"_id": identifier(one), "text": text(one.get("text"))} for one in comments if identifier(one)]


def _has_comment(comments: Sequence[Wire], intent: NoteWorkOrder) -> bool:
    return any(intent.reference in references_in(text(one.get("text"))) for one in comments)


def _assignment(intent: AssignWorkOrder, held: Wire) -> dict[str, Any]:
    """What of the intent doesn't stand yet. `null` for nobody, as reads show it: that it may be written is not
    documented, so it is read back."""
    changes: dict[str, Any] = {}
    if people.assignee_of(held) != intent.person_id:
        changes["assigneeId"] = intent.person_id or None
    before = text(held.get("description"))
    after = assigned(before, "" if intent.person_id else intent.name)
    if after != before:
        changes["description"] = after
    return changes
