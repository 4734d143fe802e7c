"""Hostaway public API v1 (https://api.hostaway.com/documentation): facts, authorisation, errors."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Final

from connectors.contract import wire
from connectors.contract.answers import Problem, error_for, require_json
from connectors.contract.base import CredentialField, Settings, Token
from connectors.contract.capabilities import Capabilities, Capability, CountedPer, Push, RateLimit
from connectors.contract.errors import Unreadable, Unsupported
from connectors.contract.events import CanonicalEvent, Entity
from connectors.contract.http import Call, Request, Response
from connectors.contract.intents import (
    AddNote,
    AssignWorkOrder,
    CreateWorkOrder,
    Done,
    Found,
    Intent,
    MirrorMessage,
    NoteWorkOrder,
    SendMessage,
    SetCustomField,
    SetStayTimes,
    UpdateWorkOrder,
)
from connectors.contract.wire import first, obj, text
from connectors.pms.hostaway import webhooks
from connectors.pms.hostaway.upkeep import Upkeep

_DAY_S: Final = 86_400
_RENEW_BEFORE_S: Final = 30 * _DAY_S


class Hostaway(Upkeep):
    """Reservations, messages, notes and tasks both ways; whole objects pushed under HTTP Basic."""

    slug = "hostaway"
    label = "Hostaway"
    version = "1"
    default_base_url = "https://api.hostaway.com/v1"
    credential_fields = (
        CredentialField(name="account_id", label="Account ID", secret=False),
        CredentialField(name="api_key", label="API key"),
    )
    limits = (
        RateLimit(window_s=10, limit=15, per=CountedPer.ADDRESS),
        RateLimit(window_s=10, limit=20),
    )
    hold_s = 10.0
    token_rest_s = 1.0  # a new token is no good for its first second
    propagation_delay_s = 60
    accepted_status = 200
    notes_in_conversations = False
    task_notes_apart = False
    performs = (
        SendMessage,
        AddNote,
        MirrorMessage,
        SetCustomField,
        SetStayTimes,
        CreateWorkOrder,
        UpdateWorkOrder,
        AssignWorkOrder,
        NoteWorkOrder,
    )
    unready_status = 503
    coarse_versions = True
    forbidden_is_token = True
    undelivered_s = 3600
    attachment_links_s = 7 * _DAY_S
    capabilities = Capabilities(
        entities={
            Entity.PROPERTY: Capability(
                read=True, fallback="Read again with the next import.", why="Listings are not pushed."
            ),
            Entity.UNIT: Capability(read=True, why="Units are owned by the PMS and not pushed."),
            Entity.GUEST: Capability(
                read=True,
                push=Push.FULL,
                fallback="The guest of each reservation is a guest of its own until matched.",
                why="There is no guest resource.",
            ),
            Entity.RESERVATION: Capability(
                read=True,
                write=True,
                push=Push.FULL,
                fallback="Times between full hours: rounded up, the exact one in the host note.",
                why="Check-in and check-out are whole hours; there is no checked-in state.",
            ),
            Entity.CONVERSATION: Capability(
                read=True,
                push=Push.HINT,
                fallback="Made from the first message.",
                why="Only messages are pushed.",
            ),
            Entity.MESSAGE: Capability(
                read=True,
                write=True,
                push=Push.FULL,
                fallback="A file is sent as a link; calendar feeds have no way to the guest: own SMS or e-mail.",
                why="No attachments can be sent, and read state can't be set.",
            ),
            Entity.NOTE: Capability(
                write=True,
                push=Push.HINT,
                fallback="Appended to the one host note, shown with the stay.",
                why="There is no list of notes.",
            ),
            Entity.WORK_ORDER: Capability(
                read=True,
                write=True,
                poll_s=120,
                fallback="Read every 2 minutes.",
                why="Tasks are not pushed.",
            ),
            Entity.PERSON: Capability(read=True, poll_s=_DAY_S, why="Users are not pushed."),
            Entity.HOUSEKEEPING: Capability(
                fallback="The status of the cleaning task.", why="There is no state of a room."
            ),
            Entity.FOLIO: Capability(read=True, push=Push.HINT, why="Charges are made in Hostaway."),
            Entity.LEASE: Capability(why="A short-stay system: there are no leases."),
        },
        changed_since=frozenset({Entity.RESERVATION, Entity.CONVERSATION}),
    )

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.api = (settings.base_url or self.default_base_url).rstrip("/")
        self._channels = {}

    # --- inbound ---
    def delivery_key(self, headers: Mapping[str, str], body: bytes) -> str:  # noqa: ARG002
        """Deliveries have no id. Two different states may bear the same version, so the whole body counts."""
        return sha256(body).hexdigest()

    def verify(
        self,
        headers: Mapping[str, str],
        body: bytes,  # noqa: ARG002
        secrets: Sequence[str],
        at: datetime,  # noqa: ARG002
    ) -> bool | None:
        """Who sent it, not what: replays can't be told."""
        return webhooks.verify(headers, secrets)

    def parse(self, headers: Mapping[str, str], body: bytes) -> list[CanonicalEvent]:  # noqa: ARG002
        return webhooks.read_events(webhooks.open_delivery(body))

    # --- authorisation ---
    def limit_key(self) -> str:
        account = f"{self.api} {self.settings.credentials.get('account_id', '')}"
        return f"hostaway:{sha256(account.encode()).hexdigest()[:24]}"

    def token_request(self) -> Request:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.settings.credentials.get("account_id", ""),
            "client_secret": self.settings.credentials.get("api_key", ""),
            "scope": "general",
        }
        return Request(method="POST", path=f"{self.api}/accessTokens", form=form, authorized=False)

    def read_token(self, response: Response) -> Token:
        """Not in the usual envelope. Tokens last for months; one is renewed a month before its end."""
        answer = obj(response.json())
        value = text(answer.get("access_token"))
        if not value:
            raise Unreadable(detail="The token answer holds no token.")
        lasts = wire.integer(answer.get("expires_in")) or 180 * _DAY_S
        early = _RENEW_BEFORE_S if lasts > 2 * _RENEW_BEFORE_S else lasts // 10
        return Token(value=value, expires_in_s=lasts - early, rest_s=self.token_rest_s)

    def authorize(self, request: Request, token: str | None) -> Request:
        return replace(request, headers={**request.headers, "authorization": f"Bearer {token or ''}"})

    def check(self, request: Request, response: Response) -> None:
        """Failures say `status: fail`, now and then inside a 200; the text is in `result`, for a 429 in `message`."""
        if not 200 <= response.status < 300:
            raise error_for(request, response, _problem(response))
        answer = obj(require_json(request, response))
        if text(answer.get("status")).lower() == "fail":
            problem = _problem(response)
            missing = "not found" in problem.message.lower()
            raise error_for(request, response, problem, status=404 if missing else 400)

    # --- effects ---
    def perform(self, call: Call, intent: Intent) -> Done:
        match intent:
            case SendMessage():
                return self.send_message(call, intent)
            case AddNote():
                return self.add_note(call, intent)
            case MirrorMessage():
                return self.mirror_message(call, intent)
            case SetCustomField():
                return self.set_custom_field(call, intent)
            case SetStayTimes():
                return self.set_stay_times(call, intent)
            case CreateWorkOrder():
                return self.create_work_order(call, intent)
            case UpdateWorkOrder():
                return self.update_work_order(call, intent)
            case AssignWorkOrder():
                return self.assign_work_order(call, intent)
            case NoteWorkOrder():
                return self.note_work_order(call, intent)
        raise Unsupported(detail=type(intent).__name__)

    def find(self, call: Call, intent: Intent, since: datetime, known: Collection[str] = ()) -> Found | None:
        match intent:
            case SendMessage():
                return self.find_message(call, intent, since, known)
            case AddNote() | MirrorMessage():
                return self.find_note(call, intent)
            case SetCustomField():
                return self.find_custom_field(call, intent)
            case SetStayTimes():
                return self.find_stay_times(call, intent)
            case CreateWorkOrder():
                return self.find_created(call, intent)
            case UpdateWorkOrder():
                return self.find_updated(call, intent)
            case AssignWorkOrder():
                return self.find_assigned(call, intent)
            case NoteWorkOrder():
                return self.find_work_note(call, intent)
        raise Unsupported(detail=type(intent).__name__)

    def is_repeatable(self, intent: Intent) -> bool:
        """Notes and tasks bear a token that is looked for."""
        return super().is_repeatable(intent) or isinstance(intent, AddNote | MirrorMessage | CreateWorkOrder)


def _problem(response: Response) -> Problem:
    request_id = response.headers.get("x-request-id", "")
    try:
        answer = obj(response.json())
    except Unreadable:
        body = response.body[:120].decode("utf-8", "replace").strip()
        return Problem(
            message="a page instead of an answer" if body.startswith("<") else body, request_id=request_id
        )
    return Problem(message=first(answer.get("result"), answer.get("message")), request_id=request_id)
