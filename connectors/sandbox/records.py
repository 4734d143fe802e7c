"""What a property management system knows, in neutral words; each wire turns these into its vendor's shapes.

Instants are ISO 8601 UTC texts with milliseconds, dates are ISO dates local to the property, times are `HH:MM` local.
`extra` keeps what only one vendor knows.
"""

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(slots=True)
class Property:
    """A building or resort with its own time zone."""

    id: str
    name: str
    timezone: str
    address: Json
    extra: Json = field(default_factory=dict)


@dataclass(slots=True)
class Unit:
    """A rentable home, or a room type (`MTL`) with rooms (`MTL_CHILD`) below it."""

    id: str
    property_id: str
    name: str
    title: str
    kind: str = "SINGLE"
    parent_id: str | None = None
    check_in_time: str = "15:00"
    check_out_time: str = "11:00"
    sleeps: int = 2
    active: bool = True
    cleaning: str = "clean"
    nightly: int = 140
    currency: str = "EUR"
    fields: Json = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    extra: Json = field(default_factory=dict)


@dataclass(slots=True)
class Guest:
    """A person who stays."""

    id: str
    first_name: str
    last_name: str
    language: str
    created_at: str
    updated_at: str
    email: str | None = None
    phone: str | None = None
    notes: str = ""
    good_to_know: str = ""
    tags: list[str] = field(default_factory=list)
    extra: Json = field(default_factory=dict)

    @property
    def full_name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}".strip()


@dataclass(slots=True)
class Stay:
    """A booking of one unit. `made_in` says which door it came through: `v3`, `legacy` or `channel`."""

    id: str
    code: str
    status: str
    unit_id: str
    guest_id: str
    arrival: str
    departure: str
    check_in_at: str
    check_out_at: str
    platform: str
    source: str
    made_in: str
    created_at: str
    updated_at: str
    conversation_id: str | None = None
    presence: str = "not_set"
    presence_at: str | None = None
    planned_arrival: str | None = None
    planned_departure: str | None = None
    early_check_in: bool = False
    late_check_out: bool = False
    adults: int = 2
    children: int = 0
    infants: int = 0
    pets: int = 0
    key_code: str = ""
    note: str = ""
    notes: Json = field(default_factory=dict)
    fields: Json = field(default_factory=dict)
    currency: str = "EUR"
    fare: float = 0.0
    cleaning_fee: float = 0.0
    paid: float = 0.0
    confirmed_at: str | None = None
    cancelled_at: str | None = None
    cancelled_by: str | None = None
    cancel_reason: str | None = None
    rooms: list[Json] = field(default_factory=list)
    extra: Json = field(default_factory=dict)


@dataclass(slots=True)
class Conversation:
    """A thread with one guest, or with an owner of a unit."""

    id: str
    kind: str
    guest_id: str
    platform: str
    language: str
    subject: str
    created_at: str
    modified_at: str
    status: str = "OPEN"
    read: bool = True
    assignee_id: str | None = None
    last_host_at: str | None = None
    last_guest_at: str | None = None
    last_body: str = ""
    last_at: str | None = None
    stay_id: str | None = None


@dataclass(slots=True)
class Post:
    """One entry of a thread. `direction` is `inbound`, `outbound`, `note` or `log`; `author` who typed it."""

    id: str
    conversation_id: str
    body: str
    module: str
    direction: str
    author: str
    author_name: str
    created_at: str
    application: str | None = None
    stay_id: str | None = None
    to: list[str] = field(default_factory=list)
    cc: list[str] = field(default_factory=list)
    bcc: list[str] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    extra: Json = field(default_factory=dict)


@dataclass(slots=True)
class Task:
    """A work order or cleaning."""

    id: str
    title: str
    kind: str | None
    status: str
    priority: str
    unit_id: str | None
    stay_id: str | None
    created_at: str
    updated_at: str
    extra: Json = field(default_factory=dict)


@dataclass(slots=True)
class Staff:
    """A person who works in the PMS."""

    id: str
    first_name: str
    last_name: str
    email: str
    title: str
    extra: Json = field(default_factory=dict)

    @property
    def full_name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}"


@dataclass(slots=True)
class FieldDef:
    """A custom field that the account has defined; `target` is `reservation` or `listing`."""

    id: str
    key: str
    name: str
    kind: str
    target: str
    options: list[str] = field(default_factory=list)
    extra: Json = field(default_factory=dict)


@dataclass(slots=True)
class SavedReply:
    """A canned answer."""

    id: str
    question: str
    answer: str
    language: str


@dataclass(slots=True)
class Vendor:
    """A company that repairs or cleans."""

    id: str
    company: str
    first_name: str
    last_name: str
    phone: str
    email: str


@dataclass(slots=True)
class Block:
    """Rooms that are taken out of service, or held back, for some nights."""

    id: str
    property_id: str
    kind: str
    reason: str
    start: str
    end: str
    rooms: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Change:
    """One field of one stay that somebody changed."""

    id: str
    stay_id: str
    at: str
    by: str
    name: str
    old: str
    new: str


@dataclass(slots=True)
class Application:
    """API credentials: the id is the client id. Each wire has its own applications."""

    id: str
    secret: str
    name: str
    wire: str


@dataclass(slots=True)
class Token:
    """An issued access token. Times are seconds of the sandbox clock."""

    id: str
    application: str
    issued_at: float
    expires_at: float
    revoked: bool = False


@dataclass(slots=True)
class Subscription:
    """A webhook endpoint. Times are seconds of the sandbox clock."""

    id: str
    wire: str
    application: str
    url: str
    events: list[str]
    secret: str
    secret_ready_at: float
    failing_since: float | None = None
    disabled_at: float | None = None
    extra: Json = field(default_factory=dict)


@dataclass(slots=True)
class Delivery:
    """One webhook owed to one endpoint; `state` is pending, delivered, failed, lost or dropped.

    `message_id` is what the receiver dedupes by: two deliveries share it when the sandbox sends one message twice.
    `url` is where it goes if not to the endpoint's own.
    """

    id: str
    message_id: str
    subscription_id: str
    event: str
    body: str
    created_at: str
    due_at: float
    state: str = "pending"
    waits_for: str | None = None
    tries: int = 0
    attempts: list[Json] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    url: str = ""


@dataclass(slots=True)
class Setting:
    """One named value that survives a restart; `value` is wrapped so that any JSON fits."""

    id: str
    value: Json


@dataclass(slots=True)
class Fault:
    """A way to misbehave that is switched on; see `faults.py`."""

    id: str
    kind: str
    enabled: bool = True
    method: str | None = None
    path: str | None = None
    event: str | None = None
    probability: float = 1.0
    every: int = 1
    remaining: int | None = None
    params: Json = field(default_factory=dict)
    seen: int = 0
    hits: int = 0


@dataclass(slots=True)
class Peak:
    """The most calls that one application made within one window; `id` is `application/window`."""

    id: str
    application: str
    window: str
    limit: int
    attempted: int = 0
    accepted: int = 0
    refused: int = 0
    over: float = 0.0
