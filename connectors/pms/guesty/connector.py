"""Guesty Open API (open-api-docs.guesty.com): facts, authorisation, errors, webhooks."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256

from connectors.contract import svix, wire
from connectors.contract.answers import Problem, error_for, require_json
from connectors.contract.base import CredentialField, Settings, Subscription, Token
from connectors.contract.capabilities import Capabilities, Capability, Push, RateLimit
from connectors.contract.errors import NotFound, OutcomeUnknown, Unreadable, Unsupported
from connectors.contract.events import CanonicalEvent, Entity
from connectors.contract.http import Call, Request, Response
from connectors.contract.intents import (
    AddNote,
    AssignWorkOrder,
    CreateWorkOrder,
    Done,
    Found,
    Intent,
    NoteWorkOrder,
    SendMessage,
    SetCustomField,
    SetStayTimes,
    UpdateWorkOrder,
)
from connectors.contract.wire import Wire, first, identifier, obj, text
from connectors.pms.guesty import webhooks
from connectors.pms.guesty.tasks import Tasks
from connectors.pms.guesty.words import SUBSCRIBED_EVENTS


class Guesty(Tasks):
    """Reservations, messages and tasks both ways, signed webhooks; one token for all processes (5 a day)."""

    slug = "guesty"
    label = "Guesty"
    version = "1"
    default_base_url = "https://open-api.guesty.com/v1"
    credential_fields = (
        CredentialField(name="client_id", label="Client ID", secret=False),
        CredentialField(name="client_secret", label="Client secret"),
    )
    limits = (
        RateLimit(window_s=1, limit=15),
        RateLimit(window_s=60, limit=120),
        RateLimit(window_s=3600, limit=5000),
    )
    token_limit = RateLimit(window_s=86_400, limit=5)
    propagation_delay_s = 60
    signature_header = "svix-signature"
    performs = (
        SendMessage,
        AddNote,
        SetCustomField,
        SetStayTimes,
        CreateWorkOrder,
        UpdateWorkOrder,
        AssignWorkOrder,
        NoteWorkOrder,
    )
    capabilities = Capabilities(
        entities={
            Entity.PROPERTY: Capability(
                read=True, fallback="Read again every night.", why="No complex events."
            ),
            Entity.UNIT: Capability(read=True, push=Push.HINT, why="Units are owned by the PMS."),
            Entity.GUEST: Capability(read=True, push=Push.FULL, why="Guests are owned by the PMS."),
            Entity.RESERVATION: Capability(read=True, write=True, push=Push.HINT),
            Entity.CONVERSATION: Capability(
                read=True,
                push=Push.FULL,
                fallback="Without one: our own channel and a note on the stay.",
                why="A manual reservation may have none at first.",
            ),
            Entity.MESSAGE: Capability(
                read=True,
                write=True,
                push=Push.FULL,
                fallback="A message without text is read for its files; others have those that Guesty names.",
                why="No documented field of the webhook says that a message has files.",
            ),
            Entity.NOTE: Capability(
                read=True,
                write=True,
                push=Push.HINT,
                fallback="The stay's note where there is no conversation.",
            ),
            Entity.WORK_ORDER: Capability(
                read=True,
                write=True,
                push=Push.HINT,
                poll_s=3600,
                fallback="Read every hour, too: a change whose webhook is lost could not be asked for.",
                why="Lists of tasks tell no time of change.",
            ),
            Entity.PERSON: Capability(read=True, poll_s=86_400, why="Users are not pushed."),
            Entity.HOUSEKEEPING: Capability(
                fallback="The status of the cleaning task.",
                why="No documented call sets the state of a unit.",
            ),
            Entity.FOLIO: Capability(read=True, push=Push.HINT, why="Charges are made in the PMS."),
            Entity.LEASE: Capability(why="A short-stay system: there are no leases."),
        },
        changed_since=frozenset({Entity.RESERVATION, Entity.CONVERSATION}),
    )

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        base = (settings.base_url or self.default_base_url).rstrip("/")
        self.root = base.removesuffix("/v1")
        self.api = f"{self.root}/v1"

    # --- inbound ---
    def delivery_key(self, headers: Mapping[str, str], body: bytes) -> str:
        """Svix keeps the id over all retries of one delivery; signature and timestamp change."""
        return svix.header(headers, "id")[:200] or sha256(body).hexdigest()

    def verify(
        self, headers: Mapping[str, str], body: bytes, secrets: Sequence[str], at: datetime
    ) -> bool | None:
        return svix.verify(headers, body, secrets, at)

    def parse(self, headers: Mapping[str, str], body: bytes) -> list[CanonicalEvent]:
        return webhooks.read_events(webhooks.open_delivery(headers, body, self.settings.timezone))

    # --- authorisation ---
    def limit_key(self) -> str:
        """Guesty counts per account and application; hashed, so that the key tells nothing."""
        application = f"{self.root} {self.settings.credentials.get('client_id', '')}"
        return f"guesty:{sha256(application.encode()).hexdigest()[:24]}"

    def token_request(self) -> Request:
        form = {
            "grant_type": "client_credentials",
            "scope": "open-api",
            "client_id": self.settings.credentials.get("client_id", ""),
            "client_secret": self.settings.credentials.get("client_secret", ""),
        }
        return Request(method="POST", path=f"{self.root}/oauth2/token", form=form, authorized=False)

    def read_token(self, response: Response) -> Token:
        answer = obj(response.json())
        value = text(answer.get("access_token"))
        if not value:
            raise Unreadable(detail="The token answer holds no token.")
        return Token(value=value, expires_in_s=wire.integer(answer.get("expires_in")) or 86_400)

    def authorize(self, request: Request, token: str | None) -> Request:
        return replace(request, headers={**request.headers, "authorization": f"Bearer {token or ''}"})

    def check(self, request: Request, response: Response) -> None:
        """Errors come in five shapes, and now and then inside a 200."""
        if not 200 <= response.status < 300:
            raise error_for(request, response, _problem(response))
        answer = obj(require_json(request, response))
        inside = wire.integer(answer.get("status")) or 0
        if inside >= 400 or answer.get("error"):
            status = inside or wire.integer(obj(answer.get("error")).get("status")) or 400
            raise error_for(request, response, _problem(response), status=status)

    # --- effects ---
    def perform(self, call: Call, intent: Intent) -> Done:
        match intent:
            case SendMessage():
                return self.send_message(call, intent)
            case AddNote():
                return self.add_note(call, intent)
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
            case AddNote():
                return self.find_note(call, intent, since, known)
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
        """Tasks bear a token that is looked for."""
        return super().is_repeatable(intent) or isinstance(intent, CreateWorkOrder)

    # --- webhooks ---
    def list_subscriptions(self, call: Call) -> Iterator[Subscription]:
        for item in wire.items(call(self.request("GET", "/webhooks")).json()):
            yield _subscription(item)

    def subscribe(self, call: Call, url: str, secret: str = "") -> Subscription:  # noqa: ARG002 (Guesty makes it)
        """One subscription per URL: an existing one is used again and given the events that it lacks."""
        wanted = {"url": url, "events": list(SUBSCRIBED_EVENTS)}
        existing = next((one for one in self.list_subscriptions(call) if one.url == url), None)
        if existing is None:
            answer = call(self.request("POST", "/webhooks", json=wanted, effect=True)).json()
            made = _subscription(obj(answer))
            if not made.external_id:
                raise OutcomeUnknown(detail="The answer names no subscription.", code="no_id")
            return replace(made, url=made.url or url)
        if set(SUBSCRIBED_EVENTS) <= set(existing.events):
            return existing
        call(self.request("PUT", f"/webhooks/{self.quoted(existing.external_id)}", json=wanted))
        return replace(existing, events=SUBSCRIBED_EVENTS)

    def unsubscribe(self, call: Call, subscription: Subscription) -> None:
        try:
            call(self.request("DELETE", f"/webhooks/{self.quoted(subscription.external_id)}"))
        except NotFound:
            return  # gone is what was wanted

    def read_webhook_secret(self, call: Call, url: str) -> str | None:
        """Answers 404 for a short while after subscribing."""
        try:
            answer = obj(call(self.request("GET", "/webhooks-v2/secret", query=(("url", url),))).json())
        except NotFound:
            return None
        return text(answer.get("key")) or None


def _subscription(data: Wire) -> Subscription:
    events = data.get("events")
    return Subscription(
        external_id=identifier(data),
        url=text(data.get("url")),
        events=wire.texts(events) if isinstance(events, list) else (),
    )


def _problem(response: Response) -> Problem:
    """`{"error":{code,message,status}}`, `{"message","error"}`, a JSON string, bare text, or a proxy's
    page."""
    request_id = response.headers.get("x-request-id", "")
    try:
        answer = response.json()
    except Unreadable:
        body = response.body[:120].decode("utf-8", "replace").strip()
        return Problem(
            message="a page instead of an answer" if body.startswith("<") else body, request_id=request_id
        )
    error = obj(answer).get("error")
    message = first(obj(error).get("message"), obj(answer).get("message"), error, answer)
    return Problem(message=message, code=text(obj(error).get("code"))[:60], request_id=request_id)
