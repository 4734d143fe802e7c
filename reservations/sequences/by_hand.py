"""A person puts a stay on a sequence: on those only that have a step for it."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.services import audit, require
from bellhop.core import wake
from reservations.models import Reservation, Sequence
from reservations.sequences import absent, conditions, definition, planning


class CannotPutOn(Exception):
    """The stay can't be put on it; the text says why."""


def offered(stay: Reservation) -> list[Sequence]:
    """Live sequences that people put stays on and this one is not on yet, by name; one statement."""
    return list(absent.of(stay).put_on)


@transaction.atomic
def put_on(user: User, stay: Reservation, sequence: Sequence) -> None:
    """From now on the stay is on it. Raises CannotPutOn, PermissionDenied."""
    require(user, Permission.THREADS_REPLY)
    rows = Reservation.objects.select_for_update(of=("self",), no_key=True)
    locked = rows.select_related("guest", "unit", "property").get(
        pk=stay.pk, organization_id=user.organization_id
    )
    if sequence.pk not in {row.pk for row in offered(locked)}:
        raise CannotPutOn(_("This stay can't be put on it any more."))
    assert sequence.live is not None
    found = definition.parse(sequence.live.definition)
    if conditions.first_false(found.rules, locked) is not None:
        raise CannotPutOn(_("The conditions of the sequence don't hold for this stay."))
    planning.enroll_in(sequence, locked)
    audit(
        user.organization_id, user, "sequence.put_on", f"reservation:{locked.public_id}", after=sequence.name
    )
    wake.after_commit("reservations.send_due")
