"""The public page of a connection's ledger: off until somebody with the permission gives it an address (N1)."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.services import audit, require
from connectors.contract.registry import connector_class
from connectors.models import Connection
from connectors.trust.ledger import Depth

TOKEN_BYTES = 32


@transaction.atomic
def publish(user: User, connection: Connection) -> str:
    """Give the ledger a new address that can't be guessed; one that it had is good no longer. Returns the address."""
    require(user, Permission.CONNECTIONS_EDIT)
    connection.public_token = secrets.token_urlsafe(TOKEN_BYTES)
    connection.save(update_fields=["public_token"])
    audit(connection.organization_id, user, "ledger.published", f"connection:{connection.public_id}")
    return address(connection)


@transaction.atomic
def withdraw(user: User, connection: Connection) -> None:
    """Take the page away; its address never comes back."""
    require(user, Permission.CONNECTIONS_EDIT)
    connection.public_token = ""
    connection.save(update_fields=["public_token"])
    audit(connection.organization_id, user, "ledger.withdrawn", f"connection:{connection.public_id}")


def address(connection: Connection) -> str:
    """Where the page is; empty where it is off."""
    if not connection.public_token:
        return ""
    return (
        f"{settings.BELLHOP_PUBLIC_URL}{reverse('connectors:public-ledger', args=[connection.public_token])}"
    )


def found(token: str) -> Connection | None:
    """The connection whose page has that address, None where none has."""
    return Connection.objects.filter(public_token=token).first() if token else None


def as_json(connection: Connection, depths: list[Depth]) -> dict[str, object]:
    """What anybody may know: levels and the dates of their proof, and nothing of what it was."""
    return {
        "connection": connection.name,
        "pms": connector_class(connection.slug).label,
        "entities": [
            {
                "entity": depth.entity,
                "level": depth.level,
                "missing": list(depth.missing),
                "exempt": depth.exempt,
                "evidence": [
                    {
                        "proof": line.proof,
                        "at": line.at.isoformat(timespec="seconds") if line.at else None,
                        "counts": line.counts,
                    }
                    for line in depth.lines
                ],
            }
            for depth in depths
        ],
    }
