"""Talking to a PMS for a connection: token, limits, time-outs, errors, health. Connectors only say what and
to whom.

One `Caller` is one `Call` of the contract. It never retries by itself, with one exception: a refused token
is renewed once. Credentials stand in no log line and in no error text.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode, urlsplit

import structlog
from django.db import connection as database

from bellhop import __version__
from bellhop.core import clock, http
from connectors.contract.base import PmsConnector
from connectors.contract.channel import ChannelConnector
from connectors.contract.connector import Connector, Settings, Token
from connectors.contract.errors import (
    ConnectorError,
    NotAuthorized,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unreachable,
    Unreadable,
    Unsupported,
)
from connectors.contract.http import Request, Response
from connectors.contract.registry import channel_class, connector_class, pms_class
from connectors.models import Connection, Stage
from connectors.outbound import health, limits, stored_files, tokens
from connectors.outbound.addresses import hook_url
from connectors.outbound.transports import transport_of
from connectors.trust import endpoints

PATIENCE_S: Final = 3.0
BULK_PATIENCE_S: Final = 5.0
STALE_GRANT_S: Final = 0.2
YOUNG_TOKEN: Final = timedelta(hours=1)
LONG_WAIT_S: Final = 60.0

log = structlog.get_logger(__name__)


class OwnLimit(RateLimited):
    """Our limiter gave no grant: nothing was asked of the PMS. `after_s`: when the next one may be had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """What one request came to, for the Attempt row and the case file. Holds no credentials and no query."""

    method: str
    path: str
    started_at: datetime
    finished_at: datetime
    status_code: int | None = None
    code: str = ""
    message: str = ""
    detail: str = ""
    request_id: str = ""


def connector_for(connection: Connection) -> Connector:
    """The connection's connector with its settings. Raises UnknownConnector."""
    cls = connector_class(connection.slug)
    given = settings_of(connection)
    return cls(given, files=stored_files) if issubclass(cls, ChannelConnector) else cls(given)


def pms_for(connection: Connection) -> PmsConnector:
    """The connector of a PMS. Raises UnknownConnector for a channel."""
    return pms_class(connection.slug)(settings_of(connection))


def channel_for(connection: Connection) -> ChannelConnector:
    """The connector of a channel. Raises UnknownConnector for a PMS."""
    return channel_class(connection.slug)(settings_of(connection), files=stored_files)


def settings_of(connection: Connection) -> Settings:
    """What the connection's connector is constructed with."""
    return Settings(
        base_url=connection.base_url,
        credentials=connection.credentials,
        timezone=connection.timezone,
        hook_url=hook_url(connection),
    )


def caller_for(
    connection: Connection, *, bulk: bool = False, probe: bool = False, own_setup: bool = False
) -> Caller:
    """A Call for `connection`. `bulk` leaves room for people; `probe` calls although the breaker is open; `own_setup`
    may write in shadow too, because it only arranges our own webhooks."""
    connector = connector_for(connection)
    return Caller(connection, connector, bulk=bulk, probe=probe, own_setup=own_setup)


SAFE = frozenset({"GET", "HEAD"})

# Where somebody wants to know what was called (a rehearsal), in this thread only.
_recorder: ContextVar[list[Exchange] | None] = ContextVar("exchanges", default=None)


@contextmanager
def recorded() -> Iterator[list[Exchange]]:
    """Every exchange of this thread during the block, in order."""
    exchanges: list[Exchange] = []
    token = _recorder.set(exchanges)
    try:
        yield exchanges
    finally:
        _recorder.reset(token)


