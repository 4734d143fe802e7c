"""Ids in the form that document databases give out: 24 hexadecimal digits."""

import hashlib
import itertools
import secrets
import time
from collections.abc import Mapping

_PROCESS = secrets.token_hex(5)
_COUNTER = itertools.count(secrets.randbelow(0x800000))


def new_id() -> str:
    """A fresh id; ids made by one process within a second sort in the order they were made."""
    return f"{int(time.time()):08x}{_PROCESS}{next(_COUNTER) & 0xFFFFFF:06x}"


_COUNTED_SINCE = 1_767_225_600  # 2026-01-01


class Numbers:
    """Ids that are numbers and grow: a base per kind plus the seconds since 2026, times `step`.

    They go on growing over a reset and a restart, so that no number is given out twice.
    """

    def __init__(self, bases: Mapping[str, int], step: int = 1) -> None:
        self._bases = bases
        self._step = step
        self._last: dict[str, int] = {}

    def __call__(self, kind: str) -> str:
        """The next number of this kind, as text."""
        counted = int((time.time() - _COUNTED_SINCE) * self._step)
        self._last[kind] = max(self._last.get(kind, 0) + 1, counted)
        return str(self._bases[kind] + self._last[kind])


def seed_id(*parts: str) -> str:
    """The id of a seeded object: the same after every reset, so that mirrors of it stay valid."""
    return hashlib.sha256("/".join(parts).encode()).hexdigest()[:24]
