"""What the floor forgets by age."""

from __future__ import annotations

from bellhop.core import heartbeat, live, mail, throttle


def prune() -> int:
    """Delete old live events, signs of life, e-mails and counts. Returns how many rows."""
    return live.prune() + heartbeat.prune() + mail.prune() + throttle.prune()
