"""Little Hotel (an imaginary PMS): bookings read, notes both ways, thin signed webhooks."""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final
from urllib.parse import quote

from bellhop_littlehotel.records import read_booking, read_guest, read_note, read_property, read_unit
from connectors.contract import wire
from connectors.contract.answers import Problem, error_for, require_json
from connectors.contract.base import CredentialField, Page, Subscription, Token, WithoutMessages
from connectors.contract.capabilities import Capabilities, Capability, Push, RateLimit
from connectors.contract.errors import NotFound, OutcomeUnknown, Unreadable, Unsupported
from connectors.contract.events import CanonicalEvent, Entity, EventKind, ReadHint
from connectors.contract.http import Call, Request, Response
from connectors.contract.intents import AddNote, Done, Found, Intent, MirrorMessage
from connectors.contract.marks import marked, references_in
from connectors.contract.records import (
    GuestRecord,
    NoteRecord,
    PropertyRecord,
    ReservationRecord,
    UnitRecord,
)
from connectors.contract.wire import Wire, first, obj, text

PAGE: Final = 100
TOLERANCE: Final = timedelta(minutes=5)
_SIGNATURE: Final = "x-little-signature"
# Event → our kind, and what has to be read because of it.
_EVENTS: Final = {
    "booking.made": (EventKind.RESERVATION_CREATED, Entity.RESERVATION),
    "booking.changed": (EventKind.RESERVATION_UPDATED, Entity.RESERVATION),
    "note.added": (EventKind.NOTES_CHANGED, Entity.NOTE),
}


