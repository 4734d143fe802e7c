"""Incidents: open once, count repeats, close when over. One alert per incident (invariant 12)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from bellhop.core import clock, events
from bellhop.core.models import Incident
from bellhop.core.words import kept


class IncidentOpened:
    """Told once per incident; the accounts layer finds whom to alert."""

    def __init__(self, incident: Incident) -> None:
        self.incident = incident


class IncidentClosed:
    """Told once when an incident is over."""

    def __init__(self, incident: Incident) -> None:
        self.incident = incident


def open_incident(
    organization_id: int,
    code: str,
    title: str,
    *,
    subject: str = "",
    detail: str = "",
    remedy: str = "",
    connection_id: int | None = None,
    alert_user_id: int | None = None,
    contact: str = "",
    due_at: datetime | None = None,
) -> Incident:
    """Open the incident `code` about `subject`, or count it again if it is open already. `alert_user_id`: who is to be
    alerted, None: whoever is on duty; `contact`: whom they ask outside, until `due_at`. Texts made by `words.say` are
    read out in the reader's language."""
    now = clock.now()
    with transaction.atomic():
        incident, created = Incident.objects.get_or_create(
            organization_id=organization_id,
            code=code,
            subject=subject,
            closed_at=None,
            defaults={
                "connection_id": connection_id,
                "alerted_user_id": alert_user_id,
                "title": title,
                "detail": detail,
                "remedy": remedy,
                "words": {"title": kept(title), "detail": kept(detail), "remedy": kept(remedy)},
                "contact": contact,
                "due_at": due_at,
                "opened_at": now,
                "last_seen_at": now,
            },
        )
        if created:
            events.emit(IncidentOpened(incident))
        else:
            told = {**incident.words, "detail": kept(detail)} if detail else incident.words
            Incident.objects.filter(pk=incident.pk).update(
                last_seen_at=now,
                times_seen=incident.times_seen + 1,
                detail=detail or incident.detail,
                words=told,
            )
    return incident


def close_incident(organization_id: int, code: str, *, subject: str = "") -> bool:
    """Close it if it is open. True if something was closed."""
    with transaction.atomic():
        rows = Incident.objects.select_for_update().filter(
            organization_id=organization_id, code=code, subject=subject, closed_at__isnull=True
        )
        incident = rows.first()
        if incident is None:
            return False
        incident.closed_at = clock.now()
        incident.save(update_fields=["closed_at"])
        events.emit(IncidentClosed(incident))
    return True
