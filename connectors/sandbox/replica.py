"""A copy of the store that lags behind, as a vendor's read replica does; the fault `stale_reads` answers from it."""

import time
from collections import deque

from connectors.sandbox.store import Store, Write


class Replica:
    """Follows a store at a distance. Begin to follow before the first read; seconds are real seconds."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._copy: Store | None = None
        self._behind: deque[tuple[float, list[Write]]] = deque()

    def follow(self) -> None:
        """Copy the store now and queue what is written from now on."""
        if self._copy is None:
            self._copy = Store(None)
            self._store.copy_into(self._copy)
            self._store.on_commit = self._note

    def stop(self) -> None:
        """Forget the copy."""
        self._store.on_commit = None
        self._copy = None
        self._behind.clear()

    def _note(self, writes: list[Write]) -> None:
        self._behind.append((time.monotonic(), writes))

    def as_of(self, seconds: float) -> Store:
        """The store as it was so many seconds ago (at most as it was when following began)."""
        if self._copy is None:
            self.follow()
        if self._copy is None:
            raise RuntimeError("the copy was not made")
        edge = time.monotonic() - seconds
        while self._behind and self._behind[0][0] <= edge:
            self._copy.repeat(self._behind.popleft()[1])
        return self._copy
