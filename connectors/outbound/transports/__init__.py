"""How a request travels, by the scheme of its address. Each transport takes and gives what `core.http.fetch` does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol
from urllib.parse import urlsplit

from bellhop.core import http
from connectors.outbound.transports import imap, smtp


class Transport(Protocol):
    """Raises HttpError; `before_send` is called right before the first byte of an effect leaves."""

    def __call__(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        content: bytes,
        max_bytes: int,
        before_send: Callable[[], None],
    ) -> http.Answer: ...


def _by_esp(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    content: bytes,
    max_bytes: int,
    before_send: Callable[[], None],
) -> http.Answer:
    # Loaded by who sends so: the providers' libraries take some 20 MB of each process.
    from connectors.outbound.transports import esp_api

    return esp_api.send(
        method, url, headers=headers, content=content, max_bytes=max_bytes, before_send=before_send
    )


_BY_SCHEME: dict[str, Transport] = {
    "http": http.fetch,
    "https": http.fetch,
    "smtp": smtp.send,
    "anymail": _by_esp,
    "imap": imap.talk,
}


def transport_of(url: str) -> Transport:
    """The transport for an address. Raises AddressRefused where there is none."""
    found = _BY_SCHEME.get(urlsplit(url).scheme)
    if found is None:
        raise http.AddressRefused("not an address of a kind that can be called")
    return found
