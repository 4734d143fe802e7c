"""Files of messages as connectors get at them (`contract.channel.Files`)."""

from __future__ import annotations


def read(key: str) -> bytes:
    raise NotImplementedError(key)


def link(key: str, name: str, lives_s: int) -> str:
    raise NotImplementedError(f"{key} {name} {lives_s}")
