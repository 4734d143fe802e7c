"""The quarterly review of the ownership log: what is due, marking rows, signing off (ux O3)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.services import audit, require
from bellhop.core import clock, incidents
from bellhop.core.words import say
from connectors.models import Connection, ConnectionKind, FieldRule, OwnershipReview
from connectors.trust import rules_log
from connectors.trust.rules import NotAllowed

EVERY = timedelta(days=91)
OVERDUE = "ownership_review_overdue"


@dataclass(frozen=True, slots=True)
class Due:
    """Where the review of a connection stands; `last` is the newest sign-off."""

    connection: Connection
    last: OwnershipReview | None
    due_at: datetime
    unreviewed: int
    fields: int
    overdue: bool


def due(connection: Connection, lines: Iterable[rules_log.Line]) -> Due:
    """Of a connection and its lines of the log."""
    own = [line for line in lines if line.connection.pk == connection.pk]
    last = connection.ownership_reviews.order_by("-signed_at").first()
    due_at = (last.signed_at if last else connection.created_at) + EVERY
    unreviewed = sum(not line.reviewed for line in own)
    return Due(connection, last, due_at, unreviewed, len(own), due_at <= clock.now())


@transaction.atomic
def mark(user: User, connection: Connection, lines: Iterable[rules_log.Line]) -> int:
    """These rows were looked at and are right. Returns how many are new. Raises PermissionDenied."""
    require(user, Permission.HEALTH_ACT)
    now = clock.now()
    fresh = [line.rule for line in lines if not line.reviewed and line.connection.pk == connection.pk]
    for rule in fresh:
        rule.reviewed_at, rule.reviewed_by = now, user
    FieldRule.objects.bulk_create(
        fresh_rows(fresh),
        update_conflicts=True,
        unique_fields=["connection", "entity", "field"],
        update_fields=["reviewed_at", "reviewed_by"],
    )
    if fresh:
        audit(
            connection.organization_id, user, "rules.reviewed", f"connection:{connection.public_id}",
            after=[f"{rule.entity}.{rule.field}" for rule in fresh],
        )  # fmt: skip
    return len(fresh)


def fresh_rows(rules: Iterable[FieldRule]) -> list[FieldRule]:
    """Copies without identity, so that known and new rows go in one statement."""
    names = (
        "connection_id",
        "entity",
        "field",
        "owner",
        "direction",
        "freshness",
        "reviewed_at",
        "reviewed_by_id",
    )
    return [FieldRule(**{name: getattr(rule, name) for name in names}) for rule in rules]


@transaction.atomic
def sign_off(user: User, connection: Connection, name: str) -> OwnershipReview:
    """End the review with a name. Raises PermissionDenied, and NotAllowed while a row is unreviewed."""
    require(user, Permission.HEALTH_ACT)
    lines = rules_log.lines([connection])
    if not name.strip():
        raise NotAllowed(_("Sign with your name."))
    if missing := sum(not line.reviewed for line in lines):
        raise NotAllowed(_("%d fields are not reviewed yet.") % missing)
    review = OwnershipReview.objects.create(
        connection=connection,
        signed_by=user,
        signed_name=name.strip()[:120],
        signed_at=clock.now(),
        fields=len(lines),
        against=[
            f"{line.rule.entity}.{line.rule.field}: {words}" for line in lines for words in line.against
        ],
    )
    audit(
        connection.organization_id, user, "rules.signed_off", f"connection:{connection.public_id}",
        after=review.signed_name,
    )  # fmt: skip
    incidents.close_incident(connection.organization_id, OVERDUE, subject=str(connection.pk))
    return review


def check() -> int:
    """Open an incident per connection whose review is overdue. Returns how many are."""
    now = clock.now()
    late = [
        connection
        for connection in Connection.objects.filter(kind=ConnectionKind.PMS).annotate(
            signed=Max("ownership_reviews__signed_at")
        )
        if (connection.signed or connection.created_at) + EVERY <= now
    ]
    for connection in late:
        since = (connection.signed or connection.created_at) + EVERY
        incidents.open_incident(
            connection.organization_id,
            OVERDUE,
            say(
                "%(name)s: the review of field ownership is overdue since %(day)s",
                name=connection.name,
                day=since.date().isoformat(),
            ),
            subject=str(connection.pk),
            remedy=say("Open Ownership, mark the rows as reviewed, sign off."),
            connection_id=connection.pk,
        )
    return len(late)
