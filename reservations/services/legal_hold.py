"""A guest on legal hold: while a dispute goes on, nothing leaves to them by itself; what people write does."""

from __future__ import annotations

from django.db import transaction

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.services import audit, require
from bellhop.core import clock
from reservations.models import Guest
from reservations.sequences import stopping


@transaction.atomic
def put(user: User, guest: Guest, reason: str) -> None:
    """Hold everything of sequences back, also what was committed and has not left. Raises PermissionDenied."""
    locked = _locked(user, guest)
    if locked.held_at is not None:
        return
    locked.held_at, locked.held_reason = clock.now(), reason.strip()[:300]
    locked.save(update_fields=["held_at", "held_reason"])
    audit(user.organization_id, user, "guest.held", f"guest:{locked.public_id}", after=locked.held_reason)
    stopping.take_back_soon()


@transaction.atomic
def lift(user: User, guest: Guest) -> None:
    """What comes from now on leaves again; what was held meanwhile waits for a person. Raises PermissionDenied."""
    locked = _locked(user, guest)
    if locked.held_at is None:
        return
    before = locked.held_reason
    locked.held_at, locked.held_reason = None, ""
    locked.save(update_fields=["held_at", "held_reason"])
    audit(user.organization_id, user, "guest.released", f"guest:{locked.public_id}", before=before)


def _locked(user: User, guest: Guest) -> Guest:
    require(user, Permission.LEGAL_HOLD)
    return Guest.objects.select_for_update(no_key=True).get(pk=guest.pk, organization_id=user.organization_id)
