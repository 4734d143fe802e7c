"""Webhook intake: an ASGI callable in front of Django. Authenticate, journal, commit, answer (invariant 1).

It shares nothing with page requests: own connections, and group commit, so that what arrives during one transaction
shares the next one. Time-outs and limits: a body has at most 1 MB and 10 s to arrive.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import structlog

from connectors.inbound.intake_store import Entry, NoDatabase, Store
from connectors.inbound.known import Known

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

MAX_BODY = 1_000_000
BODY_TIMEOUT_S = 10.0
RETRY_AFTER_S = b"5"
MAX_HEADERS = 200
MAX_HEADER_BYTES = 64_000
UNAVAILABLE = 503
# Credentials, of the sender or of proxies in front of us, prove something once and are not journaled.
NOT_KEPT = frozenset({"authorization", "cookie", "proxy-authorization"})

log = structlog.get_logger(__name__)


class _Refused(Exception):
    def __init__(self, status: int, reason: str) -> None:
        self.status = status
        self.reason = reason
        super().__init__(reason)


class Intake:
    """One per web process; its store opens with the first webhook."""

    def __init__(self) -> None:
        self._store = Store()
        self._known = Known(self._store)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            status = await self._take(scope, receive)
        except _Refused as refused:
            await _answer(send, refused.status, refused.reason, retry=refused.status == UNAVAILABLE)
        except NoDatabase:
            await _answer(send, 503, "Try again soon.", retry=True)
        else:
            await _answer(send, status, "Accepted.")

    async def _take(self, scope: Scope, receive: Receive) -> int:
        """The status of the answer. Raises _Refused, NoDatabase."""
        if scope["method"] != "POST":
            raise _Refused(405, "Webhooks are POST requests.")
        token = scope["path"].removeprefix("/hooks/").strip("/")
        body = await _read_body(scope, receive)
        target = await self._known.get(token)
        if target is None:
            raise _Refused(404, "No such address.")
        headers = _headers(scope)
        now = await self._store.now()
        verified = target.connector.verify(headers, body, target.secrets, now)
        if verified is False:
            # A secret may just have been rotated: look again once before refusing.
            target = await self._known.get(token, fresh=True) or target
            verified = target.connector.verify(headers, body, target.secrets, now)
        if verified is False:
            await self._known.refused(target.connection_id, now)
            ready = bool(target.secrets)
            raise _Refused(
                401 if ready else target.connector.unready_status,
                "The signature does not fit." if ready else "Not set up yet.",
            )
        key = target.connector.delivery_key(headers, body)
        address = (scope.get("client") or [""])[0]
        kept = json.dumps({name: value for name, value in headers.items() if name not in NOT_KEPT})
        await self._store.keep(Entry(target.connection_id, key[:200], now, kept, body, verified, address))
        return target.connector.accepted_status


async def _read_body(scope: Scope, receive: Receive) -> bytes:
    declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    if declared.isdigit() and int(declared) > MAX_BODY:
        raise _Refused(413, "The body is larger than 1 MB.")
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise _Refused(400, "The sender went away.")
                part = message.get("body", b"")
                size += len(part)
                if size > MAX_BODY:
                    raise _Refused(413, "The body is larger than 1 MB.")
                parts.append(part)
                if not message.get("more_body"):
                    return b"".join(parts)
    except TimeoutError:
        raise _Refused(408, "The body took too long.") from None


def _headers(scope: Scope) -> dict[str, str]:
    """With lower-case names. Raises _Refused for far too many."""
    if len(scope["headers"]) > MAX_HEADERS or sum(map(_length, scope["headers"])) > MAX_HEADER_BYTES:
        raise _Refused(431, "Too many headers.")
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


def _length(header: tuple[bytes, bytes]) -> int:
    return len(header[0]) + len(header[1])


async def _answer(send: Send, status: int, text: str, *, retry: bool = False) -> None:
    body = json.dumps({"detail": text}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if retry:
        headers.append((b"retry-after", RETRY_AFTER_S))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


application = Intake()
