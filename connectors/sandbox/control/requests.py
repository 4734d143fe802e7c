"""Reading what a control request says."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from starlette.datastructures import QueryParams

from connectors.sandbox.desks import Desk
from connectors.sandbox.records import Json
from connectors.sandbox.world import World


class ControlError(ValueError):
    """The request can't be done as it stands; answered with 400 and this text."""


@dataclass(frozen=True)
class Ask:
    """One control request."""

    world: World
    desk: Desk
    params: dict[str, str]
    query: QueryParams
    body: Json

    def text(self, name: str, default: str | None = None) -> str | None:
        """A text of the body, empty counts as missing. Raises ControlError."""
        value = self.body.get(name)
        if value in (None, ""):
            return default
        if not isinstance(value, str):
            raise ControlError(f"{name} is a text")
        return value

    def need_text(self, name: str) -> str:
        """The same, but it must be there. Raises ControlError."""
        value = self.text(name)
        if value is None:
            raise ControlError(f"{name} is missing")
        return value

    def whole(self, name: str, default: int) -> int:
        """A whole number from 0 of the body. Raises ControlError."""
        value: Any = self.body.get(name, default)
        if isinstance(value, str) and value.isdigit():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise ControlError(f"{name} is a whole number from 0")
        return value

    def day(self, name: str) -> date | None:
        """An ISO date of the body. Raises ControlError."""
        text = self.text(name)
        try:
            return date.fromisoformat(text) if text else None
        except ValueError:
            raise ControlError(f"{name} is a date like 2026-06-19") from None

    def limit(self, default: int = 200) -> int:
        """`limit` of the query. Raises ControlError."""
        text = self.query.get("limit", str(default))
        if not text.isdigit():
            raise ControlError("limit is a whole number")
        return int(text)
