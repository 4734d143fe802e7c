"""Requests and responses as connectors see them; who really talks is the caller's business."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from connectors.contract.errors import Unreadable


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request. `effect` is true where repeating it could do something twice: such a request is never
    retried after it left. `path` is relative to the connection's base URL, or an absolute URL: of the system itself, or
    one that the connector owns to (`Connector.is_ours`). `content` is a body of `content_type` as it is. An address of
    another scheme than http (`smtp:`, `imap:`, `anymail:`) is spoken by a transport of its own
    (`connectors.outbound.transports`), under the same limits, health and time-outs; there `method` and `query` are what
    that transport understands. `max_answer`: bytes that the answer may have, where it may be a file.
    `long`: it only waits, for minutes, and nothing of ours is to be held meanwhile."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    json: Any = None
    form: Mapping[str, str] | Sequence[tuple[str, str]] | None = None
    content: bytes | None = field(default=None, repr=False)
    content_type: str = "application/octet-stream"
    max_answer: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    effect: bool = False
    authorized: bool = True
    long: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What came back. Header names are lower case; the body is bounded by the caller."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The decoded body. Raises Unreadable for HTML, truncated or binary answers."""
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise Unreadable(detail=f"HTTP {self.status}, not JSON: {self.body[:200]!r}") from error


class Call(Protocol):
    """Performs one request: authorisation, rate limit, time-outs and error classes are already handled.

    Raises any ConnectorError; returns only responses that `Connector.check` lets pass: those with a 2xx status, and
    where a connector says so a redirect, which nobody follows by itself.
    """

    def __call__(self, request: Request, /) -> Response: ...
