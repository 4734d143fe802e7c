"""Tasks: cleanings, work orders, inspections."""

import json
from typing import Any

from connectors.sandbox.actions.people import save_task
from connectors.sandbox.ids import new_id
from connectors.sandbox.records import Json, Stay, Task, Unit
from connectors.sandbox.wires.guesty.answers import (
    ACCOUNT_ID,
    API_USER_ID,
    Answer,
    Call,
    WireError,
    coded,
    need_object,
    only,
)
from connectors.sandbox.wires.guesty.query import page

KINDS = (
    "cleaning",
    "maintenance",
    "inspection",
    "mid-stay",
    "runner",
    "sanitation",
    "check-in",
    "issue",
    "inventory",
    "administration",
)
STATUSES = ("pending", "confirmed", "in progress", "completed", "canceled")
_PRIORITIES = ("low", "medium", "high")
_EXTRA = (
    "description",
    "assigneeGroup",
    "assigneeId",
    "supervisorId",
    "checklist",
    "attachments",
    "startTime",
    "canStartAfter",
    "mustFinishBefore",
    "comments",
    "plannedDuration",
)
_OWN = ("title", "priority", "type", "listingId", "reservationId")
_COLUMNS = {
    "status": "status",
    "taskTitle": "title",
    "title": "title",
    "type": "kind",
    "priority": "priority",
    "listingId": "unit_id",
    "reservationId": "stay_id",
    "_id": "id",
}


def shape(task: Task) -> Json:
    """A task as single reads and writes show it."""
    extra = task.extra
    timing = {key: extra[key] for key in ("startTime", "canStartAfter", "mustFinishBefore") if extra.get(key)}
    kind = "specific" if "startTime" in timing else "flexible" if timing else "none"
    return {
        "_id": task.id,
        "accountId": ACCOUNT_ID,
        "title": task.title,
        "description": extra.get("description", ""),
        "type": task.kind,
        "status": task.status,
        "priority": task.priority,
        "assigneeId": extra.get("assigneeId"),
        "assigneeGroup": extra.get("assigneeGroup", []),
        "supervisorId": extra.get("supervisorId"),
        "checklist": extra.get("checklist", []),
        "checklistFinished": extra.get("checklistFinished", []),
        "attachments": extra.get("attachments", []),
        "comments": extra.get("comments", []),
        "tags": [],
        "createdBy": API_USER_ID,
        "createdAt": task.created_at,
        "updatedAt": task.updated_at,
        "plannedDuration": extra.get("plannedDuration"),
        "timing": {"type": kind, **timing},
        "apply": _apply(task),
    }


def _apply(task: Task) -> Json:
    if task.stay_id:
        return {"type": "reservation", "listingId": task.unit_id, "reservationId": task.stay_id}
    return {"type": "listing", "listingId": task.unit_id} if task.unit_id else {}


def pushed(task: Task) -> Json:
    """A task as its webhooks show it."""
    value = shape(task)
    timing = value.pop("timing")
    names = ("startTime", "canStartAfter", "mustFinishBefore")
    return value | {name: timing.get(name) for name in names}


def _row(call: Call, task: Task) -> Json:
    unit = call.store.get(Unit, task.unit_id)
    times = {name: task.extra.get(name) for name in ("startTime", "canStartAfter", "mustFinishBefore")}
    return {
        "id": task.id,
        "status": {"children": task.status},
        "taskTitle": {"children": task.title},
        "type": {"children": task.kind},
        "listing": {"listingId": unit.id, "title": unit.title} if unit else {},
        "reservation": {"reservationId": task.stay_id} if task.stay_id else {},
        "scheduledFor": times,
        "assignee": {"taskId": task.id, "assigneeId": task.extra.get("assigneeId")},
        "priority": {"children": task.priority},
    }


def find(call: Call) -> Answer:
    """`GET /tasks-open-api/tasks?columns=`: a bare array, each column wrapped the way a grid wants it."""
    columns = call.query.get("columns")
    if not columns:
        raise coded(400, "VALIDATION_ERROR", '"columns" is required')
    limit, skip = page(call)
    where, params = _where(call.query.get("filters"))
    rows = call.store.find(Task, where, params, order="created_at DESC, id DESC", limit=limit, skip=skip)
    wanted = {"id", *columns.replace(",", " ").split()}
    return Answer([{key: item for key, item in _row(call, row).items() if key in wanted} for row in rows])


def _where(text: str | None) -> tuple[str, list[Any]]:
    try:
        wanted = json.loads(text) if text else {}
    except ValueError:
        wanted = None
    if not isinstance(wanted, dict) or not set(wanted) <= set(_COLUMNS):
        raise coded(400, "BAD_REQUEST", "filters must be an object of known fields")
    return " AND ".join(["1", *(f"{_COLUMNS[name]} = ?" for name in wanted)]), list(wanted.values())


def _task(call: Call) -> Task:
    task = call.store.get(Task, call.params["id"])
    if task is None:
        raise invalid("Task not found")
    return task


def invalid(message: str) -> WireError:
    """The tasks API documents 400 and 403 only."""
    return coded(400, "VALIDATION_ERROR", message)


def get(call: Call) -> Answer:
    """`GET /tasks-open-api/{taskId}`"""
    return Answer(shape(_task(call)))


def create(call: Call) -> Answer:
    """`POST /tasks-open-api/create-single-task`"""
    body = need_object(call)
    only(body, *_OWN, *_EXTRA, "expenses")
    if not isinstance(body.get("title"), str) or not body["title"]:
        raise invalid('"title" is required')
    now = call.world.clock.iso()
    task = Task(new_id(), body["title"], None, "pending", "medium", None, None, now, now)
    _take(call, task, body)
    return Answer(shape(save_task(call.world, task, "created", API_USER_ID)))


def put(call: Call) -> Answer:
    """`PUT /tasks-open-api/{taskId}`"""
    body, task = need_object(call), _task(call)
    only(body, *_OWN, *_EXTRA, "status")
    _take(call, task, body)
    task.updated_at = call.world.clock.iso()
    return Answer(shape(save_task(call.world, task, "updated", API_USER_ID)))


def delete(call: Call) -> Answer:
    """`DELETE /tasks-open-api/{taskId}`"""
    return Answer(shape(save_task(call.world, _task(call), "deleted", API_USER_ID)))


def _take(call: Call, task: Task, body: Json) -> None:
    """Check and take over what a request says. Raises WireError."""
    for name, known in (("type", KINDS), ("priority", _PRIORITIES), ("status", STATUSES)):
        if name in body and body[name] not in known:
            raise invalid(f'"{name}" must be one of {", ".join(known)}')
    if "listingId" in body and "reservationId" in body:
        raise invalid('"listingId" and "reservationId" exclude each other')
    if "startTime" in body and {"canStartAfter", "mustFinishBefore"} & set(body):
        raise invalid('"startTime" excludes "canStartAfter" and "mustFinishBefore"')
    if "reservationId" in body:
        stay = call.world.store.get(Stay, body["reservationId"])
        if stay is None:
            raise invalid("Unknown reservationId")
        task.stay_id, task.unit_id = stay.id, stay.unit_id
    if "listingId" in body:
        if call.world.store.get(Unit, body["listingId"]) is None:
            raise invalid("Unknown listingId")
        task.stay_id, task.unit_id = None, body["listingId"]
    task.title = body.get("title", task.title)
    task.kind = body.get("type", task.kind)
    task.priority = body.get("priority", task.priority)
    task.status = body.get("status", task.status)
    task.extra |= {name: body[name] for name in _EXTRA if name in body}
