"""The recent requests that a wire was sent, with what became of them. In memory only."""

from collections import Counter, deque
from dataclasses import asdict, dataclass, field

from connectors.sandbox.records import Json

_KEPT = 5_000


@dataclass(slots=True)
class Seen:
    """One request; `status` is 0 if the line was cut, `ms` is how long it took, `faults` what struck it."""

    number: int
    at: str
    method: str
    path: str
    query: str
    status: int
    ms: int
    application: str | None = None
    faults: list[str] = field(default_factory=list)


class RequestLog:
    """Keeps the last requests and counts all of them."""

    def __init__(self) -> None:
        self._seen: deque[Seen] = deque(maxlen=_KEPT)
        self._by_status: Counter[int] = Counter()
        self.total = 0

    def add(self, seen: Seen) -> None:
        """Take one request in; its number is given here."""
        self.total += 1
        seen.number = self.total
        self._seen.append(seen)
        self._by_status[seen.status] += 1

    def recent(self, limit: int, after: int = 0) -> list[Json]:
        """The newest first, at most `limit`, none that is numbered `after` or lower."""
        found: list[Json] = []
        for seen in reversed(self._seen):
            if len(found) >= limit or seen.number <= after:
                break
            found.append(asdict(seen))
        return found

    def totals(self) -> Json:
        """How many requests there were, and how many ended with each status."""
        return {"total": self.total, "by_status": {str(key): n for key, n in sorted(self._by_status.items())}}

    def clear(self) -> None:
        """Forget all."""
        self._seen.clear()
        self._by_status.clear()
        self.total = 0
