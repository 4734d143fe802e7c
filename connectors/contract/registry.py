"""Which connectors there are: ours by table, others by entry point group `bellhop.connectors`."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import entry_points

from connectors.contract.base import PmsConnector

BUILT_IN: dict[str, str] = {
    "cloudbeds": "connectors.pms.cloudbeds:Cloudbeds",
    "guesty": "connectors.pms.guesty:Guesty",
    "hostaway": "connectors.pms.hostaway:Hostaway",
}
GROUP = "bellhop.connectors"


class UnknownConnector(LookupError):
    """No connector has that slug."""


@cache
def connector_class(slug: str) -> type[PmsConnector]:
    """The class for `slug`. Raises UnknownConnector, naming those that exist."""
    target = available().get(slug)
    if target is None:
        raise UnknownConnector(f"No connector {slug!r}. There are: {', '.join(sorted(available()))}.")
    module, _, name = target.partition(":")
    loaded: type[PmsConnector] = getattr(import_module(module), name)
    return loaded


@cache
def available() -> dict[str, str]:
    """slug → "module:Class" of every connector installed."""
    found = dict(BUILT_IN)
    for point in entry_points(group=GROUP):
        found.setdefault(point.name, point.value)
    return found
