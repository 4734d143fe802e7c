"""What handlers are given and give back: the envelope, and how it says no."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import QueryParams

from connectors.sandbox.records import Application, Json
from connectors.sandbox.store import Store
from connectors.sandbox.world import World

NAME = "hostaway"
ACCOUNT_ID = 61010
ACCOUNT_ZONE = "Europe/Lisbon"
DEFAULT_LIMIT, MAX_LIMIT = 100, 500


@dataclass(frozen=True)
class Call:
    """One authenticated request. `store` is what reads are answered from; it may lag, `world.store` doesn't.

    `failing`: a fault wants the message that is sent with it to fail later.
    """

    world: World
    store: Store
    params: dict[str, str]
    query: QueryParams
    body: Any
    application: Application
    failing: bool = False

    @property
    def now(self) -> str:
        """The sandbox's instant."""
        return self.world.clock.iso()

    def flag(self, name: str) -> bool:
        """Whether a 0/1 parameter is 1."""
        return self.query.get(name) in ("1", "true")

    def whole(self, name: str) -> int | None:
        """A whole number of the query. Raises Fail."""
        text = self.query.get(name)
        if not text:
            return None
        if not text.isdigit():
            raise Fail(400, f"{name} must be an integer")
        return int(text)


class Fail(Exception):
    """Ends a handler with the failure envelope."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.value: Json = {"status": "fail", "message" if status == 429 else "result": text}


def ok(result: Any, **more: Any) -> Json:
    """The success envelope."""
    return {"status": "success", "result": result, **more}


@dataclass(frozen=True)
class Window:
    """Which part of a list is asked for; what wasn't said is None in the envelope."""

    limit: int
    offset: int
    said_limit: int | None
    said_offset: int | None


def window(call: Call) -> Window:
    """`limit` and `offset`. Raises Fail."""
    limit, offset = call.whole("limit"), call.whole("offset")
    return Window(min(limit or DEFAULT_LIMIT, MAX_LIMIT), offset or 0, limit, offset)


def listed(part: Window, rows: Sequence[Json], count: int) -> Json:
    """The envelope of a list; `count` is of all that match."""
    return ok(
        list(rows),
        limit=part.said_limit,
        offset=part.said_offset,
        count=count,
        page=part.offset // part.limit + 1,
        totalPages=max(1, math.ceil(count / part.limit)),
    )


def need_object(call: Call) -> Json:
    """The body if it is a JSON object. Raises Fail."""
    if not isinstance(call.body, dict):
        raise Fail(400, "The body must be a JSON object")
    return call.body


def moment(instant: str | None) -> str | None:
    """An instant as `YYYY-MM-DD HH:MM:SS`: UTC, and nothing says so."""
    return None if instant is None else instant[:19].replace("T", " ")


def number(key: str | None) -> int | None:
    """An id as the API shows it."""
    return None if key is None else int(key)
