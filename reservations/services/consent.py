"""The consent ledger: what is said about an address is added, what may leave follows from it (consent.md §9)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection as database
from django.db import transaction

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.services import audit, require
from bellhop.core import clock, events
from connectors.contract.direct import AddressState
from connectors.events import AddressReported, ConsentTold
from reservations.events import ConsentChanged
from reservations.models import ConsentEntry, ConsentScope, ConsentSource, ConsentState, DeadAddress


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an address stands. `stopped`: everything automatic was stopped; `marketing`: what was last said about it,
    None where nobody ever asked; `dead`: why it is no use, empty where it is fine."""

    stopped: ConsentEntry | None = None
    marketing: ConsentEntry | None = None
    dead: str = ""
    entries: tuple[ConsentEntry, ...] = field(default=(), repr=False)

    @property
    def allows_marketing(self) -> bool:
        granted = self.marketing is not None and self.marketing.state == ConsentState.GRANTED
        return granted and self.stopped is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One thing said about an address, to be kept. `remote_id` makes a fact that may be told twice one row."""

    channel: str
    address: str
    scope: ConsentScope
    state: ConsentState
    source: ConsentSource
    at: datetime
    category: str = ""
    basis: str = ""
    language: str = ""
    proof: dict[str, Any] = field(default_factory=dict)
    actor: User | None = None
    message_id: int | None = None
    remote_id: str = ""


def lock_address(organization_id: int, channel: str, address: str) -> None:
    """Until commit, nobody else decides anything about this address, and nothing is claimed that would go there."""
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [_key(organization_id, channel, address)]
        )


def try_lock_address(organization_id: int, channel: str, address: str) -> bool:
    """The same for who already holds a Command and so may not wait: False where somebody is deciding just now."""
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))",
            [_key(organization_id, channel, address)],
        )
        return bool(cursor.fetchone()[0])


def _key(organization_id: int, channel: str, address: str) -> str:
    return f"consent:{organization_id}:{channel}:{address}"


@transaction.atomic
def record(organization_id: int, said: Statement) -> ConsentEntry | None:
    """Keep a statement and tell ConsentChanged. None where it stands already."""
    lock_address(organization_id, said.channel, said.address)
    values = {name: getattr(said, name) for name in Statement.__slots__}
    if said.remote_id:
        known = ConsentEntry.objects.filter(
            organization_id=organization_id,
            channel=said.channel,
            address=said.address,
            remote_id=said.remote_id,
        )
        if known.exists():
            return None
    entry = ConsentEntry.objects.create(organization_id=organization_id, **values)
    events.emit(ConsentChanged(entry=entry))
    return entry


def standing(organization_id: int, channel: str, address: str) -> Standing:
    """Where one address stands now."""
    return standings(organization_id, [(channel, address)])[channel, address]


def standings(organization_id: int, wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Standing]:
    """(channel, address) → where it stands, in two statements for all."""
    pairs = list(dict.fromkeys(wanted))
    addresses = [address for _channel, address in pairs]
    said: dict[tuple[str, str], list[ConsentEntry]] = {}
    rows = ConsentEntry.objects.filter(organization_id=organization_id, address__in=addresses)
    for entry in rows.select_related("actor").order_by("at", "id"):
        said.setdefault((entry.channel, entry.address), []).append(entry)
    dead = {
        (row.channel, row.address): row.reason or row.code
        for row in DeadAddress.objects.filter(organization_id=organization_id, address__in=addresses)
    }
    return {pair: _follow(said.get(pair, []), dead.get(pair, "")) for pair in pairs}


def _follow(entries: list[ConsentEntry], dead: str) -> Standing:
    """START after STOP lifts the stop, and is no consent to marketing; STOP takes that with it."""
    stopped: ConsentEntry | None = None
    marketing: ConsentEntry | None = None
    for entry in entries:
        if entry.scope == ConsentScope.MARKETING:
            marketing = entry
        elif entry.scope == ConsentScope.ALL:
            if entry.state == ConsentState.GRANTED:
                stopped = None
            else:
                stopped = marketing = entry
    return Standing(stopped, marketing, dead, tuple(entries))


@transaction.atomic
def set_by_person(
    user: User, channel: str, address: str, scope: ConsentScope, state: ConsentState, reason: str
) -> None:
    """A colleague notes what a guest said in another way, with the reason. A stop that the guest texted themselves is
    theirs to lift. Raises PermissionDenied."""
    require(user, Permission.CONSENT_EDIT)
    said = Statement(
        channel=channel,
        address=address,
        scope=scope,
        state=state,
        source=ConsentSource.STAFF,
        at=clock.now(),
        actor=user,
        proof={"reason": reason[:300]},
    )
    record(user.organization_id, said)
    audit(user.organization_id, user, "consent.set", f"address:{channel}", after=f"{scope} {state}: {reason}")


@transaction.atomic
def lift_dead(user: User, channel: str, address: str) -> None:
    """A person says that an address is good after all. Raises PermissionDenied."""
    require(user, Permission.CONSENT_EDIT)
    lock_address(user.organization_id, channel, address)
    DeadAddress.objects.filter(
        organization_id=user.organization_id, channel=channel, address=address
    ).delete()
    audit(user.organization_id, user, "address.lifted", f"address:{channel}")


def alive(organization_id: int, channel: str, address: str) -> None:
    """Something came in from it: it is no dead address."""
    DeadAddress.objects.filter(organization_id=organization_id, channel=channel, address=address).delete()


def on_consent(event: ConsentTold) -> None:
    """The provider tells what a person chose there."""
    told = event.record
    record(
        event.source.connection.organization_id,
        Statement(
            channel=told.channel,
            address=told.address.value,
            scope=ConsentScope(told.scope.value),
            state=ConsentState.GRANTED if told.granted else ConsentState.REVOKED,
            source=ConsentSource.PROVIDER,
            at=told.at,
            proof={"told_as": told.source},
            remote_id=told.external_id[:250],
        ),
    )


def on_address(event: AddressReported) -> None:
    """A provider says that an address is no use, wants nothing more, or is reached after all."""
    organization_id = event.connection.organization_id
    channel, address = event.channel.value, event.address.value
    if event.state == AddressState.FINE:
        alive(organization_id, channel, address)
        return
    if event.state == AddressState.BAD:
        lock_address(organization_id, channel, address)
        DeadAddress.objects.update_or_create(
            organization_id=organization_id,
            channel=channel,
            address=address,
            defaults={"code": event.code[:40], "reason": event.reason[:300], "since": clock.now()},
        )
        return
    complained = event.state == AddressState.COMPLAINED
    now = standing(organization_id, channel, address)
    if not complained and now.stopped is not None:
        return
    record(
        organization_id,
        Statement(
            channel=channel,
            address=address,
            scope=ConsentScope.MARKETING if complained else ConsentScope.ALL,
            state=ConsentState.REVOKED,
            source=ConsentSource.COMPLAINT if complained else ConsentSource.PROVIDER,
            at=clock.now(),
            proof={"code": event.code, "reason": event.reason},
        ),
    )
