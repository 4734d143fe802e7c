"""What handlers are given and give back, and the vendor's several shapes of an error."""

import json
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import QueryParams

from connectors.sandbox.records import Application, Json
from connectors.sandbox.store import Store
from connectors.sandbox.world import World

ACCOUNT_ID = "5fb67280e39677002e6c2683"
API_USER_ID = "5fb67280e39677002e6c268c"


@dataclass(frozen=True)
class Call:
    """One authenticated request. `store` is what reads are answered from; it may lag, `world.store` doesn't."""

    world: World
    store: Store
    params: dict[str, str]
    query: QueryParams
    body: Any
    application: Application


@dataclass(frozen=True)
class Answer:
    """A status and a value to be sent as JSON; `text` is sent as it is instead."""

    value: Any = None
    status: int = 200
    text: str | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def encoded(self) -> tuple[str, bytes]:
        """Content type and bytes."""
        if self.text is not None:
            return "text/html; charset=utf-8", self.text.encode()
        if self.status == 204:
            return "application/json; charset=utf-8", b""
        return "application/json; charset=utf-8", json.dumps(self.value, ensure_ascii=False).encode()


class WireError(Exception):
    """Ends a handler with an answer that isn't a success."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def coded(status: int, code: str, message: str) -> WireError:
    """`{"error": {"code", "message"}}`: the gateway and the legacy API."""
    return WireError(Answer({"error": {"code": code, "message": message}}, status))


def plain(status: int, message: str) -> WireError:
    """`{"error": {"message"}}`: the communication API."""
    return WireError(Answer({"error": {"message": message}}, status))


def numbered(status: int, message: str) -> WireError:
    """`{"error": {"message", "status"}}`: accounting and vendors."""
    return WireError(Answer({"error": {"message": message, "status": status}}, status))


def bare(status: int, text: str) -> WireError:
    """A bare string: legacy reservations."""
    return WireError(Answer(status=status, text=text))


def nest(status: int, message: str, error: str) -> WireError:
    """`{"message", "error"}`: the v3 services."""
    return WireError(Answer({"message": message, "error": error}, status))


def need_object(call: Call) -> Json:
    """The body if it is a JSON object. Raises WireError."""
    if not isinstance(call.body, dict):
        raise coded(400, "VALIDATION_ERROR", "Body must be a JSON object")
    return call.body


def only(body: Json, *allowed: str) -> None:
    """Refuse properties that aren't documented. Raises WireError."""
    unknown = sorted(set(body) - set(allowed))
    if unknown:
        raise coded(400, "VALIDATION_ERROR", f'"{unknown[0]}" is not allowed')
