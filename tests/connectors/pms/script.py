"""A scripted Call: connectors are asked things, and what they sent is looked at."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from connectors.contract.errors import NotFound
from connectors.contract.http import Request, Response


class Script:
    """A Call that answers from a function of the request and keeps what it was asked. None: not found."""

    def __init__(self, reply: Callable[[Request], Any]) -> None:
        self.asked: list[Request] = []
        self._reply = reply

    def __call__(self, request: Request, /) -> Response:
        self.asked.append(request)
        found = self._reply(request)
        if found is None:
            raise NotFound(detail=request.path)
        return Response(status=200, headers={}, body=json.dumps(found).encode())

    def sent(self, method: str) -> list[Any]:
        """The bodies of what was written, in order."""
        return [
            request.json if request.json is not None else request.form
            for request in self.asked
            if request.method == method
        ]


def fixture(folder: Path, name: str) -> Any:
    return json.loads((folder / f"{name}.json").read_text())


def everything(read: Callable[..., Any], script: Script, *args: Any, **more: Any) -> list[Any]:
    """All items of a list, page by page."""
    found: list[Any] = []
    cursor: str | None = None
    for _ in range(50):
        page = read(script, *args, cursor=cursor, **more)
        found += page.items
        if (cursor := page.next_cursor) is None:
            return found
    raise AssertionError("the list does not end")
