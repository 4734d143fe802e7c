"""What is posted when something happens: thin bodies, ids in two casings, several events for one deed."""

from connectors.sandbox.actions.hotel import CANCELLED, IN_HOUSE, LEFT
from connectors.sandbox.happenings import (
    BlockChanged,
    GuestChanged,
    Happening,
    NotesChanged,
    StayChanged,
    UnitChanged,
)
from connectors.sandbox.records import FieldDef, Guest, Json, Stay
from connectors.sandbox.world import World

EVENTS = (
    "reservation/created",
    "reservation/deleted",
    "reservation/status_changed",
    "reservation/dates_changed",
    "reservation/accommodation_status_changed",
    "reservation/accommodation_type_changed",
    "reservation/accommodation_changed",
    "reservation/accommodation_removed",
    "reservation/notes_changed",
    "reservation/custom_fields_changed",
    "guest/created",
    "guest/assigned",
    "guest/removed",
    "guest/details_changed",
    "guest/accommodation_changed",
    "housekeeping/room_condition_changed",
    "housekeeping/housekeeping_reservation_status_changed",
    "housekeeping/housekeeping_room_occupancy_status_changed",
    "roomblock/created",
    "roomblock/removed",
    "roomblock/details_changed",
    "integration/appstate_changed",
    "integration/appsettings_changed",
    "night_audit/completed",
)
_UPPER = ("reservation/created", "reservation/status_changed")
_TWINS = (
    "reservation/accommodation_status_changed",
    "reservation/accommodation_type_changed",
    "reservation/accommodation_removed",
    "reservation/deleted",
    "guest/created",
    "guest/assigned",
    "guest/accommodation_changed",
)
Events = list[tuple[str, Json]]


def payloads(world: World, happening: Happening) -> Events:
    """The events that a happening makes, with their bodies."""
    match happening:
        case StayChanged(stay):
            maker = _Maker(world, str(stay.extra["property_id"]), stay)
            return maker.booked() if happening.new else maker.changed(happening.was)
        case NotesChanged(stay, text):
            maker = _Maker(world, str(stay.extra["property_id"]), stay)
            return [maker.event("reservation/notes_changed", notes=text)]
        case GuestChanged(guest, verb, _):
            return _guest(world, guest, verb)
        case UnitChanged(unit):
            maker = _Maker(world, unit.property_id)
            changed = "housekeeping/room_condition_changed"
            return [maker.event(changed, roomId=unit.id, condition=unit.cleaning)]
        case BlockChanged(block, verb):
            maker = _Maker(world, block.property_id)
            body: Json = {"roomBlockId": block.id, "rooms": [{"roomId": room} for room in block.rooms]}
            return [maker.event(f"roomblock/{verb}", **body)]
    return []


def _guest(world: World, guest: Guest, verb: str) -> Events:
    fresh = world.store.need(Guest, guest.id)
    maker = _Maker(world, str(fresh.extra["property_id"]))
    event = "guest/created" if verb == "created" else "guest/details_changed"
    return [maker.event(event, guestId=guest.id)]


