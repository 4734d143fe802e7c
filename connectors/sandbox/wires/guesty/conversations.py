"""The communication API: conversations and posts with cursors, sending, notes."""

import base64
import binascii
from typing import Any

from connectors.sandbox.actions.talk import INBOUND, NOTE, OUTBOUND, add_post, new_post
from connectors.sandbox.records import Conversation, Json, Post
from connectors.sandbox.wires.guesty import talk_shapes
from connectors.sandbox.wires.guesty.answers import Answer, Call, need_object, only, plain
from connectors.sandbox.wires.guesty.query import DEFAULT_LIMIT, MAX_LIMIT, condition, filters, order, whole

_DEFAULT = "guest reservation status assignee priority createdAt"
_ONE_STAY = "EXISTS (SELECT 1 FROM Stay WHERE Stay.conversation_id = Conversation.id AND {})"
_COLUMNS = {
    "status": "status",
    "type": "kind",
    "guest._id": "guest_id",
    "owner._id": "guest_id",
    "read": "read",
    "assignee._id": "assignee_id",
}
_STAY_COLUMNS = {
    "reservation._id": "Stay.id",
    "reservation.status": "Stay.status",
    "listing._id": "(SELECT coalesce(parent_id, id) FROM Unit WHERE Unit.id = Stay.unit_id)",
}
_SORTS = {"createdAt": "created_at", "modifiedAt": "modified_at", "updatedAt": "modified_at"}
_POST_SORTS = {"createdAt": "created_at"}
PLATFORMS = (
    "airbnb2",
    "bookingCom",
    "homeaway2",
    "homeaway",
    "expedia",
    "tripAdvisor",
    "rentalsUnited",
    "agoda",
)
_DIRECT = ("sms", "email", "whatsapp")
_QUIET = ("note", "log")


def find(call: Call) -> Answer:
    """`GET /communication/conversations`"""
    limit = whole(call, "limit", DEFAULT_LIMIT, 1, MAX_LIMIT, plain)
    where, params = _where(call)
    name, down, column = order(call, _SORTS, "-createdAt", plain)
    fields = call.query.get("fields") or _DEFAULT
    rows, cursor = _page(call, Conversation, where, params, column, down=down, limit=limit)
    if name != "createdAt" and name not in fields.replace(",", " ").split():
        cursor = {"after": "", "before": ""}
    data = {
        "count": call.store.count(Conversation, where, params),
        "countUnread": call.store.count(Conversation, f"{where} AND NOT read", params),
        "fields": fields,
        "limit": limit,
        "cursor": cursor,
        "conversations": [
            talk_shapes.listed(talk_shapes.conversation(call.store, row), fields) for row in rows
        ],
    }
    return Answer({"status": 200, "data": data})


def _where(call: Call) -> tuple[str, list[Any]]:
    where, params, typed = list[str](), list[Any](), False
    for name, operator, value in filters(call, plain):
        typed = typed or name == "type"
        if name in _COLUMNS:
            sql, values = condition(_COLUMNS[name], operator, value, plain)
            where.append(sql)
        elif name in _STAY_COLUMNS:
            sql, values = condition(_STAY_COLUMNS[name], operator, value, plain)
            where.append(_ONE_STAY.format(sql))
        else:
            raise plain(400, f"can not filter by {name}")
        params.extend(values)
    if not typed:
        where.append("kind = 'guest'")
    return " AND ".join(where), params


def _page(
    call: Call, kind: type[Any], where: str, params: list[Any], column: str, *, down: bool, limit: int
) -> tuple[list[Any], Json]:
    """Rows beyond the cursor, and the cursors of their edges: a page with rows has `after` even if it is the last."""
    after, before = call.query.get("cursorAfter"), call.query.get("cursorBefore")
    if after and before:
        raise plain(400, '"cursorAfter" and "cursorBefore" are not allowed together')
    backwards = bool(before)
    if text := before or after:
        sign = "<" if down != backwards else ">"
        where = f"{where} AND ({column}, id) {sign} (?, ?)"
        params = [*params, *_cursor(text)]
    direction = "DESC" if down != backwards else "ASC"
    rows = call.store.find(kind, where, params, order=f"{column} {direction}, id {direction}", limit=limit)
    if backwards:
        rows.reverse()
    if not rows:
        return rows, {"after": "", "before": ""}
    first, last = (_edge(row, column) for row in (rows[0], rows[-1]))
    return rows, {"after": last, "before": first if text else ""}


def _edge(row: Any, column: str) -> str:
    return base64.b64encode(f"{getattr(row, column)}_{row.id}".encode()).decode()


