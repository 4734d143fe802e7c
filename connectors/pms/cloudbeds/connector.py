"""Cloudbeds PMS API v1.3 (https://developers.cloudbeds.com): facts, authorisation, errors."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Final

from connectors.contract import wire
from connectors.contract.answers import Problem, error_for, require_json
from connectors.contract.base import CredentialField, Settings, Token
from connectors.contract.capabilities import Capabilities, Capability, Push, RateLimit
from connectors.contract.errors import Rejected, Unreadable, Unsupported
from connectors.contract.events import CanonicalEvent, Entity
from connectors.contract.http import Call, Request, Response
from connectors.contract.intents import (
    AddNote,
    Done,
    Found,
    Intent,
    MirrorMessage,
    SetCustomField,
    SetHousekeepingState,
    SetStayTimes,
)
from connectors.contract.wire import first, obj
from connectors.pms.cloudbeds import webhooks
from connectors.pms.cloudbeds.effects import Effects
from connectors.pms.cloudbeds.words import CONDITIONS

_DAY_S: Final = 86_400
# Parts of the message of a failure that comes as a success, in lower case → the status that it stands for.
_MEANINGS: Final = (
    ("too many", 429),
    ("rate limit", 429),
    ("not found", 404),
    ("does not exist", 404),
    ("doesn't exist", 404),
    ("no longer exists", 404),
    ("invalid api key", 401),
    ("invalid access token", 401),
    ("unauthorized", 401),
    ("unauthorised", 401),
    ("try again later", 503),
)
_SCOPE_WORDS: Final = ("scope", "permission")


class Cloudbeds(Effects):
    """Reservations, notes and housekeeping both ways; unsigned webhooks that name ids; no guest messages."""

    slug = "cloudbeds"
    label = "Cloudbeds"
    version = "1"
    default_base_url = "https://api.cloudbeds.com/api/v1.3"
    credential_fields = (
        CredentialField(name="api_key", label="API key"),
        CredentialField(
            name="property_id", label="Property ID (empty: all of the key)", secret=False, required=False
        ),
    )
    # Five are allowed; the vendor enforces by suspending the app, so we stay well below.
    limits = (RateLimit(window_s=1, limit=3),)
    hold_s = 5.0
    propagation_delay_s = 60
    accepted_status = 200
    notes_in_conversations = False
    performs = (AddNote, MirrorMessage, SetCustomField, SetStayTimes, SetHousekeepingState)
    conditions = CONDITIONS
    refusals = True
    settle_s = 1.5
    reads_together = 50
    rereads = 4
    reread_s = 3.0
    sweep_s = _DAY_S
    capabilities = Capabilities(
        entities={
            Entity.PROPERTY: Capability(read=True, why="Properties are not pushed and not ours to change."),
            Entity.UNIT: Capability(read=True, why="Rooms are owned by the PMS and not pushed."),
            Entity.GUEST: Capability(read=True, push=Push.HINT, why="Guests are owned by the PMS."),
            Entity.RESERVATION: Capability(
                read=True,
                write=True,
                push=Push.HINT,
                fallback="Late check-out: custom field, note and room comment.",
                why="There is no field for a departure time; webhooks are unsigned.",
            ),
            Entity.CONVERSATION: Capability(
                fallback="One thread per reservation.", why="There are no guest messages in this API."
            ),
            Entity.MESSAGE: Capability(
                fallback="Own SMS or e-mail, each utterance kept as a reservation note.",
                why="There are no guest messages in this API.",
            ),
            Entity.NOTE: Capability(read=True, write=True, push=Push.HINT),
            Entity.WORK_ORDER: Capability(
                fallback="A note on the stay and a comment on the room.", why="There are no work orders."
            ),
            Entity.HOUSEKEEPING: Capability(read=True, write=True, push=Push.HINT, poll_s=_DAY_S),
            Entity.FOLIO: Capability(read=True, push=Push.HINT, why="Postings are made at the desk."),
            Entity.LEASE: Capability(why="A hotel system: there are no leases."),
        },
        changed_since=frozenset({Entity.RESERVATION}),
        client_reference=True,
    )

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.api = (settings.base_url or self.default_base_url).rstrip("/")
        self.only = settings.credentials.get("property_id", "").strip()

    # --- inbound ---
    def delivery_key(self, headers: Mapping[str, str], body: bytes) -> str:  # noqa: ARG002
        """Deliveries have no id: event, ids and time are the same over all retries."""
        try:
            return webhooks.open_delivery(body).key
        except Unreadable:
            return sha256(body).hexdigest()

    def verify(
        self,
        headers: Mapping[str, str],  # noqa: ARG002
        body: bytes,  # noqa: ARG002
        secrets: Sequence[str],  # noqa: ARG002
        at: datetime,  # noqa: ARG002
    ) -> bool | None:
        """Nothing is signed: the token in the address is all that there is."""
        return None

    def parse(self, headers: Mapping[str, str], body: bytes) -> list[CanonicalEvent]:  # noqa: ARG002
        delivery = webhooks.open_delivery(body)
        place = delivery.id_of("propertyid")
        return webhooks.read_events(delivery, self.only, lambda one: self.scope(place, one))

    # --- authorisation ---
    def limit_key(self) -> str:
        """Counted per key."""
        key = f"{self.api} {self.settings.credentials.get('api_key', '')}"
        return f"cloudbeds:{sha256(key.encode()).hexdigest()[:24]}"

    def token_request(self) -> None:
        """An API key needs no token."""
        return

    def read_token(self, response: Response) -> Token:  # noqa: ARG002
        raise Unsupported(detail="There are no tokens here.")

    def authorize(self, request: Request, token: str | None) -> Request:  # noqa: ARG002
        key = self.settings.credentials.get("api_key", "")
        return replace(request, headers={**request.headers, "x-api-key": key})

    def check(self, request: Request, response: Response) -> None:
        """Failures come as successes with `success: false`. A key that lacks a scope is told apart from a wrong one."""
        problem = _problem(response)
        if not 200 <= response.status < 300:
            if response.status == 403 and _names_scope(problem):
                raise _missing_scope(problem)
            raise error_for(request, response, problem)
        answer = obj(require_json(request, response))
        if "success" in answer and not wire.flag(answer["success"]):
            if _names_scope(problem):
                raise _missing_scope(problem)
            said = problem.message.lower()
            status = next((status for part, status in _MEANINGS if part in said), 400)
            raise error_for(request, response, problem, status=status)

    # --- effects ---
    def perform(self, call: Call, intent: Intent) -> Done:
        match intent:
            case AddNote():
                return self.add_note(call, intent)
            case MirrorMessage():
                return self.mirror_message(call, intent)
            case SetCustomField():
                return self.set_custom_field(call, intent)
            case SetStayTimes():
                return self.set_stay_times(call, intent)
            case SetHousekeepingState():
                return self.set_housekeeping(call, intent)
        raise Unsupported(detail=type(intent).__name__)

    def find(
        self,
        call: Call,
        intent: Intent,
        since: datetime,  # noqa: ARG002
        known: Collection[str] = (),  # noqa: ARG002
    ) -> Found | None:
        match intent:
            case AddNote() | MirrorMessage():
                return self.find_note(call, intent.reservation_id or "", intent.reference)
            case SetCustomField():
                return self.find_custom_field(call, intent)
            case SetStayTimes():
                return self.find_stay_times(call, intent)
            case SetHousekeepingState():
                return self.find_housekeeping(call, intent)
        raise Unsupported(detail=type(intent).__name__)

    def is_repeatable(self, intent: Intent) -> bool:
        """Notes bear a token that is looked for."""
        return super().is_repeatable(intent) or isinstance(intent, AddNote | MirrorMessage)


def _names_scope(problem: Problem) -> bool:
    return any(word in problem.message.lower() for word in _SCOPE_WORDS)


def _missing_scope(problem: Problem) -> Rejected:
    return Rejected(
        "The API key lacks a permission (scope) for this.",
        detail=problem.message[:300],
        code="missing_scope",
        request_id=problem.request_id,
    )


def _problem(response: Response) -> Problem:
    request_id = response.headers.get("x-request-id", "")
    try:
        answer = obj(response.json())
    except Unreadable:
        body = response.body[:120].decode("utf-8", "replace").strip()
        return Problem(
            message="a page instead of an answer" if body.startswith("<") else body, request_id=request_id
        )
    return Problem(
        message=first(answer.get("message"), answer.get("error_description"), answer.get("error")),
        request_id=request_id,
    )
