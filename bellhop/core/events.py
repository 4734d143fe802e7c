"""Domain events: typed dataclasses that state a fact. Handled inside the emitter's transaction, exceptions included."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeVar

E = TypeVar("E")
Handler = Callable[[Any], None]

_handlers: dict[type, list[Handler]] = defaultdict(list)


def subscribe(event_type: type[E], handler: Callable[[E], None]) -> None:
    """Have `handler` called for every event of exactly this type. Registering twice has no effect."""
    if handler not in _handlers[event_type]:
        _handlers[event_type].append(handler)


def emit(event: object) -> None:
    """Tell every handler now. What a handler raises, the emitter's transaction feels."""
    for handler in _handlers[type(event)]:
        handler(event)


def subscriptions() -> dict[type, list[Handler]]:
    """The map of the system: event type → handlers (printed into the docs by a test)."""
    return {kind: list(handlers) for kind, handlers in _handlers.items() if handlers}