class Caller:
    """Performs requests of one connection; `last` tells about the newest one."""

    def __init__(
        self, connection: Connection, connector: Connector, *, bulk: bool, probe: bool, own_setup: bool
    ) -> None:
        self.connection = connection
        self.connector = connector
        self.last: Exchange | None = None
        self.leaving: Callable[[], None] | None = None
        """Called when an effect is about to leave: the line is open, nothing else stands in its way."""
        self._bulk = bulk
        self._probe = probe
        self._own_setup = own_setup

    def __call__(self, request: Request, /) -> Response:
        """Returns 2xx answers only. Raises any ConnectorError, by its effect on what the caller may do
        next."""
        self._refuse_if_held(request)
        if not request.authorized:
            return self._exchange(request, request)
        if self.connector.token_request() is None:
            return self._exchange_by_key(request)
        token = self._token()
        try:
            return self._exchange(request, self.connector.authorize(request, token.value))
        except NotAuthorized as error:
            if self._is_forbidden() and token.age < YOUNG_TOKEN:
                raise _forbidden(error) from error
        renewed = self._token(refused=token.value)
        try:
            return self._exchange(request, self.connector.authorize(request, renewed.value))
        except NotAuthorized as error:
            if self._is_forbidden():
                raise _forbidden(error) from error
            health.note_failure(self.connection, error)
            raise

    def _exchange_by_key(self, request: Request) -> Response:
        """With a key there is nothing to renew: 401 refuses the key, 403 this one thing (a probe asks for nothing that
        may be forbidden)."""
        try:
            return self._exchange(request, self.connector.authorize(request, None))
        except NotAuthorized as error:
            if self._is_forbidden() and not self._probe:
                raise _forbidden(error) from error
            health.note_failure(self.connection, error)
            raise

    def _is_forbidden(self) -> bool:
        forbidden = self.last is not None and self.last.status_code == 403
        return forbidden and not self.connector.forbidden_is_token

    # --- before ---
    def _refuse_if_held(self, request: Request) -> None:
        """The last gate: whatever goes wrong above, a connection in shadow writes nothing, and one that is down is left
        alone."""
        row = (
            Connection.objects.filter(pk=self.connection.pk)
            .values_list("stage", "health__down_since", "health__probe_at", "health__credentials_refused_at")
            .get()
        )
        stage, down_since, probe_at, refused_at = row
        writes = request.authorized and request.method not in SAFE
        if writes and stage == Stage.SHADOW and not self._own_setup:
            raise Rejected("In shadow nothing is written to the PMS.", code="shadow")
        if self._probe:
            return
        if refused_at is not None:
            raise NotAuthorized(code="credentials_refused")
        if down_since is not None:
            now = clock.now()
            after = (probe_at - now).total_seconds() if probe_at and probe_at > now else health.FIRST_PROBE_S
            raise Unreachable(after_s=after, code="down")

    def _token(self, refused: str | None = None) -> tokens.Held:
        try:
            return tokens.current(self.connection, self.connector, self._issue, refused=refused)
        except NotAuthorized as error:
            health.note_failure(self.connection, error)
            raise
        except RateLimited as error:
            if (error.after_s or 0) > LONG_WAIT_S:
                health.note_no_token(self.connection, error.after_s or 0)
            raise

    def _issue(self) -> Token:
        request = self.connector.token_request()
        if request is None:
            raise Unsupported(detail="There are no tokens here.")
        token = self.connector.read_token(self._exchange(request, request, is_token=True))
        time.sleep(token.rest_s)
        health.note_token(self.connection)
        return token

    def _wait_for_grant(self) -> None:
        """Wait for the limiter a moment; raise RateLimited where that would hold a worker for long."""
        patience = BULK_PATIENCE_S if self._bulk and self.leaving is None else PATIENCE_S
        deadline = time.monotonic() + patience
        while (wait := self._take()) > 0:
            if time.monotonic() + wait > deadline:
                raise _own_limit(wait)
            time.sleep(wait)

    def _take(self) -> float:
        scale = self.connection.limit_scale
        return limits.take_all(self.connector.limits_by_key(), scale=scale, bulk=self._bulk)

    # --- the exchange ---
    def _exchange(self, request: Request, ready: Request, *, is_token: bool = False) -> Response:
        """Send `ready` (`request` with authorisation) and judge the answer. Notes `last` and health."""
        self.last = None
        url = self._url(ready)
        self._wait_for_grant()
        granted = time.monotonic()

        def before_send() -> None:
            # A slow connection made the grant old: it would arrive in another window than it was counted in.
            if time.monotonic() - granted > STALE_GRANT_S and (wait := self._take()) > 0:
                raise _own_limit(wait)
            if request.effect and self.leaving is not None:
                self.leaving()
            if request.long:
                database.close()  # back into the pool: others need it for as long as this waits

        started = clock.now()
        response: Response | None = None
        failure: ConnectorError | None = None
        try:
            response = self._send(ready, url, before_send)
            self._check(request, response)
        except ConnectorError as error:
            failure = error
            raise
        finally:
            self._note(request, started, response, failure)
            self._note_health(request, response, failure, is_token=is_token)
        return response

    def _send(self, ready: Request, url: str, before_send: Callable[[], None]) -> Response:
        content, content_type = _encode(ready)
        headers = {"accept": "application/json", "user-agent": f"Bellhop/{__version__}", **ready.headers}
        if content:
            headers["content-type"] = content_type
        try:
            answer = transport_of(url)(
                ready.method,
                url,
                headers=headers,
                content=content,
                max_bytes=ready.max_answer or http.MAX_BYTES,
                before_send=before_send,
            )
        except http.AddressRefused as error:
            raise Unreachable(
                "This address may not be called.", code="address_refused", detail=str(error)
            ) from None
        except http.HttpError as error:
            raise _lost(ready, error) from None
        return Response(status=answer.status, headers=answer.headers, body=answer.body)

    def _check(self, request: Request, response: Response) -> None:
        try:
            self.connector.check(request, response)
        except Unreadable as error:
            if request.effect:
                raise OutcomeUnknown(detail=error.detail, code="unreadable") from error
            raise

    def _url(self, request: Request) -> str:
        """The absolute address. A connector may not send our token anywhere but to the connection's own
        host."""
        base = self.connection.base_url or self.connector.default_base_url
        absolute = "://" in request.path.partition("?")[0]
        url = request.path if absolute else base.rstrip("/") + request.path
        if not self.connector.is_ours(url):
            raise Rejected("This address is not the connected system's.", code="foreign_address")
        return f"{url}?{urlencode(request.query)}" if request.query else url

    # --- after ---
    def _note(
        self, request: Request, started: datetime, response: Response | None, error: ConnectorError | None
    ) -> None:
        self.last = Exchange(
            method=request.method,
            path=urlsplit(request.path).path,
            started_at=started,
            finished_at=clock.now(),
            status_code=response.status if response else None,
            code=error.code if error else "",
            message=error.user_message if error else "",
            detail=error.detail if error else "",
            request_id=(response.headers.get("x-request-id", "") if response else "")[:100],
        )
        endpoints.note(self.connection.pk, self.last.method, self.last.path, self.last.status_code)
        if (exchanges := _recorder.get()) is not None:
            exchanges.append(self.last)
        spent = (self.last.finished_at - started).total_seconds()
        log.info(
            "pms_call",
            connection=self.connection.pk,
            method=self.last.method,
            path=self.last.path,
            status=self.last.status_code,
            code=self.last.code,
            ms=round(spent * 1000),
            request_id=self.last.request_id,
        )

    def _note_health(
        self, request: Request, response: Response | None, error: ConnectorError | None, *, is_token: bool
    ) -> None:
        """Refusals are answers too. Being told to wait is neither: it holds everything under the key."""
        match error:
            case RateLimited():
                if response is not None and not is_token:
                    after = self._hold(error.after_s)
                    health.hold(self.connection, clock.now() + timedelta(seconds=after))
            case NotAuthorized():
                pass  # noted once it is clear that a new token doesn't help
            case None if not request.effect and not is_token:
                health.note_success(self.connection, "read")
            case None | Rejected():
                health.note_success(self.connection, "answer")
            case _:
                health.note_failure(self.connection, error)

    def _hold(self, after_s: float | None) -> float:
        """Nothing under any of our keys for that long: which of them was full, a 429 doesn't tell."""
        keys = [self.connector.limit_key(), *self.connector.limits_by_key()]
        after = limits.next_hold(keys, self.connector.hold_s) if after_s is None else after_s
        limits.hold(set(keys), after)
        return after


