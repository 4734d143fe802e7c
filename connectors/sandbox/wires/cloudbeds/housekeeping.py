"""Room conditions and who cleans what."""

from connectors.sandbox.actions import hotel
from connectors.sandbox.records import Block, Json, Property, Staff, Stay, Unit
from connectors.sandbox.wires.cloudbeds.answers import MAX_PAGE, Call, Refusal, ok, paged, truth
from connectors.sandbox.wires.cloudbeds.shapes import blocked, hotel_day

CONDITIONS = ("dirty", "clean", "inspected")
_FLAGS = {"doNotDisturb": "do_not_disturb", "refusedService": "refused", "vacantPickup": "pickup"}
_CLEANER = "Housekeeping"


def find(call: Call) -> Json:
    """`GET /getHousekeepingStatus`"""
    place = call.place()
    rows = call.store.find(Unit, "property_id = ? AND parent_id IS NOT NULL", (place.id,))
    today, stays, blocks = hotel_day(call, place.id), call.store.find(Stay), call.store.find(Block)
    data = [_shape(call, row, today, stays, blocks) for row in rows]
    for name, of in (("roomTypeIDs", "roomTypeID"), ("housekeeperIDs", "housekeeperID")):
        if wanted := call.said(name):
            data = [row for row in data if row[of] in wanted.split(",")]
    if condition := call.said("roomCondition"):
        data = [row for row in data if row["roomCondition"] == condition]
    if (occupied := truth("roomOccupied", call.said("roomOccupied"))) is not None:
        data = [row for row in data if row["roomOccupied"] is occupied]
    part, counts = paged(call, data, MAX_PAGE)
    return ok(part, **counts)


def _shape(call: Call, row: Unit, today: str, stays: list[Stay], blocks: list[Block]) -> Json:
    cleaner = call.store.get(Staff, row.extra.get("housekeeper"))
    booked = [
        room
        for stay in stays
        if not stay.extra.get("deleted")
        for room in stay.rooms
        if room["room"] == row.id and room["state"] in (hotel.WAITING, hotel.IN_HOUSE)
    ]
    return {
        "date": row.extra.get("changed_on") or today,
        "roomTypeID": row.parent_id,
        "roomTypeName": call.store.need(Unit, row.parent_id or "").name,
        "roomID": row.id,
        "roomName": row.name,
        "roomCondition": row.cleaning,
        "roomOccupied": any(room["state"] == hotel.IN_HOUSE for room in booked),
        "roomBlocked": blocked(blocks, row.id, today),
        "frontdeskStatus": _frontdesk(booked, today),
        "housekeeperID": cleaner.id if cleaner else "",
        "housekeeper": cleaner.full_name if cleaner else "",
        "doNotDisturb": bool(row.extra.get("do_not_disturb")),
        "refusedService": bool(row.extra.get("refused")),
        "vacantPickup": bool(row.extra.get("pickup")),
        "roomComments": row.extra.get("comments", ""),
    }


def _frontdesk(booked: list[Json], today: str) -> str:
    arrives = any(room["start"] == today for room in booked)
    leaves = any(room["end"] == today and room["state"] == hotel.IN_HOUSE for room in booked)
    if arrives and leaves:
        return "turnover"
    if arrives or leaves:
        return "check-in" if arrives else "check-out"
    stays_on = any(room["state"] == hotel.IN_HOUSE and room["end"] > today for room in booked)
    return "stayover" if stays_on else "unused"


def write(call: Call) -> Json:
    """`POST /postHousekeepingStatus`: with the room alone, clean becomes dirty and everything else clean."""
    place = call.place()
    call.only("roomID", "roomCondition", "roomComments", *_FLAGS)
    room, condition = _need(call, place, call.need("roomID")), call.said("roomCondition")
    if condition is not None and condition not in CONDITIONS:
        raise Refusal('Invalid parameter format, "roomCondition"')
    if condition == "inspected" and not place.extra["inspects"]:
        raise Refusal("This property doesn't use inspected")
    given = {name: truth(name, call.said(name)) for name in _FLAGS}
    if (
        condition is None
        and "roomComments" not in call.form
        and not any(v is not None for v in given.values())
    ):
        condition = "clean" if room.cleaning == "dirty" else "dirty"
    room.extra |= {_FLAGS[name]: value for name, value in given.items() if value is not None}
    if "roomComments" in call.form:
        room.extra["comments"] = str(call.form["roomComments"])
    with call.world.store.tx():
        call.world.store.put(room)
        if condition is not None:
            hotel.set_condition(call.world, room, condition)
    shown = {name: bool(room.extra.get(column)) for name, column in _FLAGS.items()}
    return ok(
        {
            "date": room.extra.get("changed_on"),
            "roomID": room.id,
            "roomCondition": room.cleaning,
            "roomComments": room.extra.get("comments", ""),
            **shown,
        }
    )


def _need(call: Call, place: Property, key: str) -> Unit:
    room = call.world.store.get(Unit, key)
    if room is None or room.property_id != place.id or room.parent_id is None:
        raise Refusal(f"Room {key} not found")
    return room


def housekeepers(call: Call) -> Json:
    """`GET /getHousekeepers`"""
    place = call.place()
    rows = call.store.find(Staff, "title = ?", (_CLEANER,))
    part, counts = paged(call, rows, MAX_PAGE)
    data = [{"propertyID": place.id, "housekeeperID": row.id, "name": row.full_name} for row in part]
    return ok(data, **counts)


def assign(call: Call) -> Json:
    """`POST /postHousekeepingAssignment`: 0 is nobody."""
    place = call.place()
    call.only("roomIDs", "housekeeperID")
    key, wanted = call.need("housekeeperID"), call.need("roomIDs").split(",")
    cleaner = call.world.store.get(Staff, key)
    if key != "0" and (cleaner is None or cleaner.title != _CLEANER):
        raise Refusal("Housekeeper not found")
    rooms = [_need(call, place, room.strip()) for room in wanted]
    for room in rooms:
        room.extra["housekeeper"] = None if key == "0" else key
    call.world.store.put_all(rooms)
    return {"success": True}
