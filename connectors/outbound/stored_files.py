"""Files of messages as connectors get at them (`contract.channel.Files`)."""

from __future__ import annotations

from bellhop.core import files


def read(key: str) -> bytes:
    """The whole file. Raises FileNotFoundError where it was deleted meanwhile."""
    return files.read(key)


def link(key: str, name: str, lives_s: int) -> str:
    """An address of ours under which the provider can fetch the file for so many seconds."""
    return files.public_link(key, name, lives_s)
