"""The sync case file: "it doesn't match" as evidence that a vendor's support can read (signature N15, ux I4, D2).

Without `full`, guests' words, names and contacts are left out; secrets always are. A constant number of statements.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import connection as database
from django.db.models import F, Q, QuerySet

from bellhop import __version__
from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.services import audit, require
from bellhop.core import clock
from bellhop.core.models import Incident
from connectors import ports
from connectors.contract.registry import connector_class
from connectors.models import Command, Connection, Drift, FieldOverwrite, WebhookDelivery
from connectors.outbound.outbox import STAY
from connectors.ports import Subject
from connectors.trust import case_timeline, drift, overwrites, redaction, rules
from connectors.trust.case_timeline import Entry
from connectors.trust.ownership import DEFAULTS

LOOK_BACK = timedelta(days=30)
AROUND = timedelta(hours=2)
NEWEST = 5_000
MOST = 100
CASE = "case"

# The bodies of the newest entries only, whatever the planner thinks of it.
_NAMING = """
SELECT id FROM (
  SELECT id, body FROM connectors_webhookdelivery WHERE connection_id = %s AND received_at >= %s
  ORDER BY id DESC LIMIT %s
) newest WHERE position(%s IN body) > 0 ORDER BY id DESC LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class Value:
    """One field: what we hold, what the PMS told where that differs, and whose it is."""

    name: str
    ours: str
    theirs: str
    differs: bool
    owner: str
    direction: str
    freshness: str


@dataclass(frozen=True, slots=True)
class CaseFile:
    """`kind` and `public_id` are how it is asked for; `full`: with guests' words."""

    kind: str
    public_id: str
    title: str
    connection: Connection
    pms: str
    connector_version: str
    code_version: str
    entity: str
    remote_id: str
    conversation_id: str
    values: tuple[Value, ...]
    timeline: tuple[Entry, ...]
    request_ids: tuple[str, ...]
    as_of: datetime
    full: bool
    incident: Incident | None = None


@dataclass(frozen=True, slots=True)
class _About:
    """A subject, and what is known to differ in it."""

    subject: Subject
    drifts: tuple[Drift, ...] = ()
    between: tuple[datetime, datetime] | None = None
    title: str = ""


def of(user: User, kind: str, public_id: str, *, full: bool = False) -> CaseFile | None:
    """The case file of a message, reservation, drift or incident that this person may see; None where there is none.
    `full` needs the permission for raw payloads and is audited. Raises PermissionDenied."""
    require(user, Permission.HEALTH_READ)
    about = _about(user, kind, public_id)
    if about is None:
        return None
    if full:
        require(user, Permission.PAYLOADS_READ)
        audit(user.organization_id, user, "case.read_in_full", f"{kind}:{public_id}")
    subject = about.subject
    connector = connector_class(subject.connection.slug)
    timeline = _timeline(user, about, full=full)
    return CaseFile(
        kind=kind,
        public_id=public_id,
        title=about.title or f"{_entity(subject.entity)} {subject.remote_id}".strip(),
        connection=subject.connection,
        pms=connector.label,
        connector_version=connector.version,
        code_version=__version__,
        entity=subject.entity,
        remote_id=subject.remote_id,
        conversation_id=subject.conversation_id.removeprefix(STAY),
        values=_values(user, about, full=full),
        timeline=timeline,
        request_ids=tuple(dict.fromkeys(entry.request_id for entry in timeline if entry.request_id)),
        as_of=clock.now(),
        full=full,
        incident=Incident.objects.filter(
            organization_id=user.organization_id, code=CASE, subject=f"{kind}:{public_id}", closed_at=None
        ).first(),
    )


