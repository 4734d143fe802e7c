"""Rate limits over sliding windows, and a memory of how close anybody came to them.

A window slides: whatever interval of its length one looks at, at most `limit` accepted calls lie in it. Time is
real time, not the sandbox clock, because a rate is a physical thing.
"""

import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from connectors.sandbox.records import Peak
from connectors.sandbox.store import Store


@dataclass(frozen=True)
class Window:
    """At most `limit` calls in any `seconds`."""

    name: str
    seconds: float
    limit: int


@dataclass
class _Track:
    accepted: deque[float] = field(default_factory=deque)
    attempted: deque[float] = field(default_factory=deque)

    def forget(self, before: float) -> None:
        for times in (self.accepted, self.attempted):
            while times and times[0] <= before:
                times.popleft()


@dataclass(frozen=True)
class Verdict:
    """What the limiter says about one call: `retry_after` is None when it may pass."""

    retry_after: int | None
    limits: dict[str, int]
    remaining: dict[str, int]


class Limiter:
    """Judges calls by key (an application) and keeps the peaks in the store."""

    def __init__(
        self, store: Store, scale: Callable[[], float], now: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._scale = scale
        self._now = now
        self._tracks: dict[tuple[str, str], _Track] = {}
        self._peaks: dict[str, Peak] = {peak.id: peak for peak in store.find(Peak)}

    def check(self, key: str, windows: Sequence[Window]) -> Verdict:
        """Count one call of one key against every window; it passes only if all of them have room."""
        return self.check_all([(key, window) for window in windows])

    def check_all(self, keyed: Sequence[tuple[str, Window]]) -> Verdict:
        """The same where windows are counted under different keys. Names of windows are unique."""
        now = self._now()
        waits: list[float] = []
        limits = {window.name: max(1, math.floor(window.limit * self._scale())) for _, window in keyed}
        for key, window in keyed:
            track = self._track(key, window, now)
            track.attempted.append(now)
            limit = limits[window.name]
            if len(track.accepted) >= limit:
                waits.append(track.accepted[-limit] + window.seconds - now)
        remaining: dict[str, int] = {}
        for key, window in keyed:
            track = self._track(key, window, now)
            if not waits:
                track.accepted.append(now)
            remaining[window.name] = max(0, limits[window.name] - len(track.accepted))
            self._note(key, window, limits[window.name], track, refused=bool(waits))
        return Verdict(max(1, math.ceil(max(waits))) if waits else None, limits, remaining)

    def _track(self, key: str, window: Window, now: float) -> _Track:
        track = self._tracks.setdefault((key, window.name), _Track())
        track.forget(now - window.seconds)
        return track

    def _note(self, key: str, window: Window, limit: int, track: _Track, *, refused: bool) -> None:
        name = f"{key}/{window.name}"
        peak = self._peaks.setdefault(name, Peak(name, key, window.name, limit))
        peak.limit = limit
        peak.attempted = max(peak.attempted, len(track.attempted))
        peak.accepted = max(peak.accepted, len(track.accepted))
        peak.refused += refused
        peak.over = max(peak.over, len(track.attempted) / limit)

    def peaks(self) -> list[Peak]:
        """The most that was ever seen in each window of each application."""
        return [self._peaks[name] for name in sorted(self._peaks)]

    def save(self) -> None:
        """Keep the peaks over a restart."""
        self._store.put_all(self.peaks())

    def reset(self) -> None:
        """Forget windows and peaks."""
        self._tracks.clear()
        self._peaks.clear()
        self._store.delete(Peak, "1")
