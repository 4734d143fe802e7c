"""Tasks: cleanings, work orders, inspections (the vendor's openapi.json, tag Tasks; webhooks: /docs/webhooks-tasks)."""

import json
from typing import Any

from connectors.sandbox import clock
from connectors.sandbox.actions.people import save_task
from connectors.sandbox.ids import new_id
from connectors.sandbox.records import Json, Staff, Stay, Task, Unit
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
_TIMES = ("startTime", "canStartAfter", "mustFinishBefore")
_OWN = ("title", "priority", "type", "listingId", "reservationId")
_PUSHED = ("_id", "title", "type", "status", "assigneeGroup", "checklist", "checklistFinished", "tags")
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
    timing = {key: extra[key] for key in _TIMES if extra.get(key)}
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
    """A task as its webhooks show it: what is documented of it names no place and no time of change."""
    value = shape(task)
    shown = {name: value[name] for name in _PUSHED}
    return shown | {name: value["timing"].get(name) for name in _TIMES}


def _row(call: Call, task: Task) -> Json:
    unit = call.store.get(Unit, task.unit_id)
    times = {name: task.extra.get(name) for name in _TIMES}
    return {
        "id": task.id,
        "status": {"children": task.status},
        "taskTitle": {"children": task.title},
        "type": {"children": task.kind},
        "listing": {"listingId": unit.id, "title": unit.title} if unit else {},
        "reservation": {"reservationId": task.stay_id} if task.stay_id else {},
        "scheduledFor": times,
        "endTime": {"date": task.updated_at if task.status == "completed" else None},
        "canStartAfter": {"date": times["canStartAfter"]},
        "mustFinishBefore": {"date": times["mustFinishBefore"]},
        "assignee": {"taskId": task.id, "assigneeId": task.extra.get("assigneeId")},
        "priority": {"children": task.priority},
    }


def find(call: Call) -> Answer:
    """`GET /tasks-open-api/tasks?columns=`: a bare array, each column wrapped the way a grid wants it."""
    columns = call.query.get("columns")
    if not columns:
        raise coded(400, "VALIDATION_ERROR", '"columns" is required')
    limit, skip = page(call)
    where, params = _where(call)
    rows = call.store.find(Task, where, params, order="created_at DESC, id DESC", limit=limit, skip=skip)
    wanted = {"id", *columns.replace(",", " ").split()}
    return Answer([{key: item for key, item in _row(call, row).items() if key in wanted} for row in rows])


def _where(call: Call) -> tuple[str, list[Any]]:
    """`{"status": {"@nin": [...]}, "scheduledFor": {"@today": true}}` is the documented example; a bare value is
    compared."""
    text = call.query.get("filters")
    try:
        wanted = json.loads(text) if text else {}
    except ValueError:
        wanted = None
    if not isinstance(wanted, dict):
        raise coded(400, "BAD_REQUEST", "filters must be an object")
    where, params = ["1"], list[Any]()
    for name, value in wanted.items():
        if name == "scheduledFor" and value == {"@today": True}:
            day = call.world.clock.iso()[:10]
            places = (f"substr(json_extract(extra, '$.{one}'), 1, 10) = ?" for one in _TIMES)
            where.append(f"({' OR '.join(places)})")
            params += [day] * len(_TIMES)
            continue
        if name not in _COLUMNS:
            raise coded(400, "BAD_REQUEST", f"{name} is not a known filter")
        sql, found = _condition(_COLUMNS[name], value)
        where.append(sql)
        params += found
    return " AND ".join(where), params


def _condition(column: str, value: Any) -> tuple[str, list[Any]]:
    if not isinstance(value, dict):
        return f"{column} = ?", [value]
    if len(value) == 1 and (operator := next(iter(value))) in ("@in", "@nin") and _texts(value[operator]):
        marks = ", ".join("?" for _ in value[operator])
        return f"{column} {'NOT ' if operator == '@nin' else ''}IN ({marks})", list(value[operator])
    raise coded(400, "BAD_REQUEST", "unknown filter operator")


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


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
    for name in ("assigneeId", "supervisorId"):
        if body.get(name) is not None and call.world.store.get(Staff, str(body[name])) is None:
            raise invalid(f'Unknown "{name}"')
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
    task.extra |= {name: body[name] for name in _EXTRA if name in body and name != "comments"}
    task.extra |= {name: _instant(name, body[name]) for name in _TIMES if body.get(name) is not None}
    if "comments" in body:
        task.extra["comments"] = _commented(call, task.extra.get("comments", []), body["comments"])


def _instant(name: str, value: Any) -> str:
    try:
        return clock.iso(clock.parse_iso(str(value)))
    except ValueError:
        raise invalid(f'"{name}" must be a valid ISO 8601 date') from None


def _commented(call: Call, held: list[Json], told: Any) -> list[Json]:
    """`_id` is there "for update specific comment"; one without is a new one. Raises WireError."""
    if not isinstance(told, list) or not all(isinstance(one, dict) for one in told):
        raise invalid('"comments" must be an array of objects')
    kept = {one["_id"]: one for one in held}
    for one in told:
        only(one, "_id", "text", "attachments", "by", "date")
        key = one.get("_id")
        if key is not None and key not in kept:
            raise invalid("Unknown comment")
        now = {"_id": new_id(), "by": API_USER_ID, "date": call.world.clock.iso()}
        made = kept[key] if key is not None else now
        kept[made["_id"]] = made | {
            "text": str(one.get("text", "")),
            "attachments": one.get("attachments", []),
        }
    return list(kept.values())
