"""Telling open screens that a connection's state changed, and alerting a person about incidents (invariant 12)."""

from __future__ import annotations

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.core import live, mail
from bellhop.core.incidents import IncidentClosed, IncidentOpened
from bellhop.core.models import Incident
from connectors.events import ConnectionChanged, ConnectionDown, ConnectionRecovered
from inbox.models import Notice
from inbox.services import notices
from inbox.services.notices import About


def on_change(event: ConnectionDown | ConnectionRecovered | ConnectionChanged) -> None:
    """Wake the screens that show this connection: health page, banners in threads."""
    data = {"imported": True} if isinstance(event, ConnectionChanged) and event.imported else {}
    live.append(
        event.organization_id, [live.Change(topic="connection", subject_id=event.connection_id, data=data)]
    )


def on_incident(event: IncidentOpened) -> None:
    """Name the person who is alerted (who was asked for, a manager, an admin) and show it to them."""
    incident = event.incident
    person = _asked_for(incident) or _person(incident.organization_id)
    told: list[live.Change] = []
    if person is not None:
        Incident.objects.filter(pk=incident.pk).update(alerted_user_id=person.pk)
        about = About(
            incident=incident, data={"title": incident.title, "words": incident.words.get("title", {})}
        )
        told = notices.tell([person], Notice.Kind.INCIDENT, about)
        _mail(person, incident)
    shown = live.Change(topic="incident", subject_id=incident.pk)
    live.append(incident.organization_id, [shown, *told])


def on_incident_over(event: IncidentClosed) -> None:
    """One alert when it is over, to who was alerted when it began; nobody has to look at it any more."""
    incident = event.incident
    notices.mark_over(incident)
    person = User.objects.filter(pk=incident.alerted_user_id or 0, is_active=True).first()
    if person is not None:
        _mail(person, incident)
    live.append(incident.organization_id, [live.Change(topic="incident", subject_id=incident.pk)])


def _mail(person: User, incident: Incident) -> None:
    """Once when it opens and once when it closes, in the person's language."""
    with translation.override(person.language or None):
        word = _("Over") if incident.closed_at else _("Bellhop needs you")
        lines = [
            incident.said_title,
            incident.said_detail,
            incident.said_remedy,
            f"{settings.BELLHOP_PUBLIC_URL}/health/",
        ]
        mail.enqueue(
            person.email,
            f"{word}: {incident.said_title}",
            "\n\n".join(line for line in lines if line),
            organization_id=None if incident.code == mail.INCIDENT else incident.organization_id,
        )


def _asked_for(incident: Incident) -> User | None:
    people = User.objects.filter(organization_id=incident.organization_id, is_active=True)
    return people.filter(pk=incident.alerted_user_id or 0).first()


def _person(organization_id: int) -> User | None:
    people = (
        User.objects.filter(organization_id=organization_id, is_active=True)
        .filter(role__permissions__contains=[Permission.HEALTH_ACT.value])
        .select_related("role")
        .order_by("id")
    )
    managers = [person for person in people if not person.may(Permission.USERS_EDIT)]
    return next(iter(managers), None) or people.first()
