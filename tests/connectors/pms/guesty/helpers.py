"""Fixtures, a scripted Call, and Svix signing written from the vendor's text, apart from the code under test."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from connectors.contract.base import Settings
from connectors.contract.errors import NotFound
from connectors.contract.http import Request, Response
from connectors.pms.guesty import Guesty

FIXTURES = Path(__file__).parent / "fixtures"
SECRETS = (
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "whsec_" + base64.b64encode(b"another secret key").decode(),
)


def fixture(name: str) -> Any:
    return json.loads((FIXTURES / f"{name}.json").read_text())


def guesty(timezone: str = "UTC", base_url: str = "") -> Guesty:
    return Guesty(
        Settings(base_url=base_url, credentials={"client_id": "id", "client_secret": "s"}, timezone=timezone)
    )


def sign(body: bytes, secret: str, at: datetime, delivery: str = "msg_1") -> dict[str, str]:
    stamp = str(int(at.timestamp()))
    key = base64.b64decode(secret[len("whsec_") :])
    mac = hmac.new(key, f"{delivery}.{stamp}.".encode() + body, hashlib.sha256).digest()
    signature = "v1," + base64.b64encode(mac).decode()
    return {"svix-id": delivery, "svix-timestamp": stamp, "svix-signature": signature}


class Script:
    """A Call that answers from a function of the request and keeps what it was asked."""

    def __init__(self, reply: Callable[[Request], Any]) -> None:
        self.asked: list[Request] = []
        self._reply = reply

    def __call__(self, request: Request, /) -> Response:
        self.asked.append(request)
        found = self._reply(request)
        if found is None:
            raise NotFound(detail=request.path)
        return Response(status=200, headers={}, body=json.dumps(found).encode())

    def paths(self) -> list[str]:
        return [f"{request.method} {request.path.removeprefix(guesty().api)}" for request in self.asked]

    def query(self, index: int = -1) -> dict[str, str]:
        return dict(self.asked[index].query)


def answer_of(body: Any, status: int = 200) -> Response:
    return Response(status=status, headers={}, body=json.dumps(body).encode())