class _Maker:
    """Makes the events of one hotel, or of one stay in it; each has an instant of its own."""

    def __init__(self, world: World, property_id: str, stay: Stay | None = None) -> None:
        self._world = world
        self._property = property_id
        self._stay = stay

    def event(self, name: str, **more: object) -> tuple[str, Json]:
        """One event; those of the first generation write `ID`, later ones `Id`, some numbers with a `_str` twin."""
        suffix = "ID" if name in _UPPER else "Id"
        body: Json = {
            "version": "1.0",
            "timestamp": round(self._world.clock.epoch(), 6),
            "event": name,
            f"property{suffix}": int(self._property),
            f"property{suffix}_str": self._property,
        }
        if self._stay:
            key = f"reservation{suffix}"
            twins = name in _TWINS
            body |= {key: int(self._stay.id), f"{key}_str": self._stay.id} if twins else {key: self._stay.id}
        return name, body | more

    def booked(self) -> Events:
        """A reservation was made."""
        stay = self._need()
        made = [self.event("reservation/created", startDate=stay.arrival, endDate=stay.departure)]
        made.append(self.event("guest/assigned", guestId=stay.guest_id))
        made += [
            self.event(
                "reservation/accommodation_changed",
                subReservationId=row["sub"],
                roomId=row["room"],
                roomIdPrev=None,
            )
            for row in stay.rooms
            if row["room"]
        ]
        return made

    def changed(self, was: Json) -> Events:
        """A reservation was changed; `was` has the old values."""
        stay, made = self._need(), Events()
        if stay.extra.get("deleted") and not was.get("extra", stay.extra).get("deleted"):
            return [self.event("reservation/deleted")]
        if "rooms" in was:
            made += self._rooms_changed(was["rooms"])
        if "status" in was:
            made += self._status_changed()
        if "arrival" in was or "departure" in was:
            subs = [row["sub"] for row in stay.rooms]
            dates: Json = {"subReservations": subs, "startDate": stay.arrival, "endDate": stay.departure}
            made.append(self.event("reservation/dates_changed", **dates))
        if "fields" in was:
            made.append(self._fields_changed(was["fields"]))
        return made

    def _status_changed(self) -> Events:
        """While somebody is checked in the event may still say `confirmed`, only the next one says the truth."""
        stay, name = self._need(), "reservation/status_changed"
        actor = {"type": "user", "id": "77"}
        early = [self.event(name, status="confirmed", actor=actor)] if stay.status == "checked_in" else []
        return [*early, self.event(name, status=stay.status, actor=actor)]

    def _rooms_changed(self, old_rooms: list[Json]) -> Events:
        stay, made = self._need(), Events()
        before = {row["sub"]: row for row in old_rooms}
        for row in stay.rooms:
            made += self._room_changed(before.pop(row["sub"], None), row)
        for gone in before.values():
            made.append(self.event("reservation/accommodation_removed", subReservationId=gone["sub"]))
        return made

    def _room_changed(self, old: Json | None, row: Json) -> Events:
        made = Events()
        sub = {"subReservationId": row["sub"]}
        if old is None or old["type"] != row["type"]:
            name = "reservation/accommodation_type_changed"
            made.append(self.event(name, **sub, roomTypeId=row["type"]))
        previous = old["room"] if old else None
        if row["room"] != previous:
            rooms = {"roomId": row["room"], "roomIdPrev": previous}
            made.append(self.event("reservation/accommodation_changed", **sub, **rooms))
            guest = row["guest"] or self._need().guest_id
            made.append(self.event("guest/accommodation_changed", guestId=guest, roomId=row["room"]))
        if old and old["state"] != row["state"] and row["state"] in (IN_HOUSE, LEFT):
            made += self._presence_changed(row)
        if old and old["state"] != CANCELLED and row["state"] == CANCELLED:
            made.append(self.event("reservation/accommodation_removed", **sub))
        return made

    def _presence_changed(self, row: Json) -> Events:
        """Somebody came or left: the room, the housekeepers and the guest hear of it."""
        status = "occupied" if row["state"] == IN_HOUSE else "unoccupied"
        hotel = _Maker(self._world, self._property)
        told = "housekeeping/housekeeping_room_occupancy_status_changed"
        stayover = "stayover" if status == "occupied" else "check-out"
        guest = row["guest"] or self._need().guest_id
        return [
            self.event("reservation/accommodation_status_changed", roomId=row["room"], status=status),
            hotel.event(told, roomId=row["room"], status=status),
            hotel.event(
                "housekeeping/housekeeping_reservation_status_changed", roomId=row["room"], status=stayover
            ),
            hotel.event("guest/details_changed", guestId=guest),
        ]

    def _fields_changed(self, old: Json) -> tuple[str, Json]:
        fields = self._need().fields
        ids = {row.key: row.id for row in self._world.store.find(FieldDef)}
        created, updated = list[Json](), list[Json]()
        for name, value in fields.items():
            if old.get(name) != value:
                row = {
                    "id": ids.get(name, ""),
                    "name": name,
                    "old_value": old.get(name) or "",
                    "new_value": value,
                }
                (updated if name in old else created).append(row)
        deleted = [{"id": ids.get(name, ""), "name": name} for name in old if name not in fields]
        lists: Json = {
            "createdCustomFields": created,
            "updatedCustomFields": updated,
            "deletedCustomFields": deleted,
        }
        return self.event("reservation/custom_fields_changed", **lists)

    def _need(self) -> Stay:
        if self._stay is None:
            raise RuntimeError("these events are about a stay")
        return self._stay
