"""Addresses that are good for a while: who has one needs no key."""

import hashlib
import hmac
from datetime import UTC, datetime

from connectors.sandbox.clock import iso
from connectors.sandbox.world import World


class Links:
    """Signs paths below `base` (no slash at the end) by `secret`; the signature's parameter is called `name`."""

    def __init__(self, world: World, base: str, secret: str, name: str) -> None:
        self._world = world
        self._base = base
        self._secret = secret
        self._name = name

    def make(self, path: str, seconds: float) -> tuple[str, str]:
        """An address, and when it dies (ISO 8601)."""
        until = int(self._world.clock.epoch() + seconds)
        url = f"{self._base}{path}?Expires={until}&{self._name}={self._sign(path, until)}"
        return url, iso(datetime.fromtimestamp(until, UTC))

    def is_good(self, path: str, until: str | None, signature: str | None) -> bool:
        """Whether it was made here and hasn't died."""
        if not until or not until.isdigit() or int(until) <= self._world.clock.epoch():
            return False
        return hmac.compare_digest(self._sign(path, int(until)).encode(), (signature or "").encode())

    def _sign(self, path: str, until: int) -> str:
        return hmac.new(self._secret.encode(), f"{path} {until}".encode(), hashlib.sha256).hexdigest()