def _cursor(text: str) -> tuple[str, str]:
    try:
        value, separator, key = base64.b64decode(text, validate=True).decode().rpartition("_")
    except (binascii.Error, UnicodeDecodeError):
        value, separator, key = "", "", ""
    if not separator:
        raise plain(400, "invalid cursor")
    return value, key


def _need(call: Call, *, fresh: bool) -> Conversation:
    store = call.world.store if fresh else call.store
    found = store.get(Conversation, call.params["id"])
    if found is None:
        raise plain(404, "Conversation not found")
    return found


def get(call: Call) -> Answer:
    """`GET /communication/conversations/{id}`"""
    full = talk_shapes.conversation(call.store, _need(call, fresh=False))
    fields = call.query.get("fields")
    return Answer({"status": 200, "data": talk_shapes.listed(full, fields) if fields else full})


def posts(call: Call) -> Answer:
    """`GET /communication/conversations/{id}/posts`, newest first unless told."""
    talk = _need(call, fresh=False)
    limit = whole(call, "limit", DEFAULT_LIMIT, 1, MAX_LIMIT, plain)
    _, down, column = order(call, _POST_SORTS, "-createdAt", plain)
    rows, cursor = _page(call, Post, "conversation_id = ?", [talk.id], column, down=down, limit=limit)
    data = {
        "posts": [talk_shapes.post(row) for row in rows],
        "count": call.store.count(Post, "conversation_id = ?", (talk.id,)),
        "limit": limit,
        "sort": call.query.get("sort") or "-createdAt",
        "cursor": cursor,
    }
    return Answer({"status": 200, "data": data})


def send(call: Call) -> Answer:
    """`POST /communication/conversations/{id}/send-message`: to the guest, unless the module is note or log."""
    talk, body = _need(call, fresh=True), need_object(call)
    only(body, "module", "body")
    module = _module(body, "type", "to", "cc", "bcc")
    _check_channel(talk, module)
    direction = NOTE if module["type"] in _QUIET else OUTBOUND
    entry = _entry(call, talk, body, module, direction)
    value = talk_shapes.post(add_post(call.world, talk, entry))
    value.pop("sentBy", None)
    return Answer({"status": 200, "data": value})


def store_post(call: Call) -> Answer:
    """`POST /communication/conversations/{id}/posts`: kept in the thread, sent to nobody, told to nobody."""
    talk, body = _need(call, fresh=True), need_object(call)
    only(body, "module", "body", "sentBy")
    module = _module(body, "type")
    by = body.get("sentBy", "host")
    if by not in ("host", "guest"):
        raise plain(400, '"sentBy" must be one of [host, guest]')
    entry = _entry(call, talk, body, module, INBOUND if by == "guest" else NOTE)
    with call.world.store.tx():
        call.world.store.put(entry)
        talk.modified_at, talk.last_body, talk.last_at = entry.created_at, entry.body, entry.created_at
        call.world.store.put(talk)
    return Answer({"status": 200, "data": [talk_shapes.post(entry)]})


def _entry(call: Call, talk: Conversation, body: Json, module: Json, direction: str) -> Post:
    entry = new_post(call.world, talk, body["body"], module["type"], direction)
    entry.author, entry.author_name, entry.application = "api", call.application.name, call.application.id
    entry.to, entry.cc, entry.bcc = (list(module.get(name) or []) for name in ("to", "cc", "bcc"))
    return entry


def _module(body: Json, *allowed: str) -> Json:
    module, text = body.get("module"), body.get("body")
    if not isinstance(module, dict) or not isinstance(module.get("type"), str):
        raise plain(400, '"module.type" is required')
    only(module, *allowed)
    if not isinstance(text, str) or not text:
        raise plain(400, '"body" is not allowed to be empty')
    if module["type"] not in (*PLATFORMS, *_DIRECT, *_QUIET, "platform"):
        raise plain(400, f'"{module["type"]}" is not a known module')
    for name in ("to", "cc", "bcc"):
        if not isinstance(module.get(name, []), list):
            raise plain(400, f'"module.{name}" must be an array')
    return module


def _check_channel(talk: Conversation, module: Json) -> None:
    """A channel's module needs a conversation of that channel; e-mail and SMS need somebody to go to."""
    kind = module["type"]
    if kind == "platform" and talk.kind != "owner":
        raise plain(400, "module platform is for owner conversations")
    if kind in PLATFORMS and (talk.kind == "owner" or kind != talk.platform):
        raise plain(400, f"conversation does not support module {kind}")
    if kind in ("email", "sms") and not module.get("to"):
        raise plain(400, f'"module.to" is required for {kind}')
