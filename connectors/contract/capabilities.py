"""What a connector can do per entity, declared; what it can't, with the fallback."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from connectors.contract.events import Entity


class Push(StrEnum):
    NONE = "none"
    HINT = "hint"
    FULL = "full"


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """One row of the capability table. `fallback` says what happens instead, in plain words; `why` cites
    the reason. `poll_s`: nothing pushes it, so it is read every so many seconds."""

    read: bool = False
    write: bool = False
    push: Push = Push.NONE
    poll_s: int | None = None
    fallback: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    entities: Mapping[Entity, Capability]
    changed_since: frozenset[Entity] = field(default_factory=frozenset)
    attachments: bool = False
    read_receipts: bool = False
    idempotency_key: bool = False
    client_reference: bool = False

    def of(self, entity: Entity) -> Capability:
        return self.entities.get(entity, Capability(why="This system has no such thing."))


class CountedPer(StrEnum):
    """Whose requests a provider adds up: those of one account (or key), or those of one sending address."""

    ACCOUNT = "account"
    ADDRESS = "address"


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """At most `limit` requests in any `window_s` seconds, counted `per` account or address."""

    window_s: int
    limit: int
    per: CountedPer = CountedPer.ACCOUNT