def _entity(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _about(user: User, kind: str, public_id: str) -> _About | None:
    if kind == "reservation":
        return _with_drifts(ports.stay_subject.get()(user, public_id))
    if kind == "message":
        return _with_drifts(ports.message_subject.get()(user, public_id))
    if kind == "drift":
        return _of_drift(user, public_id)
    return _of_incident(user, public_id) if kind == "incident" else None


def _with_drifts(subject: Subject | None) -> _About | None:
    if subject is None:
        return None
    rows = Drift.objects.filter(connection=subject.connection).filter(
        Q(entity=subject.entity, object_id=subject.object_id)
        | Q(entity=subject.entity, remote_id=subject.remote_id)
    )
    return _About(subject, tuple(rows.order_by("pk")[:MOST]))


def _of_drift(user: User, public_id: str) -> _About | None:
    row = drift.of(user).filter(public_id=public_id).first()
    if row is None:
        return None
    known = {} if row.entity == "message" else {row.field: row.ours}
    stay = f"{STAY}{row.stay_remote_id}" if row.stay_remote_id else ""
    subject = Subject(
        connection=row.connection,
        entity=row.entity,
        object_id=row.object_id,
        remote_id=row.remote_id,
        values=known,
        conversation_id=row.conversation_id or stay,
        commands_named=(f"{drift.SUBJECT}{row.pk}",),
    )
    found = _with_drifts(subject)
    name = row.field.replace("_", " ")
    return replace(found, title=f"{_entity(row.entity)} {row.remote_id}: {name}") if found else None


def _of_incident(user: User, public_id: str) -> _About | None:
    """What happened at its connection around the moment in which it began. One of a case leads to that case."""
    incident = Incident.objects.filter(organization_id=user.organization_id, public_id=public_id).first()
    if incident is None:
        return None
    if incident.code == CASE:
        kind, _sep, original = incident.subject.partition(":")
        return _about(user, kind, original)
    connection = Connection.objects.filter(
        organization_id=user.organization_id, pk=incident.connection_id or 0
    ).first()
    if connection is None:
        return None
    subject = Subject(connection=connection, entity="connection", object_id=0, remote_id="", values={})
    until = (incident.closed_at or incident.last_seen_at) + AROUND
    return _About(subject, between=(incident.opened_at - AROUND, until), title=incident.said_title)


def _values(user: User, about: _About, *, full: bool) -> tuple[Value, ...]:
    subject = about.subject
    standing = {row.field: row for row in about.drifts if row.state != Drift.State.RESOLVED}
    in_force = rules.of(subject.connection.pk, subject.entity) if subject.entity in DEFAULTS else {}
    found = []
    for name in dict.fromkeys([*subject.values, *standing]):
        row, rule = standing.get(name), in_force.get(name)
        ours = row.ours if row is not None else subject.values[name]
        found.append(
            Value(
                name=name,
                ours=shown(user, subject.entity, name, overwrites.as_json(ours), full=full),
                theirs=shown(user, subject.entity, name, row.theirs, full=full) if row is not None else "",
                differs=row is not None,
                owner=rule.owner.value if rule else "",
                direction=rule.direction.value if rule else "",
                freshness=rule.freshness.value if rule else "",
            )
        )
    return tuple(sorted(found, key=lambda value: not value.differs))


def shown(user: User, entity: str, name: str, value: Any, *, full: bool) -> str:
    """A value for this file: plain ones as they are, a guest's own only in full, prices and codes by their own
    permission."""
    if redaction.is_plain(entity, name) or full:
        return overwrites.shown(user, name, value)
    return redaction.hidden(value)


def _timeline(user: User, about: _About, *, full: bool) -> tuple[Entry, ...]:
    subject = about.subject
    changes = [] if about.between else list(_overwrites(subject))
    commands = list(_commands(about))
    deliveries = _deliveries(about, changes, commands)
    entries = [
        *case_timeline.of_deliveries(deliveries, full=full),
        *case_timeline.of_commands(commands, subject.connection.pk, full=full),
        *(
            case_timeline.of_overwrite(
                change,
                shown(user, change.entity, change.field, change.old, full=full),
                shown(user, change.entity, change.field, change.new, full=full),
            )
            for change in changes
        ),
        *case_timeline.of_drifts(about.drifts),
    ]
    return tuple(sorted(entries, key=lambda entry: entry.at))


def _overwrites(subject: Subject) -> QuerySet[FieldOverwrite]:
    rows = FieldOverwrite.objects.filter(
        connection=subject.connection, entity=subject.entity, object_id=subject.object_id
    )
    return rows.order_by("-id")[:MOST]


def _commands(about: _About) -> QuerySet[Command]:
    """By their name, at whatever system (a message may have two legs), and for a stay all that is written on it; of an
    incident, those of its hours that had trouble."""
    subject = about.subject
    everywhere = Command.objects.filter(organization_id=subject.connection.organization_id)
    everywhere = everywhere.annotate(at=F("connection__name")).prefetch_related("attempts")
    rows = everywhere.filter(connection=subject.connection)
    if about.between is not None:
        rows = rows.filter(attempts__started_at__range=about.between).exclude(reason_code="").distinct()
        return rows.order_by("-id")[:MOST]
    named, here = Q(subject__in=subject.commands_named), Q(connection=subject.connection)
    if subject.conversation_id.startswith(STAY):
        named |= here & Q(conversation_id=subject.conversation_id)
    elif subject.remote_id:
        named |= here & Q(conversation_id=subject.conversation_id, remote_id=subject.remote_id)
    return everywhere.filter(named).order_by("-id")[:MOST]


def _deliveries(
    about: _About, changes: Iterable[FieldOverwrite], commands: Sequence[Command]
) -> list[WebhookDelivery]:
    """Those that changed it or echoed a Command of it, and the newest of a month that name its id."""
    subject = about.subject
    legs = {subject.connection.pk} | {command.connection_id for command in commands}
    rows = WebhookDelivery.objects.filter(connection_id__in=legs).order_by("-id")
    if about.between is not None:
        failed = Q(error__gt="") | Q(state="quarantined")
        return list(
            rows.filter(failed, connection=subject.connection, received_at__range=about.between)[:MOST]
        )
    ids = {change.delivery_id for change in changes} | {command.echo_delivery_id for command in commands}
    found = list(rows.filter(pk__in=[*(ids - {None}), *_naming(subject)])[:MOST])
    # A short number is part of longer ones.
    whole = re.compile(rb"(?<![0-9A-Za-z])" + re.escape(subject.remote_id.encode()) + rb"(?![0-9A-Za-z])")
    return [row for row in found if row.pk in ids or whole.search(bytes(row.body))]


def _naming(subject: Subject) -> list[int]:
    if not subject.remote_id:
        return []
    since = clock.now() - LOOK_BACK
    with database.cursor() as cursor:
        cursor.execute(_NAMING, [subject.connection.pk, since, NEWEST, subject.remote_id.encode(), MOST])
        return [row[0] for row in cursor.fetchall()]


def as_json(case: CaseFile) -> dict[str, Any]:
    """The file for a vendor's support or a ticket."""
    return {
        "case": case.title,
        "about": {
            "entity": case.entity,
            "remote_id": case.remote_id,
            "conversation_id": case.conversation_id,
        },
        "connection": case.connection.name,
        "connector": case.connection.slug,
        "connector_version": case.connector_version,
        "bellhop_version": case.code_version,
        "stage": case.connection.stage,
        "as_of": case.as_of.isoformat(),
        "redacted": not case.full,
        "fields": [
            {
                "field": value.name,
                "bellhop": value.ours,
                "pms": value.theirs if value.differs else None,
                "differs": value.differs,
                "owner": value.owner,
                "direction": value.direction,
                "freshness": value.freshness,
            }
            for value in case.values
        ],
        "provider_request_ids": list(case.request_ids),
        "timeline": [
            {
                "at": entry.at.isoformat(),
                "kind": entry.kind,
                "what": entry.what,
                "outcome": entry.outcome,
                "request_id": entry.request_id,
                "delivery": entry.delivery_id,
                **({"text": entry.text} if case.full else {}),
            }
            for entry in case.timeline
        ],
    }
