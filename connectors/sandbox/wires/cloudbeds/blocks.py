"""Rooms taken out of service or held back."""

from typing import Any

from connectors.sandbox.actions import hotel
from connectors.sandbox.records import Block, Json, Unit
from connectors.sandbox.wires.cloudbeds.answers import Call, Refusal, day, ok, paged

KINDS = ("blocked_dates", "out_of_service", "courtesy_hold")
_HOLD = ("firstName", "lastName", "lengthOfHoldInHours", "email", "phone")


def find(call: Call) -> Json:
    """`GET /getRoomBlocks`"""
    place = call.place()
    rows = call.store.find(Block, "property_id = ?", (place.id,), order="start, id")
    tests: dict[str, Any] = {
        "roomBlockID": lambda row, value: row.id == value,
        "roomID": lambda row, value: value in row.rooms,
        "startDate": lambda row, value: row.end > value,
        "endDate": lambda row, value: row.start < value,
    }
    for name, test in tests.items():
        if wanted := call.said(name):
            rows = [row for row in rows if test(row, wanted)]
    part, counts = paged(call, rows, 20)
    return ok({"propertyID": place.id, "roomBlocks": [_shape(call, row) for row in part]}, **counts)


def _shape(call: Call, row: Block) -> Json:
    return {
        "roomBlockID": row.id,
        "roomBlockType": row.kind,
        "roomBlockReason": row.reason,
        "startDate": row.start,
        "endDate": row.end,
        "rooms": [
            {
                "eventID": f"{row.id}{number}",
                "roomID": room,
                "roomTypeID": call.world.store.need(Unit, room).parent_id,
                "isSource": True,
            }
            for number, room in enumerate(row.rooms)
        ],
    }


def create(call: Call) -> Json:
    """`POST /postRoomBlock`: the block stands beside `success`, not under `data`."""
    place = call.place()
    call.only("roomBlockType", "roomBlockReason", "startDate", "endDate", "rooms", *_HOLD)
    kind = call.need("roomBlockType")
    start, end = day(call.need("startDate"), "startDate"), day(call.need("endDate"), "endDate")
    rooms = [str(row.get("roomID")) for row in call.rows("rooms")]
    if kind not in KINDS or end < start or not rooms:
        raise Refusal('Invalid parameter format, "roomBlockType", "endDate" or "rooms"')
    for key in rooms:
        room = call.world.store.get(Unit, key)
        if room is None or room.property_id != place.id or room.parent_id is None:
            raise Refusal(f"Room {key} not found")
    reason = call.said("roomBlockReason") or ""
    block = Block(call.world.new_id("block"), place.id, kind, reason, start, end, rooms)
    hotel.add_block(call.world, block)
    return {"success": True, "propertyID": place.id, **_shape(call, block)}


def delete(call: Call) -> Json:
    """`POST /deleteRoomBlock`"""
    place = call.place()
    call.only("roomBlockID")
    block = call.world.store.get(Block, call.need("roomBlockID"))
    if block is None or block.property_id != place.id:
        raise Refusal("Room block not found")
    hotel.remove_block(call.world, block)
    return {"success": True}
