"""What the floor forgets by age."""

from __future__ import annotations

from bellhop.core import heartbeat, live, mail


def prune() -> int:
    """Delete old live events, signs of life and e-mails. Returns how many rows."""
    return live.prune() + heartbeat.prune() + mail.prune()
