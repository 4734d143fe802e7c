"""What we read from Hostaway: pages, cursors and their traps (https://api.hostaway.com/documentation).

Lists of reservations have no "changed since": they come by time of change, the newest first, and are walked until a
row is older than what we know. What changes meanwhile moves to the front, so the first page is read once more at the
end.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

from connectors.contract import wire
from connectors.contract.base import Page, PmsConnector
from connectors.contract.errors import NotFound, Rejected
from connectors.contract.events import Entity, ReadHint
from connectors.contract.http import Call, Request
from connectors.contract.records import (
    AttachmentRecord,
    ConversationRecord,
    GuestRecord,
    MessageRecord,
    NoteRecord,
    PersonRecord,
    PropertyRecord,
    ReservationRecord,
    UnitRecord,
    WorkOrderRecord,
)
from connectors.contract.wire import Wire, first, obj, text
from connectors.pms.hostaway import places
from connectors.pms.hostaway.conversations import (
    has_failed,
    is_under_way,
    newest_first,
    read_conversation,
    read_files,
    read_message,
)
from connectors.pms.hostaway.stays import guest_id, read_reservation
from connectors.pms.hostaway.words import BY_CHANNEL

PAGE: Final = 100
OVERLAP: Final = timedelta(minutes=5)
# A page that needs a call for each of its rows must fit into what bulk work may use of a window.
DEEP_PAGE: Final = 5
_MESSAGE_PAGES: Final = 10
_AGAIN: Final = "again"
_LOGGED: Final = {"reservation": Entity.RESERVATION, "conversationMessage": Entity.MESSAGE}
_WHOLE: Final = (("includeResources", "1"), ("includePayments", "1"))


class Reads(PmsConnector):
    """`api` is the root that every path is below."""

    api: str
    _channels: dict[str, str]

    def request(
        self,
        method: str,
        path: str,
        *,
        query: tuple[tuple[str, str], ...] = (),
        json: object = None,
        effect: bool = False,
    ) -> Request:
        return Request(method=method, path=self.api + path, query=query, json=json, effect=effect)

    @staticmethod
    def quoted(remote_id: str) -> str:
        return quote(remote_id, safe="")

    def read_list(self, call: Call, path: str, query: tuple[tuple[str, str], ...] = ()) -> list[Wire]:
        return wire.items(call(self.request("GET", path, query=query)).json(), "result")

    def read_one(self, call: Call, path: str, query: tuple[tuple[str, str], ...] = ()) -> Wire:
        """Raises NotFound where the answer holds nothing."""
        found = obj(obj(call(self.request("GET", path, query=query)).json()).get("result"))
        if not text(found.get("id")):
            raise NotFound(detail=path, code="not_found")
        return found

    def _offset_page(
        self, call: Call, path: str, query: tuple[tuple[str, str], ...], offset: int, size: int
    ) -> Page[Wire]:
        """A page of a limit/offset list. The provider may use a smaller limit than asked for: it says so."""
        asked = (*query, ("limit", str(size)), ("offset", str(offset)))
        answer = obj(call(self.request("GET", path, query=asked)).json())
        items = wire.items(answer, "result")
        limit, total = wire.integer(answer.get("limit")) or size, wire.integer(answer.get("count"))
        more = len(items) >= min(limit, size) and (total is None or offset + len(items) < total)
        return Page(
            items=items, next_cursor=str(offset + len(items)) if items and more else None, total=total
        )

    def ping(self, call: Call) -> str:
        """The account has no call of its own: the first of its listings names it."""
        listings = self.read_list(call, "/listings", (("limit", "1"),))
        account = self.settings.credentials.get("account_id", "")
        return first(*(f"{account} ({text(one.get('name'))})" for one in listings), account)

    def text_fields(self, call: Call) -> dict[str, str]:
        query = (("objectType", "reservation"), ("limit", "500"))
        return {
            text(one.get("id")): first(one.get("name"), one.get("varName"))
            for one in self.read_list(call, "/customFields", query)
            if text(one.get("type")) in {"text", "textarea"} and text(one.get("id"))
        }

    # --- places ---
    def list_properties(self, call: Call, cursor: str | None = None) -> Page[PropertyRecord]:
        page = self._offset_page(call, "/listings", (), int(cursor or 0), PAGE)
        return Page(
            items=[places.read_property(one) for one in page.items],
            next_cursor=page.next_cursor,
            total=page.total,
        )

    def list_units(self, call: Call, cursor: str | None = None) -> Page[UnitRecord]:
        """A call per listing: only that tells its rooms."""
        page = self._offset_page(call, "/listings", (), int(cursor or 0), DEEP_PAGE)
        units = [unit for listing in page.items for unit in self._units_of(call, listing)]
        return Page(items=units, next_cursor=page.next_cursor)

    def _units_of(self, call: Call, listing: Wire) -> list[UnitRecord]:
        rooms = self._rooms(call, text(listing.get("id")))
        return [places.read_unit(listing, room) for room in rooms] or [places.read_unit(listing)]

    def _rooms(self, call: Call, listing_id: str) -> list[Wire]:
        try:
            found = self.read_list(call, f"/listingUnits/{self.quoted(listing_id)}")
        except (NotFound, Rejected):
            return []  # a listing without rooms
        return [room for room in found if text(room.get("id"))]

    def get_unit(self, call: Call, external_id: str) -> UnitRecord:
        listing_id, _, room_id = external_id.partition("/")
        listing = self.read_one(call, f"/listings/{self.quoted(listing_id)}")
        if not room_id:
            return places.read_unit(listing)
        for room in self._rooms(call, listing_id):
            if text(room.get("id")) == room_id:
                return places.read_unit(listing, room)
        raise NotFound(detail=f"unit {external_id}", code="not_found")

    def get_guest(self, call: Call, external_id: str) -> GuestRecord:
        """Guests stand in their reservation."""
        stay = self.get_reservation(call, external_id.removeprefix(guest_id("")))
        if stay.guest is None:
            raise NotFound(detail=external_id, code="not_found")
        return stay.guest

    # --- reservations ---
    def list_reservations(
        self, call: Call, cursor: str | None = None, changed_since: datetime | None = None
    ) -> Page[ReservationRecord]:
        """The cursor is the last id of the page before, or says that the first page is read once more."""
        query: tuple[tuple[str, str], ...] = (*_WHOLE, ("limit", str(PAGE)))
        if cursor and cursor != _AGAIN:
            query = (*query, ("afterId", cursor))
        answer = obj(call(self.request("GET", "/reservations", query=query)).json())
        rows = [row for row in wire.items(answer, "result") if text(row.get("id"))]
        recent = [row for row in rows if _is_since(row, "updatedOn", changed_since)]
        limit = wire.integer(answer.get("limit")) or PAGE
        following: str | None = None
        if cursor != _AGAIN:
            goes_on = rows and len(recent) == len(rows) >= min(limit, PAGE)
            following = text(rows[-1].get("id")) if goes_on else (_AGAIN if cursor else None)
        total = wire.integer(answer.get("count")) if cursor is None and changed_since is None else None
        return Page(items=[read_reservation(row) for row in recent], next_cursor=following, total=total)

    def get_reservation(self, call: Call, external_id: str) -> ReservationRecord:
        path = f"/reservations/{self.quoted(external_id)}"
        data = self.read_one(call, path, _WHOLE)
        if not wire.objects(data.get("financeField")):
            data = {**data, "financeField": self._charges(call, external_id)}
        return read_reservation(data)

    def _charges(self, call: Call, reservation_id: str) -> list[Wire]:
        """Charges in the shape of finance fields, for stays whose price has no parts."""
        try:
            found = self.read_list(call, "/guestPayments/charges", (("reservationId", reservation_id),))
        except Rejected:
            return []
        return [
            {"title": first(one.get("title"), one.get("type")), "total": one.get("amount")} for one in found
        ]

    # --- conversations ---
    def list_conversations(
        self, call: Call, cursor: str | None = None, changed_since: datetime | None = None
    ) -> Page[ConversationRecord]:
        """All of them; since a moment, those of reservations that were active, since conversations can't be asked for
        by time."""
        if changed_since is not None:
            return self._active_conversations(call, cursor, changed_since)
        query = (("includeResources", "1"),)
        page = self._offset_page(call, "/conversations", query, int(cursor or 0), PAGE)
        return Page(items=self._conversations(page.items), next_cursor=page.next_cursor, total=page.total)

    def _active_conversations(
        self, call: Call, cursor: str | None, since: datetime
    ) -> Page[ConversationRecord]:
        """Lists ids of reservations first, then reads the conversations of a few per page. The cursor holds both."""
        state = obj(json.loads(cursor)) if cursor else {}
        waiting = [text(one) for one in state.get("ids", ())]
        if waiting:
            found = [one for stay_id in waiting[:DEEP_PAGE] for one in self._conversations_of(call, stay_id)]
            recent = [one for one in found if one.changed_at is None or one.changed_at >= _less(since)]
            return Page(items=recent, next_cursor=_cursor(waiting[DEEP_PAGE:], state.get("after")))
        query = (
            ("sortOrder", "latestActivityDesc"),
            ("latestActivityStart", _less(since).date().isoformat()),
            ("limit", str(PAGE)),
            *((("afterId", text(state["after"])),) if state.get("after") else ()),
        )
        rows = [row for row in self.read_list(call, "/reservations", query) if text(row.get("id"))]
        active = [text(row["id"]) for row in rows if _is_since(row, "latestActivityOn", since)]
        after = text(rows[-1]["id"]) if len(rows) >= PAGE else None
        return Page(items=[], next_cursor=_cursor(active, after))

    def _conversations_of(self, call: Call, reservation_id: str) -> list[ConversationRecord]:
        query = (("reservationId", reservation_id), ("includeResources", "1"))
        return self._conversations(self.read_list(call, "/conversations", query))

    def _conversations(self, rows: Sequence[Wire]) -> list[ConversationRecord]:
        found = [read_conversation(row) for row in rows if text(row.get("id"))]
        self._channels.update({one.external_id: one.channel for one in found})
        return found

    def list_stay_conversations(self, call: Call, stay: ReservationRecord) -> Sequence[ConversationRecord]:
        return self._conversations_of(call, stay.external_id)

    def get_conversation(self, call: Call, external_id: str) -> ConversationRecord:
        path = f"/conversations/{self.quoted(external_id)}"
        found = self._conversations([self.read_one(call, path, (("includeResources", "1"),))])
        return found[0]

    def list_posts(
        self,
        call: Call,
        conversation_id: str,
        cursor: str | None = None,  # noqa: ARG002 (one page holds all)
    ) -> Page[MessageRecord | NoteRecord]:
        """What was said, the newest first; the provider's own order isn't documented, so all of it is read."""
        rows = [
            row
            for row in self.read_messages(call, conversation_id)
            if not (has_failed(row) or is_under_way(row))
        ]
        channel = self._channel_of(call, conversation_id, rows)
        found = [read_message(row, conversation_id, channel) for row in rows]
        return Page(items=newest_first([one for one in found if one is not None]), next_cursor=None)

    def read_messages(self, call: Call, conversation_id: str, *, scheduled: bool = False) -> list[Wire]:
        """The messages as Hostaway has them; `scheduled`: those that have not left, too."""
        path = f"/conversations/{self.quoted(conversation_id)}/messages"
        query = (("includeScheduledMessages", "1"),) if scheduled else ()
        found: list[Wire] = []
        offset = "0"
        for _ in range(_MESSAGE_PAGES):
            page = self._offset_page(call, path, query, int(offset), PAGE)
            found += page.items
            if page.next_cursor is None:
                break
            offset = page.next_cursor
        return found

    def _channel_of(self, call: Call, conversation_id: str, rows: Sequence[Wire]) -> str:
        """The booking's channel, where a message needs it to say what carried it."""
        if not any(text(row.get("communicationType")) in {"", BY_CHANNEL} for row in rows):
            return ""
        if conversation_id not in self._channels:
            self.get_conversation(call, conversation_id)
        return self._channels.get(conversation_id, "")

    def read_attachments(
        self, call: Call, conversation_id: str, message_id: str
    ) -> Sequence[AttachmentRecord]:
        """Reading a message makes new links of its private attachments."""
        path = f"/conversations/{self.quoted(conversation_id)}/messages/{self.quoted(message_id)}"
        return read_files(self.read_one(call, path).get("attachments"))

    def list_undelivered(self, call: Call, subscription_id: str) -> Sequence[ReadHint]:
        """By `GET /unifiedWebhookLogs`, a row per attempt. Neither its order nor a time is documented: an object with
        any attempt that failed counts, whatever came of the next one."""
        query = (("limit", str(PAGE)), *((("unifiedWebhookId", subscription_id),) if subscription_id else ()))
        try:
            rows = self.read_list(call, "/unifiedWebhookLogs", query)
        except NotFound:
            return ()  # the reference names two paths for it
        hints = (
            ReadHint(entity=_LOGGED[text(row.get("object"))], external_id=text(row.get("objectId")))
            for row in rows
            if text(row.get("object")) in _LOGGED and text(row.get("objectId")) and _has_failed(row)
            if text(row.get("webhookNotificationSettingId")) in {"", subscription_id}
        )
        return tuple(dict.fromkeys(hints))

    # --- tasks ---
    def list_work_orders(
        self,
        call: Call,
        cursor: str | None = None,
        changed_since: datetime | None = None,  # noqa: ARG002
    ) -> Page[WorkOrderRecord]:
        """All tasks: they tell no time of change."""
        page = self._offset_page(call, "/tasks", (), int(cursor or 0), PAGE)
        people = self._people(call) if any(text(row.get("assigneeUserId")) for row in page.items) else {}
        found = [places.read_task(row, people) for row in page.items if text(row.get("id"))]
        return Page(items=found, next_cursor=page.next_cursor, total=page.total)

    def list_people(self, call: Call, cursor: str | None = None) -> Page[PersonRecord]:  # noqa: ARG002 (one page)
        """The account's users. Groups can be given a task, too, and are nobody in particular."""
        users = self.read_list(call, "/users")
        return Page(items=[places.read_person(one) for one in users if text(one.get("id"))], next_cursor=None)

    def _people(self, call: Call) -> Mapping[str, str]:
        try:
            return {one.external_id: one.name for one in self.list_people(call).items}
        except Rejected:
            return {}


def _has_failed(row: Wire) -> bool:
    return not 200 <= (wire.integer(row.get("responseStatus")) or 0) < 300


def _is_since(row: Wire, field: str, since: datetime | None) -> bool:
    """Was it touched since then, less the overlap? A row that doesn't tell may have been."""
    moment = wire.instant(row.get(field))
    return since is None or moment is None or moment >= _less(since)


def _less(since: datetime) -> datetime:
    try:
        return since - OVERLAP
    except OverflowError:
        return since


def _cursor(ids: Sequence[str], after: Any) -> str | None:
    return json.dumps({"ids": list(ids), "after": after}) if ids or after else None
