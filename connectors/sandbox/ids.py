"""Ids in the form that document databases give out: 24 hexadecimal digits."""

import hashlib
import itertools
import secrets
import time

_PROCESS = secrets.token_hex(5)
_COUNTER = itertools.count(secrets.randbelow(0x800000))


def new_id() -> str:
    """A fresh id; ids made by one process within a second sort in the order they were made."""
    return f"{int(time.time()):08x}{_PROCESS}{next(_COUNTER) & 0xFFFFFF:06x}"


def seed_id(*parts: str) -> str:
    """The id of a seeded object: the same after every reset, so that mirrors of it stay valid."""
    return hashlib.sha256("/".join(parts).encode()).hexdigest()[:24]
