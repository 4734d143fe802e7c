"""What the transports of mail share: where to, how encrypted, who with, and an end to every wait."""

from __future__ import annotations

import base64
import json
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from bellhop.core import http

SECURITY = "x-security"
"""The header of a request that says how the line is encrypted: `tls` from the start, `starttls`, or `none`, which only
hosts of the operator's own network may have."""

BEARER = "Bearer "
"""Login and token in base64, with a NUL between them."""

_PORTS = {("smtp", "tls"): 465, ("imap", "tls"): 993, ("imap", "starttls"): 143, ("imap", "none"): 143}
_SMTP_PORT = 587


@dataclass(frozen=True, slots=True)
class Line:
    host: str
    port: int
    security: str
    login: str
    password: str
    token: str
    path: str


def line_of(url: str, headers: Mapping[str, str]) -> Line:
    """Raises AddressRefused."""
    try:
        parts = urlsplit(url)
        security = headers.get(SECURITY, "tls")
        port = parts.port or _PORTS.get((parts.scheme, security), _SMTP_PORT)
    except ValueError as error:
        raise http.AddressRefused("not an address") from error
    if not parts.hostname or parts.username or security not in {"tls", "starttls", "none"}:
        raise http.AddressRefused("not an address of a mail host")
    if security == "none" and not http.is_allowed_private(parts.hostname, port):
        raise http.AddressRefused("mail may not travel unencrypted")
    known = headers.get("authorization", "")
    login, _, password = _decoded(known, "Basic ").partition(":")
    token = ""
    if known.startswith(BEARER):
        login, _, token = _decoded(known, BEARER).partition("\0")
    return Line(parts.hostname, port, security, login, password, token, unquote(parts.path.lstrip("/")))


def _decoded(header: str, scheme: str) -> str:
    return base64.b64decode(header.removeprefix(scheme)).decode() if header.startswith(scheme) else ""


def xoauth2(line: Line) -> str:
    """The first response of that mechanism (https://developers.google.com/workspace/gmail/imap/xoauth2-protocol)."""
    return f"user={line.login}\1auth=Bearer {line.token}\1\1"


def encrypted(plain: socket.socket, host: str) -> ssl.SSLSocket:
    """Certificate and name are checked. Raises OSError."""
    return ssl.create_default_context().wrap_socket(plain, server_hostname=host)


def answer(status: int, **told: Any) -> http.Answer:
    return http.Answer(
        status=status, headers={"content-type": "application/json"}, body=json.dumps(told).encode()
    )


@contextmanager
def ended_after(seconds: float, open_line: socket.socket) -> Iterator[None]:
    """Close the line when its time is over, whatever it waits for: a drip of bytes can't hold a worker."""

    def close() -> None:
        try:
            open_line.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # it has ended by itself

    timer = threading.Timer(seconds, close)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
