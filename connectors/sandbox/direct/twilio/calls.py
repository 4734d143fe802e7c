"""What handlers are given."""

from dataclasses import dataclass

from starlette.datastructures import QueryParams

from connectors.sandbox.direct.line_world import LineWorld
from connectors.sandbox.direct.twilio.forms import Pairs
from connectors.sandbox.store import Store


@dataclass(frozen=True)
class Call:
    """One authenticated request. `store` is what reads are answered from; it may lag."""

    world: LineWorld
    store: Store
    params: dict[str, str]
    query: QueryParams
    form: Pairs

    def one(self, name: str) -> str:
        """The first value of a form field, empty if there is none."""
        return next((value for key, value in self.form if key == name), "")

    def all(self, name: str) -> list[str]:
        """Every value of a form field that isn't empty."""
        return [value for key, value in self.form if key == name and value]

    def has(self, name: str) -> bool:
        """Whether the form names the field at all."""
        return any(key == name for key, _ in self.form)

    def whole(self, name: str, default: int) -> int:
        """A whole number of the query; the default for anything else."""
        given = self.query.get(name, "")
        return int(given) if given.isdigit() else default
