"""Calling addresses that others chose (invariant 11), without ever being led into our own network.

The name is resolved here, every address it has is judged, and the connection is made to the address that was judged:
a name that changes in between (DNS rebinding) changes nothing. TLS still checks the name. Redirects are not followed.
Private hosts are reached only where `BELLHOP_ALLOWED_PRIVATE_HOSTS` names them ("host" or "host:port"); plain http too.

Errors tell whether anything had left (`sent`): an effect may be repeated by itself only where it surely had not.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import SplitResult, urlsplit

import httpcore
from django.conf import settings

CONNECT_S = 5.0
READ_S = 20.0
TOTAL_S = 30.0
MAX_BYTES = 8 * 1024 * 1024
# Shorter than the usual 5 s of servers: a request on a connection that is just being closed has no known outcome.
KEEP_ALIVE_S = 3.0
MAX_CONNECTIONS = 64

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_deadline = threading.local()


class HttpError(Exception):
    """No usable answer. `sent` is false where surely nothing of the request had left."""

    sent = False


class AddressRefused(HttpError):
    """Not an address that may be called: private, not https, or not an address at all."""


class NotSent(HttpError):
    """No connection came about: name, network, TLS."""


class NoAnswer(HttpError):
    """The request left, at least in part, and no whole answer came: time-out, reset, disconnect."""

    sent = True


class AnswerTooLarge(HttpError):
    """The answer was longer than allowed and was left unread."""

    sent = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Status, headers (names in lower case, the last of equal names) and the whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def fetch(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    content: bytes = b"",
    read_s: float = READ_S,
    total_s: float = TOTAL_S,
    max_bytes: int = MAX_BYTES,
    before_send: Callable[[], None] | None = None,
) -> Answer:
    """One request over the connections that this process keeps. Raises HttpError.

    `before_send` is called on a ready connection, right before the first byte leaves; what it raises ends the
    request unsent and reaches the caller as it is.
    """
    parts = checked_url(url)
    sent = _Sent(before_send)
    request = httpcore.Request(
        method,
        url,
        headers=_headers(parts, headers or {}, content),
        content=content or None,
        extensions={
            "timeout": {"connect": CONNECT_S, "read": read_s, "write": read_s, "pool": CONNECT_S},
            "trace": sent.trace,
        },
    )
    _deadline.at = time.monotonic() + total_s
    try:
        response = _pool(os.getpid()).handle_request(request)
        try:
            return _read(response, max_bytes)
        finally:
            response.close()
    except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, OSError) as error:
        kind = NoAnswer if sent.yes else NotSent
        raise kind(f"{parts.hostname}: {type(error).__name__}") from error


class _Sent:
    """Notices when the first byte is about to leave."""

    def __init__(self, before_send: Callable[[], None] | None) -> None:
        self.yes = False
        self._before_send = before_send

    def trace(self, name: str, _: Mapping[str, Any]) -> None:
        if name.endswith("send_request_headers.started"):
            if self._before_send is not None:
                self._before_send()
            self.yes = True


def _headers(parts: SplitResult, given: Mapping[str, str], content: bytes) -> list[tuple[str, str]]:
    headers = {"host": parts.netloc, "accept-encoding": "identity", "user-agent": "Bellhop", **given}
    if content:
        headers["content-length"] = str(len(content))
    return list(headers.items())


def _read(response: httpcore.Response, max_bytes: int) -> Answer:
    body = bytearray()
    stream = response.stream
    assert isinstance(stream, Iterable)
    for chunk in stream:
        body += chunk
        if len(body) > max_bytes:
            raise AnswerTooLarge(f"more than {max_bytes} bytes")
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
    return Answer(status=response.status, headers=headers, body=bytes(body))


# --- which addresses ---
def checked_url(url: str) -> SplitResult:
    """The parts of `url`. Raises AddressRefused unless it is https with a host name (or an allowed private host)."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise AddressRefused("not an address") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.password:
        raise AddressRefused("not an http address of a host")
    if parts.scheme != "https" and not is_allowed_private(parts.hostname, port or 80):
        raise AddressRefused("only https may be used")
    return parts


def is_allowed_private(host: str, port: int) -> bool:
    """Did the operator name this host as one of their own network?"""
    named = {name.lower() for name in settings.BELLHOP_ALLOWED_PRIVATE_HOSTS}
    host = host.lower().rstrip(".")
    shown = f"[{host}]" if ":" in host else host
    return bool(named & {host, shown, f"{shown}:{port}"})


def is_public(address: str) -> bool:
    """Is it an address of the public internet? Addresses that carry another one are judged by that too."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner: list[ipaddress.IPv4Address | None] = [ip.ipv4_mapped, ip.sixtofour, *(ip.teredo or ())]
        if ip in _NAT64 or int(ip) >> 32 == 0:
            inner.append(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF))
        if any(one is not None and not is_public(str(one)) for one in inner):
            return False
        if ip.ipv4_mapped is not None:
            return True
    return ip.is_global and not ip.is_multicast


def _resolve(host: str, port: int) -> list[str]:
    """Addresses that may be connected to. One bad address condemns the name: an honest one has none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(f"{host} has no address") from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not is_allowed_private(host, port) and not all(is_public(address) for address in addresses):
        raise AddressRefused(f"{host} is not on the public internet")
    return addresses


def connect(host: str, port: int, timeout_s: float = CONNECT_S) -> socket.socket:
    """A TCP connection for protocols other than HTTP, to judged addresses only. Raises AddressRefused, NotSent."""
    failure: Exception | None = None
    try:
        for address in _resolve(host, port):
            try:
                return socket.create_connection((address, port), timeout_s)
            except OSError as error:
                failure = error
    except httpcore.ConnectError as error:
        failure = error
    raise NotSent(f"{host}: {type(failure).__name__}") from failure


# --- connections ---
class _Backend(httpcore.NetworkBackend):
    """Connects to judged addresses only."""

    def __init__(self) -> None:
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore.NetworkStream:
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in _resolve(host, port):
            try:
                return _Stream(
                    self._plain.connect_tcp(address, port, _within(timeout), local_address, socket_options)
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure


class _Stream(httpcore.NetworkStream):
    """Cuts every wait at the deadline of this thread's request, so that a drip of bytes can't hold a worker."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _within(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _within(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, _within(timeout)))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _within(timeout: float | None) -> float:
    left: float = _deadline.at - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("the whole exchange took too long")
    return min(left, timeout if timeout is not None else left)


@cache
def _pool(pid: int) -> httpcore.ConnectionPool:  # noqa: ARG001 - a forked child must not share sockets
    return httpcore.ConnectionPool(
        ssl_context=ssl.create_default_context(),
        max_connections=MAX_CONNECTIONS,
        max_keepalive_connections=MAX_CONNECTIONS,
        keepalive_expiry=KEEP_ALIVE_S,
        network_backend=_Backend(),
    )