def _own_limit(wait: float) -> OwnLimit:
    return OwnLimit(after_s=wait, code="own_limit", detail="Our share of the limit is used.")


def _encode(request: Request) -> tuple[bytes, str]:
    if request.content is not None:
        return request.content, request.content_type
    if request.form is not None:
        return urlencode(request.form).encode(), "application/x-www-form-urlencoded"
    if request.json is not None:
        return json.dumps(
            request.json, ensure_ascii=False, separators=(",", ":")
        ).encode(), "application/json"
    return b"", ""


def _lost(request: Request, error: http.HttpError) -> ConnectorError:
    """No answer: certain where nothing had left, and of no matter where nothing is done twice."""
    if error.sent and request.effect:
        return OutcomeUnknown(detail=str(error), code=_code(error))
    if isinstance(error, http.AnswerTooLarge):
        return Unreadable(detail=str(error), code="too_large")
    return Unreachable(detail=str(error), code=_code(error))


def _code(error: http.HttpError) -> str:
    return "no_answer" if error.sent else "not_sent"


def _forbidden(error: NotAuthorized) -> Rejected:
    """403 with a fresh token: this one thing isn't allowed, the credentials are good."""
    return Rejected(
        "Our account may not do this.", detail=error.detail, code="forbidden", request_id=error.request_id
    )
