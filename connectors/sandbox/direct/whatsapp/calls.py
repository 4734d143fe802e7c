"""What handlers are given."""

from dataclasses import dataclass
from typing import Any

from starlette.datastructures import QueryParams

from connectors.sandbox.direct.line_world import LineWorld
from connectors.sandbox.direct.whatsapp.errors import GraphError
from connectors.sandbox.records import Json


@dataclass(frozen=True)
class Call:
    """One authenticated request."""

    world: LineWorld
    params: dict[str, str]
    query: QueryParams
    body: Json

    def need(self, name: str, kind: type[Any] = str) -> Any:
        """A value of the body. Raises GraphError."""
        return needed(self.body, name, kind)


def needed(value: Json, name: str, kind: type[Any] = str) -> Any:
    """A value of an object that must be there and of a kind. Raises GraphError."""
    found = value.get(name)
    if found is None or found == "":
        raise GraphError(131008, f"Parameter {name} is missing")
    if not isinstance(found, kind):
        raise GraphError(131009, f"Parameter {name} is not valid")
    return found


def version_of(text: str) -> int:
    """The major version of `v23.0`. Raises GraphError."""
    major = text.removeprefix("v").partition(".")[0]
    if not text.startswith("v") or not major.isdigit():
        raise GraphError(2500, "Unknown path components", status=400)
    return int(major)
