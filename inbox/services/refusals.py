"""Why something can't be sent, in the agent's words."""

from __future__ import annotations


class ReplyRefused(Exception):
    """The reply can't be sent; the text says why."""
