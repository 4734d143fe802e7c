"""Access tokens: one per connection, shared by all processes, issued by one of them at a time.

Providers ration tokens (Guesty: 5 a day), so a token is asked for only by whoever holds the lease on the
connection's AccessToken row, never above the limit, and a refusal starts a cooldown that everybody keeps.
No lock is held while the provider is called.

Expiry is judged by the database's real time: moving the demo clock must not spend tokens.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.db import transaction
from django.db.models import DateTimeField, Func

from bellhop.core import clock
from connectors.contract.connector import Connector, Token
from connectors.contract.errors import ConnectorError, NotAuthorized, RateLimited, Rejected
from connectors.models import AccessToken, Connection
from connectors.outbound import limits

LEASE: Final = timedelta(seconds=40)
MARGIN: Final = timedelta(minutes=5)
COOLDOWN: Final = timedelta(hours=1)
PATIENCE_S: Final = 5.0
LOOK_EVERY_S: Final = 0.1
KEPT: Final = 10

_REAL: Final = Func(function="clock_timestamp", output_field=DateTimeField())

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A token in use; `age` since it was issued."""

    value: str
    age: timedelta


@dataclass(frozen=True, slots=True)
class _Wait:
    """Somebody else is asking for one."""


@dataclass(frozen=True, slots=True)
class _Lease:
    """It is ours to ask for one."""


def current(
    connection: Connection,
    connector: Connector,
    issue: Callable[[], Token],
    *,
    refused: str | None = None,
) -> Held:
    """A token to use now. `refused` is a value that the provider no longer takes: another is got, if there
    isn't one.

    `issue` asks the provider. Raises RateLimited while none may be issued, else what `issue` raises.
    """
    held = _held(connection.pk, refused)
    if held is not None:
        return held
    deadline = time.monotonic() + PATIENCE_S
    while isinstance(found := _look(connection.pk, refused), _Wait):
        if time.monotonic() >= deadline:
            raise RateLimited(after_s=2.0, detail="Another process asks for the token.", code="token_wait")
        time.sleep(LOOK_EVERY_S)
    return _issue(connection, connector, issue) if isinstance(found, _Lease) else found


def forget(connection: Connection) -> None:
    """The token belongs to credentials that are no longer ours."""
    AccessToken.objects.filter(pk=connection.pk).delete()


def _held(connection_id: int, refused: str | None) -> Held | None:
    """The usual case, without a lock: a token that is good for a while."""
    row = AccessToken.objects.annotate(real=_REAL).filter(pk=connection_id).first()
    if row is None or _left(row, row.real, refused) <= MARGIN:
        return None
    return Held(value=row.value, age=row.real - _issued_last(row, row.real))


def _left(row: AccessToken, now: datetime, refused: str | None) -> timedelta:
    """How long the row's token may still be used."""
    if not row.value or row.value == refused or row.expires_at is None:
        return timedelta()
    return row.expires_at - now


def _look(connection_id: int, refused: str | None) -> Held | _Wait | _Lease:
    AccessToken.objects.get_or_create(connection_id=connection_id)
    with transaction.atomic(durable=True):
        row, now = _locked(connection_id)
        left = _left(row, now, refused)
        held = Held(value=row.value or "", age=now - _issued_last(row, now))
        if left > MARGIN:
            return held
        if row.cooldown_until is not None and row.cooldown_until > now:
            if left > timedelta():
                return held
            after = (row.cooldown_until - now).total_seconds()
            raise RateLimited(after_s=after, detail="No token may be issued now.", code="token_limit")
        if row.issuing_until is not None and row.issuing_until > now:
            return held if left > timedelta() else _Wait()
        row.issuing_until = now + LEASE
        row.save(update_fields=["issuing_until"])
        return _Lease()


def _locked(connection_id: int) -> tuple[AccessToken, datetime]:
    row = AccessToken.objects.select_for_update().annotate(real=_REAL).get(pk=connection_id)
    return row, row.real


def _issued_last(row: AccessToken, now: datetime) -> datetime:
    return datetime.fromisoformat(row.issued[-1]) if row.issued else now


def _issue(connection: Connection, connector: Connector, issue: Callable[[], Token]) -> Held:
    rationed = (connector.token_limit,) if connector.token_limit else ()
    key = f"{connector.limit_key()}:tokens"
    scale = max(1.0, connection.limit_scale)
    wait = limits.take(key, rationed, scale=scale, now=clock.now())
    if wait > 0:
        _release(connection.pk, cooldown=timedelta(seconds=min(wait, COOLDOWN.total_seconds())))
        raise RateLimited(after_s=wait, detail="All tokens of the day are used.", code="token_limit")
    log.info("token_asked_for", connection=connection.pk)
    try:
        token = issue()
    except RateLimited as error:
        asked = COOLDOWN if error.after_s is None else timedelta(seconds=error.after_s)
        _release(connection.pk, cooldown=asked)
        raise
    except (NotAuthorized, Rejected) as error:
        # Nothing was issued: wrong credentials must not use up the day.
        limits.give_back(key, rationed)
        _release(connection.pk)
        raise NotAuthorized(detail=error.detail, code=error.code, request_id=error.request_id) from error
    except ConnectorError:
        _release(connection.pk, cooldown=timedelta(seconds=5))
        raise
    return _store(connection.pk, token)


def _store(connection_id: int, token: Token) -> Held:
    with transaction.atomic(durable=True):
        row, now = _locked(connection_id)
        row.value = token.value
        row.expires_at = now + timedelta(seconds=token.expires_in_s)
        row.issued = [*row.issued, now.isoformat()][-KEPT:]
        row.issuing_until = row.cooldown_until = None
        row.save(update_fields=["value", "expires_at", "issued", "issuing_until", "cooldown_until"])
    return Held(value=token.value, age=timedelta())


def _release(connection_id: int, cooldown: timedelta = timedelta()) -> None:
    with transaction.atomic(durable=True):
        row, now = _locked(connection_id)
        row.issuing_until = None
        row.cooldown_until = now + cooldown if cooldown else None
        row.save(update_fields=["issuing_until", "cooldown_until"])
