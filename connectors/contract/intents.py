"""What we may ask of a PMS: one dataclass per kind of Command, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connectors.contract.records import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class SendMessage:
    """Send `body` to the guest through the PMS's conversation. `channel_raw` as the guest's last message
    had it."""

    conversation_id: str
    body: str
    channel_raw: str = ""
    to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AddNote:
    """Keep a private remark in the PMS's conversation; where there is none, on the reservation."""

    body: str
    conversation_id: str | None = None
    reservation_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetCustomField:
    """Write one structured value to a reservation."""

    reservation_id: str
    field_id: str
    value: Any


Intent = SendMessage | AddNote | SetCustomField


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The PMS took it. `remote_id` is the id under which it will appear in later reads, empty where there
    is none."""

    remote_id: str
    at: datetime | None = None
    raw: Json = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Read-back: it is there. `exact` is false where only a similar text was found."""

    remote_id: str
    at: datetime | None = None
    exact: bool = True
