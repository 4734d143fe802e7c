"""The way that a provider's request takes, whichever library wrote it: by our own client, with judged addresses, an end
to every wait, no redirects."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

import requests
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.loaders import Loader
from botocore.session import Session
from requests.adapters import BaseAdapter

from bellhop.core import http

_OWN_WAY = frozenset({"host", "content-length", "accept-encoding", "connection", "transfer-encoding"})


class Way:
    """`sent`: something has left."""

    def __init__(self, max_bytes: int, before_send: Callable[[], None]) -> None:
        self._max_bytes = max_bytes
        self._before_send = before_send
        self.sent = False

    def _leaves(self) -> None:
        self._before_send()
        self.sent = True

    def fetch(self, method: str, url: str, headers: Mapping[str, Any], body: Any) -> http.Answer:
        content = body or b""
        return http.fetch(
            method,
            url,
            headers={
                name.lower(): _text(value) for name, value in headers.items() if name.lower() not in _OWN_WAY
            },
            content=content if isinstance(content, bytes) else str(content).encode(),
            max_bytes=self._max_bytes,
            before_send=self._leaves,
        )


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


class ForRequests(BaseAdapter):
    """What `requests` wants sent."""

    def __init__(self, way: Way) -> None:
        super().__init__()
        self._way = way

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        url = request.url or ""
        found = self._way.fetch(request.method or "POST", url, request.headers, request.body)
        response = requests.Response()
        response.status_code, response.request, response.url = found.status, request, url
        response._content = found.body  # noqa: SLF001 - there is no other way to make one
        response.headers.update(found.headers)
        return response

    def close(self) -> None:
        """Connections are kept by our own client."""


# --- boto ---
@cache
def _models() -> Loader:
    """Amazon's descriptions of its services, read once: a client that reads them anew costs eight times as much."""
    loader: Loader = Session().get_component("data_loader")
    return loader


def boto_settings(told: Mapping[str, str]) -> dict[str, Any]:
    """anymail's settings of Amazon SES, from those of the connection. Nothing is sent twice by itself, and no variable
    of the machine (they may be about the store of files) leads elsewhere."""
    session = Session()
    session.register_component("data_loader", _models())
    config = Config(retries={"total_max_attempts": 1}, ignore_configured_endpoint_urls=True)
    url = told.get("api_url", "").rstrip("/")
    return {
        "session_params": {
            "aws_access_key_id": told.get("access_key_id"),
            "aws_secret_access_key": told.get("secret_access_key"),
            "region_name": told.get("region"),
            "botocore_session": session,
        },
        "client_params": {"config": config, **({"endpoint_url": url} if url else {})},
        "configuration_set_name": told.get("configuration_set_name"),
    }


class _Body:
    """As botocore reads an answer's body."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self._content


def lead_boto(client: Any, way: Way) -> None:
    """Have what this client of boto3's sends go that way."""

    def send(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        found = way.fetch(request.method, request.url, request.headers, request.body)
        return AWSResponse(request.url, found.status, found.headers, _Body(found.body))

    client.meta.events.register("before-send", send)
