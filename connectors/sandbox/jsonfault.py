"""Spoiling a JSON value."""

from typing import Any


def renamed(value: Any, name: str, to: str) -> Any:
    """The same value with every property `name` called `to`, at any depth."""
    if isinstance(value, dict):
        return {(to if key == name else key): renamed(item, name, to) for key, item in value.items()}
    if isinstance(value, list):
        return [renamed(item, name, to) for item in value]
    return value