class LittleHotel(WithoutMessages):
    """Facts first; conversions behind them. Nothing here knows of tokens, retries or time-outs: the Call does."""

    slug = "littlehotel"
    label = "Little Hotel"
    default_base_url = "https://api.littlehotel.example"
    credential_fields = (CredentialField(name="api_key", label="API key"),)
    limits = (RateLimit(window_s=1, limit=10),)
    signature_header = _SIGNATURE
    accepted_status = 200
    unready_status = 503
    notes_in_conversations = False
    performs = (AddNote, MirrorMessage)
    capabilities = Capabilities(
        entities={
            Entity.PROPERTY: Capability(read=True, why="There is one hotel per key, and it hardly changes."),
            Entity.UNIT: Capability(read=True, why="Rooms are owned by the PMS and not pushed."),
            Entity.GUEST: Capability(read=True, push=Push.HINT, why="Guests are changed at the desk."),
            Entity.RESERVATION: Capability(
                read=True, push=Push.HINT, why="Bookings are changed at the desk."
            ),
            Entity.CONVERSATION: Capability(why="There are no guest messages in this API."),
            Entity.MESSAGE: Capability(
                fallback="Own SMS or e-mail, kept as notes.", why="There are no guest messages in this API."
            ),
            Entity.NOTE: Capability(read=True, write=True, push=Push.HINT),
            Entity.WORK_ORDER: Capability(why="There are no work orders."),
            Entity.HOUSEKEEPING: Capability(why="Rooms have no state."),
            Entity.FOLIO: Capability(why="No totals are told."),
            Entity.LEASE: Capability(why="A hotel system: there are no leases."),
        },
        changed_since=frozenset({Entity.RESERVATION}),
        client_reference=True,
    )

    # --- inbound: no network, no clock ---
    def delivery_key(self, headers: Mapping[str, str], body: bytes) -> str:  # noqa: ARG002
        try:
            return text(_opened(body).get("id")) or sha256(body).hexdigest()
        except Unreadable:
            return sha256(body).hexdigest()

    def verify(
        self, headers: Mapping[str, str], body: bytes, secrets: Sequence[str], at: datetime
    ) -> bool | None:
        """`t=<unix seconds>,v1=<hex>`: HMAC-SHA256 over `<t>.<body>`."""
        given = next((value for name, value in headers.items() if name.lower() == _SIGNATURE), "")
        parts = dict(part.partition("=")[::2] for part in given.split(","))
        moment = wire.epoch(parts.get("t"))
        if moment is None or abs(at - moment) > TOLERANCE:
            return False
        signed = f"{parts['t']}.".encode() + body
        fits = [
            hmac.compare_digest(hmac.new(secret.encode(), signed, sha256).hexdigest(), parts.get("v1", ""))
            for secret in secrets
        ]
        return any(fits)

    def parse(self, headers: Mapping[str, str], body: bytes) -> list[CanonicalEvent]:  # noqa: ARG002
        """Webhooks name a booking and no more: it is read."""
        data = _opened(body)
        name, booking_id = text(data.get("event")), text(data.get("booking"))
        key = text(data.get("id")) or sha256(body).hexdigest()
        if not name:
            raise Unreadable(detail="The body names no event.")
        if name not in _EVENTS:
            unknown = {"event": name}
            return [
                CanonicalEvent(
                    kind=EventKind.IGNORED, dedupe_key=key, reason="Unknown event.", unknown=unknown
                )
            ]
        if not booking_id:
            raise Unreadable(detail="The event names no booking.")
        kind, entity = _EVENTS[name]
        hint = ReadHint(entity=entity, external_id=booking_id)
        occurred_at = wire.instant(data.get("at"))
        return [CanonicalEvent(kind=kind, dedupe_key=key, needs_read=(hint,), occurred_at=occurred_at)]

    # --- authorisation and answers ---
    def limit_key(self) -> str:
        key = f"{self._base()} {self.settings.credentials.get('api_key', '')}"
        return f"littlehotel:{sha256(key.encode()).hexdigest()[:24]}"

    def token_request(self) -> None:
        """A key needs no token."""
        return

    def read_token(self, response: Response) -> Token:  # noqa: ARG002
        raise Unsupported(detail="There are no tokens here.")

    def authorize(self, request: Request, token: str | None) -> Request:  # noqa: ARG002
        key = self.settings.credentials.get("api_key", "")
        return replace(request, headers={**request.headers, "x-api-key": key})

    def check(self, request: Request, response: Response) -> None:
        if not 200 <= response.status < 300:
            raise error_for(request, response, _problem(response))
        if obj(require_json(request, response)).get("error"):
            raise error_for(request, response, _problem(response), status=400)

    # --- reads ---
    def _base(self) -> str:
        return (self.settings.base_url or self.default_base_url).rstrip("/")

    def _get(self, call: Call, path: str, **query: str) -> Wire:
        request = Request(method="GET", path=f"{self._base()}{path}", query=tuple(query.items()))
        return obj(call(request).json())

    def ping(self, call: Call) -> str:
        return text(self._get(call, "/hotel").get("name"))

    def list_properties(self, call: Call, cursor: str | None = None) -> Page[PropertyRecord]:  # noqa: ARG002
        return Page(items=[read_property(self._get(call, "/hotel"))], next_cursor=None)

    def list_units(self, call: Call, cursor: str | None = None) -> Page[UnitRecord]:
        hotel = self._get(call, "/hotel")
        answer = self._get(call, "/rooms", page=cursor or "1", size=str(PAGE))
        rooms = [read_unit(room, hotel) for room in wire.items(answer, "rooms")]
        return Page(items=rooms, next_cursor=text(answer.get("next")) or None)

    def get_unit(self, call: Call, external_id: str) -> UnitRecord:
        return read_unit(self._get(call, f"/rooms/{quote(external_id, safe='')}"), self._get(call, "/hotel"))

    def list_reservations(
        self, call: Call, cursor: str | None = None, changed_since: datetime | None = None
    ) -> Page[ReservationRecord]:
        query = {"changed_since": changed_since.isoformat()} if changed_since else {}
        answer = self._get(call, "/bookings", page=cursor or "1", size=str(PAGE), **query)
        found = [read_booking(one) for one in wire.items(answer, "bookings") if text(one.get("id"))]
        return Page(items=found, next_cursor=text(answer.get("next")) or None)

    def get_reservation(self, call: Call, external_id: str) -> ReservationRecord:
        found = self._get(call, f"/bookings/{quote(external_id, safe='')}")
        if not text(found.get("id")):
            raise NotFound(detail=external_id, code="not_found")
        return read_booking(found)

    def get_guest(self, call: Call, external_id: str) -> GuestRecord:
        return read_guest(self._get(call, f"/guests/{quote(external_id, safe='')}"))

    def list_notes(self, call: Call, reservation_id: str) -> Sequence[NoteRecord]:
        answer = self._get(call, f"/bookings/{quote(reservation_id, safe='')}/notes")
        notes = (read_note(one, reservation_id) for one in wire.items(answer, "notes"))
        return [note for note in notes if note is not None]

    # --- effects ---
    def perform(self, call: Call, intent: Intent) -> Done:
        """Notes have an id, and bear our token: a lost answer is settled by looking for it."""
        booking_id, words = _note_of(intent)
        path = f"{self._base()}/bookings/{quote(booking_id, safe='')}/notes"
        made = obj(call(Request(method="POST", path=path, json={"text": words}, effect=True)).json())
        if not text(made.get("id")):
            raise OutcomeUnknown(detail="The answer names no note.", code="no_id")
        return Done(remote_id=text(made["id"]), at=wire.instant(made.get("at")), raw=made)

    def find(self, call: Call, intent: Intent, since: datetime, known: Collection[str] = ()) -> Found | None:  # noqa: ARG002
        booking_id, words = _note_of(intent)
        for note in self.list_notes(call, booking_id):
            if note.reference in references_in(words):
                return Found(remote_id=note.external_id, at=note.written_at)
        return None

    def is_repeatable(self, intent: Intent) -> bool:
        return isinstance(intent, AddNote | MirrorMessage) or super().is_repeatable(intent)

    # --- webhooks ---
    def new_webhook_secret(self) -> str:
        return secrets.token_urlsafe(32)

    def list_subscriptions(self, call: Call) -> Iterator[Subscription]:
        for hook in wire.items(self._get(call, "/hooks"), "hooks"):
            yield Subscription(external_id=text(hook.get("id")), url=text(hook.get("url")))

    def subscribe(self, call: Call, url: str, secret: str = "") -> Subscription:
        """`PUT` by address: the same again replaces the secret."""
        request = Request(method="PUT", path=f"{self._base()}/hooks", json={"url": url, "secret": secret})
        return Subscription(external_id=text(obj(call(request).json()).get("id")), url=url)

    def unsubscribe(self, call: Call, subscription: Subscription) -> None:
        path = f"{self._base()}/hooks/{quote(subscription.external_id, safe='')}"
        try:
            call(Request(method="DELETE", path=path))
        except NotFound:
            return  # gone is what was wanted

    def read_webhook_secret(self, call: Call, url: str) -> str | None:  # noqa: ARG002
        """We choose it."""
        return None


def _opened(body: bytes) -> Wire:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unreadable(detail="The body is not JSON.") from error
    if not isinstance(data, dict):
        raise Unreadable(detail="The body is not a JSON object.")
    return data


def _note_of(intent: Intent) -> tuple[str, str]:
    """(the booking, the marked text). Raises Unsupported for every other kind of intent."""
    if isinstance(intent, MirrorMessage):
        return intent.reservation_id, intent.as_note()
    if isinstance(intent, AddNote):
        return intent.reservation_id or "", marked(intent.body, intent.reference)
    raise Unsupported(detail=type(intent).__name__)


def _problem(response: Response) -> Problem:
    try:
        answer = obj(response.json())
    except Unreadable:
        return Problem(message="a page instead of an answer")
    return Problem(message=first(answer.get("error")))
