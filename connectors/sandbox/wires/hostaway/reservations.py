"""Reading reservations: newest change first, `afterId`, filters, and what needs a flag."""

from typing import Any

from connectors.sandbox.actions.homes import CHANNEL_IDS
from connectors.sandbox.records import Json, Stay
from connectors.sandbox.wires.hostaway.answers import Call, Fail, Window, listed, ok, window
from connectors.sandbox.wires.hostaway.stay_shapes import shown

_SENT = "coalesce((SELECT max(last_host_at) FROM Conversation c WHERE c.stay_id = Stay.id), '')"
_RECEIVED = "coalesce((SELECT max(last_guest_at) FROM Conversation c WHERE c.stay_id = Stay.id), '')"
_ACTIVITY = (
    "max(updated_at, coalesce((SELECT max(last_at) FROM Conversation c WHERE c.stay_id = Stay.id), ''))"
)
_UPDATED = "substr(updated_at, 1, 19)"
ORDERS: dict[str, tuple[str, bool]] = {
    "": (_UPDATED, True),
    "updatedOn": (_UPDATED, False),
    "arrivalDate": ("arrival", False),
    "arrivalDateDesc": ("arrival", True),
    "lastConversationMessageSent": (_SENT, False),
    "lastConversationMessageSentDesc": (_SENT, True),
    "lastConversationMessageReceived": (_RECEIVED, False),
    "lastConversationMessageReceivedDesc": (_RECEIVED, True),
    "latestActivity": (_ACTIVITY, False),
    "latestActivityDesc": (_ACTIVITY, True),
}
_NUMBER = "CAST(Stay.id AS INTEGER)"
_LISTING = "(SELECT coalesce(parent_id, id) FROM Unit WHERE Unit.id = Stay.unit_id)"
_OF_GUEST = "(SELECT {} FROM Guest WHERE Guest.id = Stay.guest_id)"
_UNREAD = "EXISTS (SELECT 1 FROM Conversation c WHERE c.stay_id = Stay.id AND NOT c.read)"
_EQUAL = {
    "listingId": f"{_LISTING} = ?",
    "guestEmail": f"{_OF_GUEST.format('email')} = ?",
    "assigneeUserId": "CAST(json_extract(extra, '$.assigneeUserId') AS TEXT) = ?",
    "customerUserId": "json_extract(extra, '$.customerUserId') = ?",
    "reservationAgreement": "json_extract(extra, '$.reservationAgreement') = ?",
    "isArchived": "coalesce(json_extract(extra, '$.isArchived'), 0) = CAST(? AS INTEGER)",
    "isStarred": "coalesce(json_extract(extra, '$.isStarred'), 0) = CAST(? AS INTEGER)",
    "isPinned": "coalesce(json_extract(extra, '$.isPinned'), 0) = CAST(? AS INTEGER)",
    "arrivalStartDate": "arrival >= ?",
    "arrivalEndDate": "arrival <= ?",
    "departureStartDate": "departure >= ?",
    "departureEndDate": "departure <= ?",
    "latestActivityStart": f"substr({_ACTIVITY}, 1, 10) >= ?",
    "latestActivityEnd": f"substr({_ACTIVITY}, 1, 10) <= ?",
}


def need(call: Call, *, fresh: bool) -> Stay:
    """The reservation that the path names. Raises MissingError."""
    store = call.world.store if fresh else call.store
    return store.need(Stay, str(call.params["id"]))


def one(call: Call, row: Stay) -> Json:
    """A reservation as the flags of this call ask for it."""
    resources, payments = call.flag("includeResources"), call.flag("includePayments")
    policy = call.flag("includeCancellationPolicy")
    return shown(call.store, row, call.now, resources=resources, payments=payments, policy=policy)


def get(call: Call) -> Json:
    """`GET /reservations/{id}`"""
    return ok(one(call, need(call, fresh=False)))


def find(call: Call) -> Json:
    """`GET /reservations`; parameters that the reference doesn't name change nothing."""
    order = call.query.get("sortOrder", "")
    if order not in ORDERS:
        raise Fail(400, f"sortOrder {order} is not supported")
    where, params = _where(call)
    count = call.store.count(Stay, where, params)
    part = window(call)
    column, down = ORDERS[order]
    after = call.whole("afterId")
    if after is not None:
        where, params = _beyond(call, where, params, column, after, down=down)
        part = Window(part.limit, 0, part.said_limit, part.said_offset)
    direction = "DESC" if down else "ASC"
    sorting = f"{column} {direction}, {_NUMBER} {direction}"
    rows = call.store.find(Stay, where, params, order=sorting, limit=part.limit, skip=part.offset)
    return listed(part, [one(call, row) for row in rows], count)


def _beyond(
    call: Call, where: str, params: list[Any], column: str, after: int, *, down: bool
) -> tuple[str, list[Any]]:
    """Only what comes behind this reservation, wherever in the order it stands by now. Raises Fail."""
    if call.store.get(Stay, str(after)) is None:
        raise Fail(400, f"afterId {after} is unknown")
    sign = "<" if down else ">"
    edge = f"(SELECT {column}, {_NUMBER} FROM Stay WHERE id = ?)"  # noqa: S608 - code, not values
    return f"{where} AND ({column}, {_NUMBER}) {sign} {edge}", [*params, str(after)]


def _where(call: Call) -> tuple[str, list[Any]]:
    where, params = ["1"], list[Any]()
    for name, condition in _EQUAL.items():
        if value := call.query.get(name):
            where.append(condition)
            params.append(value)
    if (channel := call.whole("channelId")) is not None:
        names = [name for name, number in CHANNEL_IDS.items() if number == channel]
        where.append("platform = ?")
        params.append(names[0] if names else "")
    if unread := call.query.get("hasUnreadConversationMessages"):
        where.append(_UNREAD if unread == "1" else f"NOT {_UNREAD}")
    if wanted := call.query.get("match"):
        full_name = _OF_GUEST.format("first_name || ' ' || last_name")
        where.append(f"instr(lower({full_name}), lower(?)) > 0")
        params.append(wanted)
    return " AND ".join(where), params
