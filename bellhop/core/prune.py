"""What the floor forgets by age."""

from __future__ import annotations

from bellhop.core import heartbeat, live


def prune() -> int:
    """Delete old live events and signs of life. Returns how many rows."""
    return live.prune() + heartbeat.prune()
