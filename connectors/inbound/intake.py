"""Webhook intake: an ASGI callable in front of Django. Authenticate, journal, commit, answer (invariant 1).

It shares nothing with page requests: own connections, and group commit, so that what arrives during one transaction
shares the next one. Time-outs and limits: a body has 10 s to arrive, and at most the size that its sender is known for
(`Connector.max_body`).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import datetime
from typing import Any

import structlog

from connectors.contract.connector import QUERY
from connectors.inbound.intake_store import Entry, NoDatabase, Store
from connectors.inbound.known import Known, Target

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

BODY_TIMEOUT_S = 10.0
RETRY_AFTER_S = b"5"
# Amazon's SNS shows its login only after this (docs.aws.amazon.com/sns/latest/dg/SendMessageToHttp.prepare.html).
CHALLENGE = b'Basic realm="Bellhop"'
MAX_HEADERS = 200
MAX_HEADER_BYTES = 64_000
UNAVAILABLE = 503
# Credentials, of the sender or of proxies in front of us, prove something once and are not journaled.
NOT_KEPT = frozenset({"authorization", "cookie", "proxy-authorization"})

log = structlog.get_logger(__name__)


class _Refused(Exception):
    """`challenge`: who asks may show a login."""

    def __init__(self, status: int, reason: str, *, challenge: bool = False) -> None:
        self.status = status
        self.reason = reason
        self.challenge = challenge
        super().__init__(reason)


class Intake:
    """One per web process; its store opens with the first webhook."""

    def __init__(self) -> None:
        self._store = Store()
        self._known = Known(self._store)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        silent = False
        try:
            token = scope["path"].removeprefix("/hooks/").strip("/")
            target = await self._target(token)
            silent = target.connector.silent
            if scope["method"] in {"GET", "HEAD"}:
                await _send_text(send, _tried(scope, target))
                return
            status = await self._take(scope, receive, token, target)
        except _Refused as refused:
            text = "" if silent else refused.reason
            await _answer(
                send, refused.status, text, retry=refused.status == UNAVAILABLE, challenge=refused.challenge
            )
        except NoDatabase:
            await _answer(send, 503, "" if silent else "Try again soon.", retry=True)
        else:
            await _answer(send, status, "" if silent else "Accepted.")

    async def _target(self, token: str) -> Target:
        target = await self._known.get(token)
        if target is None:
            raise _Refused(404, "No such address.")
        return target

    async def _take(self, scope: Scope, receive: Receive, token: str, target: Target) -> int:
        """The status of the answer. Raises _Refused, NoDatabase."""
        if scope["method"] != "POST":
            raise _Refused(405, "Webhooks are POST requests.")
        body = await _read_body(scope, receive, target.connector.max_body)
        headers = _headers(scope) | {QUERY: scope.get("query_string", b"").decode("latin-1")}
        now = await self._store.now()
        target, verified = await self._verified(token, target, headers, body, now)
        if verified is False:
            raise _not_believed(target)
        key = target.connector.delivery_key(headers, body)
        address = (scope.get("client") or [""])[0]
        kept = json.dumps({name: value for name, value in headers.items() if name not in NOT_KEPT})
        await self._store.keep(Entry(target.connection_id, key[:200], now, kept, body, verified, address))
        return target.connector.accepted_status

    async def _verified(
        self, token: str, target: Target, headers: dict[str, str], body: bytes, now: datetime
    ) -> tuple[Target, bool | None]:
        """Raises NoDatabase."""
        verified = target.connector.verify(headers, body, target.secrets, now)
        if verified is not False or (_by_login(target) and "authorization" not in headers):
            return target, verified  # a login is shown by some only when they are asked for it
        # A secret may just have been rotated: look again once before refusing.
        target = await self._known.get(token, fresh=True) or target
        verified = target.connector.verify(headers, body, target.secrets, now)
        if verified is False:
            await self._known.refused(target.connection_id, now)
        return target, verified


def _by_login(target: Target) -> bool:
    return target.connector.signature_header == "authorization"


def _not_believed(target: Target) -> _Refused:
    if target.secrets or target.connector.settings.credentials:
        return _Refused(401, "The signature does not fit.", challenge=_by_login(target))
    return _Refused(target.connector.unready_status, "Not set up yet.")


def _tried(scope: Scope, target: Target) -> str:
    """What somebody is answered who tries the address before using it. Raises _Refused."""
    if scope["method"] == "HEAD":
        return ""
    query = scope.get("query_string", b"").decode("latin-1")
    answer = target.connector.answer_get(query, target.secrets)
    if answer is None:
        raise _Refused(403 if query else 405, "Webhooks are POST requests.")
    return answer


async def _read_body(scope: Scope, receive: Receive, most: int) -> bytes:
    declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    if declared.isdigit() and int(declared) > most:
        raise _Refused(413, f"The body is larger than {most // 1_000_000} MB.")
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
                if size > most:
                    raise _Refused(413, f"The body is larger than {most // 1_000_000} MB.")
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


async def _send_text(send: Send, text: str) -> None:
    body = text.encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _answer(
    send: Send, status: int, text: str, *, retry: bool = False, challenge: bool = False
) -> None:
    body = json.dumps({"detail": text}).encode() if text else b""
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if retry:
        headers.append((b"retry-after", RETRY_AFTER_S))
    if challenge:
        headers.append((b"www-authenticate", CHALLENGE))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


application = Intake()
