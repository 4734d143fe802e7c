"""Reservations that a person marked as tests: the only ones that the write-back test touches."""

from __future__ import annotations

from django.db.models import Q

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.services import audit, require
from reservations.models import Reservation


def remote_id_of_test(connection_id: int, text: str) -> str | None:
    """The remote id of a test reservation, by remote id, confirmation code or the channel's code; None if it isn't
    one."""
    return (
        Reservation.objects.filter(
            Q(remote_id=text) | Q(code=text) | Q(channel_code=text), connection_id=connection_id, is_test=True
        )
        .values_list("remote_id", flat=True)
        .first()
    )


def mark(user: User, stay: Reservation, *, is_test: bool) -> None:
    """A person says that a reservation is (not) a test."""
    require(user, Permission.CONNECTIONS_EDIT)
    Reservation.objects.filter(pk=stay.pk).update(is_test=is_test)
    audit(
        stay.organization_id, user, "reservation.marked_test", f"reservation:{stay.public_id}", after=is_test
    )
