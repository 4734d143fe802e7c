"""Rows that tests of this layer start from."""

from __future__ import annotations

from typing import Any

from bellhop.accounts.models import Organization
from bellhop.core import clock
from connectors.models import Connection, ConnectionHealth


def organization(name: str = "Harbour House Group") -> Organization:
    found, _ = Organization.objects.get_or_create(
        slug=name.lower().replace(" ", "-"), defaults={"name": name, "created_at": clock.now()}
    )
    return found


def connection(base_url: str = "https://open-api.guesty.com/v1", **changes: Any) -> Connection:
    """A Guesty connection with its health row."""
    values: dict[str, Any] = {
        "organization": organization(),
        "slug": "guesty",
        "name": "Guesty",
        "base_url": base_url,
        "credentials": {"client_id": "sandbox-client", "client_secret": "sandbox-secret"},
        "created_at": clock.now(),
        **changes,
    }
    made = Connection.objects.create(**values)
    ConnectionHealth.objects.create(connection=made)
    return made
