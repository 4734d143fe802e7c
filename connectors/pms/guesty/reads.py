"""What we read from Guesty: pages, cursors and their traps."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final
from urllib.parse import quote

from connectors.contract import wire
from connectors.contract.base import Page, PmsConnector
from connectors.contract.errors import NotFound, Rejected, Unreadable
from connectors.contract.http import Call, Request
from connectors.contract.records import (
    ConversationRecord,
    GuestRecord,
    MessageRecord,
    NoteRecord,
    PropertyRecord,
    ReservationRecord,
    UnitRecord,
    Unset,
)
from connectors.contract.wire import Wire, first, obj, text
from connectors.pms.guesty import people
from connectors.pms.guesty.conversations import read_conversation, read_post
from connectors.pms.guesty.reservations import needs_stay_state, read_reservation, reservation_id, since_text

PAGE: Final = 100
V3_IDS: Final = 10
_LISTING_FIELDS: Final = (
    "_id nickname title timezone address defaultCheckInTime defaultCheckOutTime active isListed type "
    "customFields lastUpdatedAt"
)
_RESERVATION_FIELDS: Final = (
    "_id status confirmationCode source integration checkIn checkOut checkInDateLocalized "
    "checkOutDateLocalized plannedArrival plannedDeparture guestsCount numberOfGuests guestId guest "
    "listingId unitId listing conversationId ratePlanId money note notes keyCode customFields guestStay "
    "canceledAt canceledBy createdAt lastUpdatedAt"
)
# Asked for by name: if one of these is missing in the answer, there is none (a late check-out was taken back).
_CLEARED: Final = dict.fromkeys(("plannedArrival", "plannedDeparture", "keyCode", "canceledAt", "canceledBy"))
_GUEST_FIELDS: Final = (
    "_id firstName lastName fullName email emails phone phones preferredLanguage notes tags"
)
_CONVERSATION_FIELDS: Final = (
    "guest reservation status assignee priority createdAt modifiedAt meta integration type"
)


class Reads(PmsConnector):
    """Legacy calls are removed on 2027-03-01: `legacy_calls` is the one switch for all of them."""

    legacy_calls: ClassVar[bool] = True
    api: str

    def request(
        self,
        method: str,
        path: str,
        *,
        query: tuple[tuple[str, str], ...] = (),
        json: object = None,
        effect: bool = False,
    ) -> Request:
        """`path` below the API's root. The address is absolute: the base URL is given with and without
        `/v1`."""
        return Request(method=method, path=self.api + path, query=query, json=json, effect=effect)

    @staticmethod
    def quoted(remote_id: str) -> str:
        return quote(remote_id, safe="")

    def ping(self, call: Call) -> str:
        account = obj(call(self.request("GET", "/accounts/me")).json())
        return first(account.get("name"), account.get("_id"), account.get("id"))

    def text_fields(self, call: Call) -> dict[str, str]:
        account = obj(call(self.request("GET", "/accounts/me")).json())
        account_id = self.quoted(first(account.get("_id"), account.get("id")))
        defined = wire.items(
            call(self.request("GET", f"/accounts/{account_id}/custom-fields")).json(), "results"
        )
        return {
            first(one.get("fieldId"), one.get("_id")): first(one.get("displayName"), one.get("key"))
            for one in defined
            if one.get("object") == "reservation" and one.get("type") in {"text", "longtext"}
        }

    # --- places ---
    def list_properties(self, call: Call, cursor: str | None = None) -> Page[PropertyRecord]:
        """Complexes first, then the listings that are in none; the cursor says which list it is in."""
        if cursor is None:
            return Page(items=[people.read_property(one) for one in self._complexes(call)], next_cursor="0")
        listings = self._listings(call, int(cursor))
        grouped = self._complex_of(call)
        alone = [people.read_property(one) for one in listings.items if wire.identifier(one) not in grouped]
        return Page(items=alone, next_cursor=listings.next_cursor)

    def list_units(self, call: Call, cursor: str | None = None) -> Page[UnitRecord]:
        page = self._listings(call, int(cursor or 0))
        grouped = self._complex_of(call)
        units = [people.read_unit(one, self._property_of(one, grouped)) for one in page.items]
        return Page(items=units, next_cursor=page.next_cursor, total=page.total)

    def get_unit(self, call: Call, external_id: str) -> UnitRecord:
        path = f"/listings/{self.quoted(external_id)}"
        found = obj(call(self.request("GET", path, query=(("fields", _LISTING_FIELDS),))).json())
        return people.read_unit(
            {"_id": external_id, **found}, self._property_of(found, self._complex_of(call))
        )

    @staticmethod
    def _property_of(listing: Wire, grouped: Mapping[str, str]) -> str:
        """The complex a listing is in; where it is in none, it is a property of its own."""
        listing_id = wire.identifier(listing)
        return grouped.get(listing_id, listing_id)

    def _complex_of(self, call: Call) -> dict[str, str]:
        """Listing id → complex id. Listings don't tell it; complexes name their listings."""
        return {
            listing: wire.identifier(group)
            for group in self._complexes(call)
            for listing in people.listings_of(group)
        }

    def _complexes(self, call: Call) -> list[Wire]:
        """All of them. Accounts without complexes may not have the call at all."""
        found: list[Wire] = []
        skip: int | None = 0
        while skip is not None:
            query = (("limit", str(PAGE)), ("skip", str(skip)))
            try:
                answer = call(self.request("GET", "/properties-api/complexes", query=query)).json()
            except (NotFound, Rejected):
                return found
            page = self._skipped(answer, "complexes" if "complexes" in obj(answer) else "results", skip)
            found += page.items
            skip = int(page.next_cursor) if page.next_cursor else None
        return found

    def _listings(self, call: Call, skip: int) -> Page[Wire]:
        query = (("fields", _LISTING_FIELDS), ("sort", "_id"), ("limit", str(PAGE)), ("skip", str(skip)))
        return self._skipped(call(self.request("GET", "/listings", query=query)).json(), "results", skip)

    def _skipped(self, answer: Any, key: str, skip: int) -> Page[Wire]:
        """A page of a skip/limit list. The provider may use a smaller limit than asked for: it says so."""
        items = wire.items(answer, key)
        limit = wire.integer(obj(answer).get("limit")) or PAGE
        following = str(skip + len(items)) if items and len(items) >= min(limit, PAGE) else None
        return Page(items=items, next_cursor=following, total=wire.integer(obj(answer).get("count")))

    def get_guest(self, call: Call, external_id: str) -> GuestRecord:
        path = f"/guests-crud/{self.quoted(external_id)}"
        answer = obj(call(self.request("GET", path, query=(("fields", _GUEST_FIELDS),))).json())
        return people.read_guest(answer, external_id)

    # --- reservations ---
    def list_reservations(
        self, call: Call, cursor: str | None = None, changed_since: datetime | None = None
    ) -> Page[ReservationRecord]:
        """By time of change, oldest first; a back-fill is the same from 1970 on.

        `skip` alone would lose rows that change while we read, so each page starts at the last instant of
        the one before (cursor: "<instant>|<skip within it>"). Rows of that instant come twice, which does
        no harm.
        """
        start, _, skipped = (
            cursor or f"{since_text(changed_since or datetime.fromtimestamp(0, UTC))}|0"
        ).partition("|")
        skip = int(skipped or 0)
        filters = [{"field": "lastUpdatedAt", "operator": "$gt", "value": start}]
        query = (
            ("filters", json.dumps(filters)),
            ("fields", _RESERVATION_FIELDS),
            ("sort", "lastUpdatedAt"),
            ("limit", str(PAGE)),
            ("skip", str(skip)),
        )
        page = self._skipped(call(self.request("GET", "/reservations", query=query)).json(), "results", skip)
        records = self._with_stay_state(call, page.items)
        total = page.total if cursor is None else None
        if page.next_cursor is None:
            return Page(items=records, next_cursor=None, total=total)
        last = wire.instant(page.items[-1].get("lastUpdatedAt"))
        moved = since_text(last - timedelta(milliseconds=1)) if last else start
        following = f"{moved}|0" if moved > start else f"{start}|{skip + len(page.items)}"
        return Page(items=records, next_cursor=following, total=total)

    def get_reservation(self, call: Call, external_id: str) -> ReservationRecord:
        """Raises NotFound if neither generation of the API knows it."""
        if self.legacy_calls:
            query = (("fields", _RESERVATION_FIELDS),)
            try:
                found = obj(
                    call(self.request("GET", f"/reservations/{self.quoted(external_id)}", query=query)).json()
                )
            except NotFound:
                found = {}
            if reservation_id(found):
                return self._with_stay_state(call, [found])[0]
        modern = self.read_v3(call, [external_id])
        if not modern:
            raise NotFound(detail=f"reservation {external_id}", code="not_found")
        found = {"reservationId": external_id, **modern[0]}
        unit_id = read_reservation(found, self.settings.timezone).unit_id
        # v3 tells clock times as instants, and no zone: the listing has it.
        return read_reservation(found, self._zone_of(call, unit_id) or self.settings.timezone)

    def _zone_of(self, call: Call, unit_id: str | Unset | None) -> str | None:
        try:
            return self.get_unit(call, unit_id).timezone or None if unit_id else None
        except NotFound:
            return None

    def _with_stay_state(self, call: Call, found: Sequence[Wire]) -> list[ReservationRecord]:
        """Records of legacy objects, completed from v3 where only v3 tells who is in the house."""
        asked = [reservation_id(data) for data in found if needs_stay_state(data)]
        modern: dict[str, Wire] = {}
        for start in range(0, len(asked), V3_IDS):
            for data in self.read_v3(call, asked[start : start + V3_IDS]):
                modern[reservation_id(data)] = data
        records = []
        for data in found:
            extra = modern.get(reservation_id(data), {})
            told = {name: extra[name] for name in ("guestStay", "notes", "creationInfo") if name in extra}
            records.append(read_reservation({**_CLEARED, **data, **told}, self.settings.timezone))
        return records

    def read_v3(self, call: Call, ids: Sequence[str]) -> list[Wire]:
        """Up to 10 reservations as v3 has them; those that it doesn't know are missing."""
        query = tuple(("reservationIds[]", one) for one in ids)
        try:
            return wire.items(call(self.request("GET", "/reservations-v3", query=query)).json())
        except NotFound:
            return []

    # --- conversations ---
    def list_conversations(
        self, call: Call, cursor: str | None = None, changed_since: datetime | None = None
    ) -> Page[ConversationRecord]:
        """Of guests, the last changed first, down to `changed_since`. The sort field must be among
        `fields`, else the cursor comes back empty."""
        query = (
            ("filters", json.dumps([{"field": "type", "operator": "$eq", "value": "guest"}])),
            ("fields", _CONVERSATION_FIELDS),
            ("sort", "-modifiedAt"),
            ("limit", str(PAGE)),
        )
        data, following = self._cursored(call, "/communication/conversations", query, cursor)
        records = [read_conversation(item) for item in wire.objects(data.get("conversations"))]
        if changed_since is not None:
            recent = [r for r in records if r.changed_at is None or r.changed_at >= changed_since]
            following = following if len(recent) == len(records) else None
            records = recent
        guests = [record for record in records if record.is_guest]
        return Page(
            items=guests, next_cursor=following if records else None, total=wire.integer(data.get("count"))
        )

    def get_conversation(self, call: Call, external_id: str) -> ConversationRecord:
        answer = call(self.request("GET", f"/communication/conversations/{self.quoted(external_id)}")).json()
        data = obj(obj(answer).get("data")) or obj(answer)
        if not text(data.get("_id")):
            raise Unreadable(detail="A conversation without an id.")
        return read_conversation(data)

    def list_posts(
        self, call: Call, conversation_id: str, cursor: str | None = None
    ) -> Page[MessageRecord | NoteRecord]:
        """Newest first, without system and log lines; a page may be empty though the list goes on."""
        path = f"/communication/conversations/{self.quoted(conversation_id)}/posts"
        query = (("sort", "-createdAt"), ("limit", str(PAGE)))
        data, following = self._cursored(call, path, query, cursor)
        posts = wire.objects(data.get("posts"))
        records = (read_post(post, first(post.get("conversationId"), conversation_id)) for post in posts)
        return Page(
            items=[record for record in records if record is not None],
            next_cursor=following if posts else None,
            total=wire.integer(data.get("count")),
        )

    def _cursored(
        self, call: Call, path: str, query: tuple[tuple[str, str], ...], cursor: str | None
    ) -> tuple[Wire, str | None]:
        """One page of a cursor list and the next cursor. A cursor that stands still would loop: it ends the
        list."""
        asked = (*query, ("cursorAfter", cursor)) if cursor else query
        answer = obj(call(self.request("GET", path, query=asked)).json())
        data = obj(answer.get("data")) or answer
        after = text(obj(data.get("cursor")).get("after"))
        return data, after if after and after != cursor else None
