"""Addresses of ours that the other side is told."""

from __future__ import annotations

from django.conf import settings

from connectors.models import Connection


def hook_url(connection: Connection) -> str:
    """The address to which a PMS or provider sends this connection's webhooks."""
    return hook_url_of(connection.hook_token)


def hook_url_of(hook_token: str) -> str:
    """The same by the token alone."""
    return f"{settings.BELLHOP_PUBLIC_URL}/hooks/{hook_token}"
