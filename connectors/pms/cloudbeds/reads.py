"""What we read from Cloudbeds: pages, properties and their clocks.

Source: https://github.com/cloudbeds/openapi-specs (src/pms-v1.3-openapi.yaml). Every time without a zone is local to
its property. Changes are asked for with an overlap, and the vendor warns that some are not found that way: stays that
are near are read again every day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from connectors.contract import wire
from connectors.contract.base import Page, WithoutMessages
from connectors.contract.errors import NotFound, Rejected
from connectors.contract.http import Call, Request
from connectors.contract.records import (
    UNSET,
    GuestRecord,
    HousekeepingRecord,
    NoteRecord,
    PropertyRecord,
    ReservationRecord,
    UnitRecord,
    Unset,
)
from connectors.contract.wire import Wire, first, obj, text
from connectors.pms.cloudbeds.stays import Place, read_note, read_reservation
from connectors.pms.cloudbeds.words import LATE_CHECK_OUT, PICKUP

PAGE: Final = 100
HOUSEKEEPING_PAGE: Final = 5000
OVERLAP: Final = timedelta(minutes=15)
_MERGES: Final = 3
_VENDOR: Final = ".cloudbeds.com"
_SCOPE: Final = "."

# (account, property) → zone and currency: they hardly ever change, and every local time needs the zone.
_PLACES: dict[tuple[str, str], Place] = {}


class Reads(WithoutMessages):
    """`only` is the property that the connection is for; empty: all that the key covers. Then the ids of each are
    told apart by its number in front, since reservations and rooms are numbered per property."""

    api: str
    only: str

    def scope(self, property_id: str, remote_id: str) -> str:
        return remote_id if self._is_single() or not property_id else f"{property_id}{_SCOPE}{remote_id}"

    def split(self, external_id: str) -> tuple[str, str]:
        """(property, its own id)."""
        if self._is_single():
            return self.only, external_id
        property_id, _, remote_id = external_id.partition(_SCOPE)
        return (property_id, remote_id) if remote_id else ("", external_id)

    def _is_single(self) -> bool:
        return bool(self.only) or not self.settings.credentials.get("api_key")

    # --- requests ---
    def get(self, call: Call, name: str, property_id: str = "", **query: str) -> Wire:
        """The answer of a reading call, envelope and all."""
        asked = {"propertyID": property_id, **query} if property_id else query
        request = Request(
            method="GET", path=f"{self.api}/{name}", query=tuple(asked.items()), headers=_named(property_id)
        )
        return obj(call(request).json())

    def write(
        self,
        call: Call,
        method: str,
        name: str,
        property_id: str,
        form: Mapping[str, str],
        *,
        effect: bool = False,
    ) -> Wire:
        """The answer of a writing call. `effect`: doing it twice would show."""
        told = {"propertyID": property_id, **form} if property_id else form
        request = Request(
            method=method, path=f"{self.api}/{name}", form=told, headers=_named(property_id), effect=effect
        )
        return obj(call(request).json())

    def home(self, call: Call) -> str:
        """Properties are spread over several hosts; `/oauth/metadata` tells which is the one of a key. Only the host is
        taken, and only one of the vendor's: the key goes there with every call."""
        try:
            answer = self.get(call, "oauth/metadata")
        except Rejected:
            return self.api
        try:
            told = urlsplit(text(obj(obj(answer.get("data")).get("api")).get("url")))
        except ValueError:
            return self.api
        if told.scheme != "https" or not f".{told.hostname}".endswith(_VENDOR):
            return self.api
        return f"https://{told.hostname}{urlsplit(self.api).path}"

    def ping(self, call: Call) -> str:
        """Who the key belongs to; then whether it covers the property. Raises Rejected where it doesn't."""
        user = self.get(call, "userinfo")
        name = " ".join(wire.texts((user.get("first_name"), user.get("last_name"))))
        known = first(name, user.get("email"), user.get("user_id"))
        if not self.only:
            return known
        try:
            hotel = next(iter(self._hotels(call)), None)
        except Rejected as error:
            if error.code == "missing_scope":
                raise
            hotel = None
        if hotel is None:
            raise Rejected(f"This key doesn't cover the property {self.only}.", code="no_property")
        return first(hotel.get("propertyName"), known)

    def text_fields(self, call: Call) -> dict[str, str]:
        """By shortcode: that is what a write wants. The one in which we keep departure times comes last."""
        property_id = self._properties(call)[0]
        found = {
            text(one.get("shortcode")): first(one.get("name"), one.get("shortcode"))
            for one in wire.items(self.get(call, "getCustomFields", property_id), "data")
            if text(one.get("applyTo")) == "reservation" and text(one.get("shortcode"))
        }
        return dict(sorted(found.items(), key=lambda item: item[0] == LATE_CHECK_OUT))

    # --- properties ---
    def _hotels(self, call: Call) -> list[Wire]:
        query = {"propertyIDs": self.only} if self.only else {}
        found: list[Wire] = []
        number = 1
        while True:
            page = wire.items(
                self.get(call, "getHotels", pageNumber=str(number), pageSize=str(PAGE), **query), "data"
            )
            found += [hotel for hotel in page if not self.only or text(hotel.get("propertyID")) == self.only]
            if len(page) < PAGE:
                break
            number += 1
        for hotel in found:
            _PLACES[self.limit_key(), text(hotel.get("propertyID"))] = _place(hotel, self.settings.timezone)
        return [hotel for hotel in found if text(hotel.get("propertyID"))]

    def _properties(self, call: Call) -> list[str]:
        """Raises NotFound where the key covers none."""
        found = [self.only] if self.only else [text(hotel.get("propertyID")) for hotel in self._hotels(call)]
        if not found:
            raise NotFound(detail="The key covers no property.", code="no_property")
        return found

    def place(self, call: Call, property_id: str) -> Place:
        key = (self.limit_key(), property_id or self.only)
        if key not in _PLACES:
            self._hotels(call)
        return _PLACES.get(key) or Place(zone=wire.zone_of(self.settings.timezone))

    def list_properties(self, call: Call, cursor: str | None = None) -> Page[PropertyRecord]:  # noqa: ARG002
        found = [
            PropertyRecord(
                external_id=text(hotel["propertyID"]),
                name=first(hotel.get("propertyName"), hotel["propertyID"]),
                timezone=text(hotel.get("propertyTimezone")) or None,
                address=_address(self._details(call, text(hotel["propertyID"]))),
                raw=hotel,
            )
            for hotel in self._hotels(call)
        ]
        return Page(items=found, next_cursor=None)

    def _details(self, call: Call, property_id: str) -> Wire:
        try:
            return obj(self.get(call, "getHotelDetails", property_id).get("data"))
        except Rejected:
            return {}

    def list_units(self, call: Call, cursor: str | None = None) -> Page[UnitRecord]:
        property_id, number = self._at(call, cursor)
        query = {"propertyIDs": property_id, "pageNumber": str(number), "pageSize": str(PAGE)}
        groups = wire.items(self.get(call, "getRooms", **query), "data")
        rooms = [room for group in groups for room in wire.objects(group.get("rooms"))]
        policy = obj(self._details(call, property_id).get("propertyPolicy")) if rooms else {}
        units = [self._unit(room, property_id, policy) for room in rooms if text(room.get("roomID"))]
        return Page(items=units, next_cursor=self._next(call, property_id, number, full=len(rooms) >= PAGE))

    def _unit(self, room: Wire, property_id: str, policy: Wire) -> UnitRecord:
        return UnitRecord(
            external_id=self.scope(property_id, text(room.get("roomID"))),
            property_id=property_id,
            name=first(room.get("roomName"), room.get("roomID")),
            title=text(room.get("roomTypeName")),
            check_in_time=_policy_time(policy, "propertyCheckInTime"),
            check_out_time=_policy_time(policy, "propertyCheckOutTime"),
            raw=room,
        )

    def get_unit(self, call: Call, external_id: str) -> UnitRecord:
        """There is no call for one room."""
        wanted, _ = self.split(external_id)
        cursor: str | None = f"{wanted}:1" if wanted else None
        while True:
            page = self.list_units(call, cursor)
            for unit in page.items:
                if unit.external_id == external_id:
                    return unit
            if (cursor := page.next_cursor) is None or (wanted and not cursor.startswith(f"{wanted}:")):
                raise NotFound(detail=f"room {external_id}", code="not_found")

    # --- paging over properties: the cursor is "property:page" ---
    def _at(self, call: Call, cursor: str | None) -> tuple[str, int]:
        if not cursor:
            return self._properties(call)[0], 1
        property_id, _, number = cursor.rpartition(":")
        return property_id, int(number)

    def _next(self, call: Call, property_id: str, number: int, *, full: bool) -> str | None:
        if full:
            return f"{property_id}:{number + 1}"
        rest = self._properties(call)
        after = rest[rest.index(property_id) + 1 :] if property_id in rest else []
        return f"{after[0]}:1" if after else None

    # --- reservations ---
    def list_reservations(
        self, call: Call, cursor: str | None = None, changed_since: datetime | None = None
    ) -> Page[ReservationRecord]:
        property_id, number = self._at(call, cursor)
        query = {"includeDeleted": "true"}
        if changed_since is not None:
            query["modifiedFrom"] = _since_text(changed_since, self.place(call, property_id))
        return self._page_of_stays(call, property_id, number, query)

    def list_near_stays(self, call: Call, cursor: str | None, at: datetime) -> Page[ReservationRecord]:
        """Whoever leaves from yesterday on: in the house, or still to come."""
        property_id, number = self._at(call, cursor)
        today = at.astimezone(self.place(call, property_id).zone).date()
        leaving = {"reservationCheckOutFrom": (today - timedelta(days=1)).isoformat()}
        return self._page_of_stays(call, property_id, number, leaving)

    def _page_of_stays(
        self, call: Call, property_id: str, number: int, query: dict[str, str]
    ) -> Page[ReservationRecord]:
        paging = {"pageNumber": str(number), "pageSize": str(PAGE)}
        answer = self.get(call, "getReservationsWithRateDetails", property_id, **_WHOLE, **query, **paging)
        rows = wire.items(answer, "data")
        place = self.place(call, property_id)
        found = [self._stay(row, place, property_id) for row in rows if text(row.get("reservationID"))]
        total = wire.integer(answer.get("total")) if self.only else None
        following = self._next(call, property_id, number, full=len(rows) >= PAGE)
        return Page(items=found, next_cursor=following, total=total)

    def _stay(self, row: Wire, place: Place, property_id: str) -> ReservationRecord:
        own = {"propertyID": property_id, **row} if property_id else row
        return read_reservation(own, place, lambda one: self.scope(property_id, one))

    def get_reservation(self, call: Call, external_id: str) -> ReservationRecord:
        """A deleted one is found by the list alone. Raises NotFound where even that doesn't know it."""
        property_id, remote_id = self.split(external_id)
        place = self.place(call, property_id)
        try:
            found = obj(self.get(call, "getReservation", property_id, reservationID=remote_id).get("data"))
        except NotFound:
            found = {}
        if not text(found.get("reservationID")):
            query = {"reservationID": remote_id, "includeDeleted": "true"}
            answer = self.get(call, "getReservationsWithRateDetails", property_id, **_WHOLE, **query)
            found = next(iter(wire.items(answer, "data")), {})
        if not text(found.get("reservationID")):
            raise NotFound(detail=f"reservation {external_id}", code="not_found")
        return self._stay(found, place, property_id)

    def get_reservations(self, call: Call, external_ids: Sequence[str]) -> Sequence[ReservationRecord]:
        """A call per property: `reservationID` takes a list. Deleted ones are among them."""
        wanted: dict[str, list[str]] = {}
        for property_id, remote_id in map(self.split, external_ids):
            wanted.setdefault(property_id, []).append(remote_id)
        found: list[ReservationRecord] = []
        for property_id, ids in wanted.items():
            query = {"includeDeleted": "true", "reservationID": ",".join(ids)}
            found += self._page_of_stays(call, property_id, 1, query).items
        return found

    def list_notes(self, call: Call, reservation_id: str) -> Sequence[NoteRecord]:
        property_id, remote_id = self.split(reservation_id)
        zone = self.place(call, property_id).zone
        rows = wire.items(self.get(call, "getReservationNotes", property_id, reservationID=remote_id), "data")
        read = (
            read_note(row, reservation_id, zone, lambda one: self.scope(property_id, one)) for row in rows
        )
        found = [note for note in read if note is not None]
        return sorted(found, key=lambda note: (note.written_at, note.external_id))

    def get_guest(self, call: Call, external_id: str) -> GuestRecord:
        """A guest that was merged into another is read there, and stays known under the id that was asked for."""
        property_id, remote_id = self.split(external_id)
        for _ in range(_MERGES):
            data = obj(self.get(call, "getGuest", property_id, guestID=remote_id).get("data"))
            if not wire.flag(data.get("isMerged")) or not text(data.get("newGuestID")):
                break
            remote_id = text(data["newGuestID"])
        joined = " ".join(wire.texts((data.get("firstName"), data.get("lastName"))))
        return GuestRecord(
            external_id=external_id,
            full_name=joined or UNSET,
            first_name=text(data.get("firstName")),
            last_name=text(data.get("lastName")),
            emails=wire.texts([data.get("email")]),
            phones=wire.texts((data.get("phone"), data.get("cellPhone"))),
            notes=text(data["specialRequests"]) if "specialRequests" in data else UNSET,
            raw=data,
        )

    # --- housekeeping ---
    def list_housekeeping(self, call: Call, cursor: str | None = None) -> Page[HousekeepingRecord]:
        property_id, number = self._at(call, cursor)
        rows = self.read_housekeeping(call, property_id, number)
        found = [self._housekeeping(row, property_id) for row in rows if text(row.get("roomID"))]
        following = self._next(call, property_id, number, full=len(rows) >= HOUSEKEEPING_PAGE)
        return Page(items=found, next_cursor=following)

    def read_housekeeping(self, call: Call, property_id: str, number: int = 1) -> list[Wire]:
        """All rooms of today: there is no filter by room."""
        paging = {"pageNumber": str(number), "pageSize": str(HOUSEKEEPING_PAGE)}
        return wire.items(self.get(call, "getHousekeepingStatus", property_id, **paging), "data")

    def _housekeeping(self, row: Wire, property_id: str) -> HousekeepingRecord:
        silent, refused = wire.flag(row.get("doNotDisturb")), wire.flag(row.get("refusedService"))
        condition = text(row["roomCondition"]).lower() if "roomCondition" in row else UNSET
        return HousekeepingRecord(
            external_id=self.scope(property_id, text(row.get("roomID"))),
            condition=PICKUP if wire.flag(row.get("vacantPickup")) else condition,
            occupied=wire.flag(row["roomOccupied"]) if "roomOccupied" in row else UNSET,
            do_not_disturb=silent if silent is not None else UNSET,
            refused=refused if refused is not None else UNSET,
            comment=text(row["roomComments"]) if "roomComments" in row else UNSET,
            raw=row,
        )

    def get_housekeeping(self, call: Call, unit_id: str) -> HousekeepingRecord:
        property_id, room_id = self.split(unit_id)
        for row in self.read_housekeeping(call, property_id):
            if text(row.get("roomID")) == room_id:
                return self._housekeeping(row, property_id)
        raise NotFound(detail=f"room {unit_id}", code="not_found")


