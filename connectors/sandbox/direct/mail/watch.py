"""Faults and the request log for servers that don't speak HTTP."""

from connectors.sandbox.records import Fault
from connectors.sandbox.requestlog import Seen
from connectors.sandbox.world import World


class Watch:
    """Asks which fault strikes, and notes what happened. Paths are `/smtp`, `/smtp/mail`, `/smtp/data`, `/imap` …"""

    def __init__(self, world: World) -> None:
        self._world = world

    def strikes(self, kind: str, path: str) -> Fault | None:
        """The fault that strikes here and now."""
        return self._world.faults.strike_request(kind, path.split("/")[1].upper(), path)

    def seconds(self, kind: str, path: str) -> float:
        """How long it has to wait."""
        fault = self.strikes(kind, path)
        return float(fault.params["seconds"]) if fault else 0.0

    def note(self, method: str, path: str, status: int, who: str | None = None) -> None:
        """Into the request log."""
        self._world.requests.add(Seen(0, self._world.clock.iso(), method, path, "", status, 0, who))
