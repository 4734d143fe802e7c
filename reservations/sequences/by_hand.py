"""A person puts a stay on a sequence: on those only that have a step for it."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.services import audit, require
from bellhop.core import wake
from reservations.models import Enrollment, Reservation, Sequence
from reservations.sequences import conditions, definition, judging, planning
from reservations.sequences.definition import Anchor


class CannotPutOn(Exception):
    """The stay can't be put on it; the text says why."""


def live(organization_id: int) -> QuerySet[Sequence]:
    """Live sequences that people put stays on."""
    wanted = {"steps": [{"when": {"anchor": Anchor.MANUAL.value}}]}
    rows = Sequence.objects.filter(organization_id=organization_id, state=Sequence.State.LIVE)
    return rows.filter(live__definition__contains=wanted)


def offered(stay: Reservation) -> list[Sequence]:
    """Those of them that this stay is not on yet, by name; one statement."""
    if stay.is_owner_stay or stay.status in judging.OVER:
        return []
    on_it = Enrollment.objects.filter(reservation=stay).values("sequence_id")
    rows = live(stay.organization_id).exclude(pk__in=on_it)
    return list(rows.select_related("live").order_by("name"))


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