_WHOLE: Final = {"includeGuestsDetails": "true", "includeCustomFields": "true"}


def _named(property_id: str) -> dict[str, str]:
    return {"x-property-id": property_id} if property_id else {}


def _place(hotel: Wire, fallback: str) -> Place:
    told: Any = hotel.get("propertyCurrency")
    currency = obj(told[0]) if isinstance(told, list) and told else obj(told)
    return Place(
        zone=wire.zone_of(hotel.get("propertyTimezone"), fallback),
        currency=first(currency.get("currencyCode"), told),
    )


def _since_text(moment: datetime, place: Place) -> str:
    """Property-local, as filters want it, with the overlap; around the hour that autumn has twice, an hour more."""
    try:
        start = moment - OVERLAP
        turned = (
            start.astimezone(place.zone).utcoffset() != (start - 2 * _HOUR).astimezone(place.zone).utcoffset()
        )
        local = (start - _HOUR if turned else start).astimezone(place.zone)
    except OverflowError:
        local = moment.astimezone(UTC)
    return local.strftime("%Y-%m-%d %H:%M:%S")


_HOUR: Final = timedelta(hours=1)


def _policy_time(policy: Wire, name: str) -> time | Unset | None:
    return wire.local_time(policy[name], UTC) if name in policy else UNSET


def _address(details: Wire) -> str:
    told = obj(details.get("propertyAddress"))
    names = ("propertyAddress1", "propertyAddress2", "propertyZip", "propertyCity", "propertyCountry")
    return ", ".join(wire.texts(told.get(name) for name in names))
