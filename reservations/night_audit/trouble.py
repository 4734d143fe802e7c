"""What is wrong around the stays: fields that differ on the next arrivals, outages, low scores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.db.models import Exists, OuterRef, Q, QuerySet

from bellhop.core.models import Incident
from connectors.contract.events import Entity
from connectors.models import Connection, ConnectionKind, Drift, ExternalId
from connectors.outbound import health
from connectors.trust import freshness, traffic
from reservations.models import SurveyAnswer, Unit
from reservations.models.survey import LOW
from reservations.night_audit.days import Day
from reservations.night_audit.facts import Fact, Known, Part, Section, at, ids_of, of_stay

OUTAGES: Final = (health.DOWN, health.REFUSED, health.UNISSUED, traffic.SILENT)
# What these hold is for people with permissions of their own.
SECRET: Final = frozenset({"door_code", "money", "custom_fields"})
_NONE: Final[frozenset[str]] = frozenset()


def drift(day: Day, known: Known) -> Part:
    """Fields that differ on arrivals of the next date. One statement."""
    mine = Drift.objects.filter(
        connection__organization_id=day.organization_id, place_id=day.property_id, arrival_date=day.next_date
    )
    standing = Q(state=Drift.State.OPEN, since__lt=day.end)
    named = Q(pk__in=ids_of(known.get(Section.DRIFT, _NONE)))
    rows = mine.filter(standing | named).select_related("connection").order_by("label", "pk")
    return Part(tuple(_drift(row) for row in rows))


def _drift(row: Drift) -> Fact:
    is_secret = row.field in SECRET
    return {
        "key": str(row.pk),
        "guest": row.label,
        "unit": row.place.rpartition(", ")[0] or row.place,
        "field": row.field,
        "ours": None if is_secret else row.ours,
        "theirs": None if is_secret else row.theirs,
        "is_secret": is_secret,
        "owner": row.owner,
        "pms": row.connection.name,
        "since": at(row.since),
        "state": row.state,
        "how": row.how,
        "drift": row.public_id,
    }


def outages(day: Day) -> Part:
    """Connections of the property, and channels, that did not work at some time of the date; and which of them was
    latest. Three statements."""
    names = dict(_connections(day).values_list("pk", "name"))
    rows = Incident.objects.filter(
        organization_id=day.organization_id,
        connection_id__in=names,
        code__in=OUTAGES,
        opened_at__lt=day.end,
    ).filter(Q(closed_at__isnull=True) | Q(closed_at__gt=day.start))
    return Part(
        tuple(
            {
                "key": row.public_id,
                "connection": names[row.connection_id or 0],
                "title": row.title,
                "words": row.words.get("title", {}),
                "since": at(row.opened_at),
                "until": at(row.closed_at),
            }
            for row in rows.order_by("opened_at", "pk")
        ),
        about=_lag(day, names),
    )


def _lag(day: Day, names: Mapping[int, str]) -> Fact:
    """How long after its event the webhook that took longest was on the screens."""
    found = freshness.longest(names, day.start, day.end)
    if found is None:
        return {}
    return {"connection": names[found.connection_id], "lag_s": round(found.seconds), "at": at(found.at)}


def _connections(day: Day) -> QuerySet[Connection]:
    """The PMS that the property or a unit of it is known at, and channels that aren't another property's alone."""
    known = ExternalId.objects.filter(connection=OuterRef("pk"))
    units = Unit.objects.filter(property_id=day.property_id).values("pk")
    here = Exists(known.filter(entity=Entity.PROPERTY, object_id=day.property_id)) | Exists(
        known.filter(entity=Entity.UNIT, object_id__in=units)
    )
    channel = Q(kind=ConnectionKind.CHANNEL) & (Q(place_id=None) | Q(place_id=day.property_id))
    return Connection.objects.filter(organization_id=day.organization_id).filter(channel | Q(here))


def scores(day: Day, known: Known) -> Part:
    """Answers of 6 or less. Two statements."""
    mine = SurveyAnswer.objects.filter(
        organization_id=day.organization_id, survey__reservation__property_id=day.property_id
    )
    of_day = Q(answered_at__gte=day.start, answered_at__lt=day.end)
    named = Q(pk__in=ids_of(known.get(Section.SCORES, _NONE)))
    rows = list(
        mine.filter(of_day | named)
        .select_related("survey__reservation__unit", "survey__reservation__guest")
        .order_by("answered_at", "pk")
    )
    return Part(tuple(_score(row) for row in rows if row.score <= LOW), len(rows))


def _score(row: SurveyAnswer) -> Fact:
    return {
        "key": str(row.pk),
        **of_stay(row.survey.reservation),
        "score": row.score,
        "words": "\n".join(part for part in (row.words, row.added) if part),
        "survey": row.survey.kind,
        "at": at(row.answered_at),
    }
