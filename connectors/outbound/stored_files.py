"""Files of messages as connectors get at them (`contract.channel.Files`)."""

from __future__ import annotations

from bellhop.core import files


def read(key: str) -> bytes:
    """Its bytes."""
    return files.read(key)


def link(key: str, name: str, lives_s: int) -> str:
    """A signed address under which a provider can fetch it for so many seconds."""
    return files.public_link(key, name, lives_s)
