"""Ports: one thing asked of an upper layer, with exactly one implementation, registered in `AppConfig.ready()`."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

F = TypeVar("F")


class Port(Generic[F]):
    """A named hole for one function. Asking an unregistered port is a wiring mistake and says so."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._implementation: F | None = None

    def register(self, implementation: F) -> None:
        """Raises RuntimeError if something else is already registered."""
        if self._implementation not in (None, implementation):
            raise RuntimeError(f"Port {self.name} has an implementation already.")
        self._implementation = implementation

    def get(self) -> F:
        if self._implementation is None:
            raise RuntimeError(f"Port {self.name} has no implementation.")
        return self._implementation

    def __repr__(self) -> str:
        target: Any = self._implementation
        return f"Port({self.name} → {getattr(target, '__qualname__', None)})"
