"""A stay as the subject of a case file."""

from __future__ import annotations

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from connectors.contract.events import Entity
from connectors.outbound.outbox import STAY
from connectors.ports import Subject
from connectors.trust.ownership import DEFAULTS
from reservations.models import Reservation
from reservations.services import scope


def subject(user: User, public_id: str) -> Subject | None:
    """The stay of a property that the person may see (invariant 10), with every mirrored field."""
    rows = Reservation.objects.filter(organization_id=user.organization_id)
    if not user.may(Permission.STAYS_READ):
        return None
    if not user.all_properties:
        rows = rows.filter(property_id__in=scope.of(user).values("property_id"))
    stay = rows.select_related("connection", "property", "unit", "guest").filter(public_id=public_id).first()
    if stay is None:
        return None
    return Subject(
        connection=stay.connection,
        entity=Entity.RESERVATION.value,
        object_id=stay.pk,
        remote_id=stay.remote_id,
        values={field: getattr(stay, field) for field in DEFAULTS["reservation"]},
        conversation_id=f"{STAY}{stay.remote_id}",
    )
