"""Guests as the PMS tells them, with their contact points."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import phonenumbers

from bellhop.core import clock, events
from connectors.contract.events import Entity
from connectors.contract.records import UNSET, GuestRecord
from connectors.contract.relays import agency_of
from connectors.events import GuestTold, Source
from reservations.events import ContactPointsAdded, GuestChanged
from reservations.models import ContactKind, ContactPoint, Guest
from reservations.services import mirror


def on_guest(event: GuestTold) -> None:
    """Create or update a guest."""
    take_over(event.source, event.record)


def take_over(source: Source, record: GuestRecord) -> Guest:
    """The local guest of a record, brought up to date, with its contact points. Tells GuestChanged on a change."""
    told = told_of(record)
    row, held = mirror.find(Guest, source, Entity.GUEST, record.external_id)
    if row is None:
        first = {
            **told,
            "organization_id": source.connection.organization_id,
            "created_at": clock.now(),
            "as_of": clock.now(),
        }
        row = mirror.create(Guest, source, Entity.GUEST, record.external_id, first, record.version)
        changed = True
    else:
        changed = bool(
            mirror.merge(row, source, Entity.GUEST, record.external_id, told, held, record.version)
        )
    _add_contact_points(row, record)
    if changed:
        events.emit(GuestChanged(guest=row))
    return row


def told_of(record: GuestRecord) -> dict[str, Any]:
    """The record in the words of our model."""
    name: Any = record.full_name
    if name is UNSET and (record.first_name is not UNSET or record.last_name is not UNSET):
        name = f"{record.first_name or ''} {record.last_name or ''}".strip()
    return {
        "full_name": name if name is UNSET else str(name)[:200],
        "language": record.language if record.language is UNSET else str(record.language or "")[:20],
        "notes": record.notes,
        "tags": record.tags if record.tags is UNSET else [tag[:60] for tag in record.tags],
    }


def _add_contact_points(guest: Guest, record: GuestRecord) -> None:
    """Points are added, never removed: an address that the PMS dropped may still be the one a guest writes from."""
    found: list[tuple[ContactKind, str]] = []
    if record.emails is not UNSET:
        for address in record.emails:
            folded = address.strip().lower()[:254]
            if folded:
                found.append((ContactKind.RELAY if agency_of(folded) else ContactKind.EMAIL, folded))
    if record.phones is not UNSET:
        found += [(ContactKind.PHONE, phone) for phone in map(e164, record.phones) if phone]
    add_points(guest, found)


def add_points(guest: Guest, wanted: Iterable[tuple[ContactKind, str]]) -> None:
    """Note further addresses of a guest; tells ContactPointsAdded about those that are new."""
    pairs = dict.fromkeys(wanted)
    if not pairs:
        return
    known = set(ContactPoint.objects.filter(guest=guest).values_list("kind", "value"))
    fresh = [
        ContactPoint(organization_id=guest.organization_id, guest=guest, kind=kind, value=value)
        for kind, value in pairs
        if (kind, value) not in known
    ]
    if fresh:
        ContactPoint.objects.bulk_create(fresh, ignore_conflicts=True)
        events.emit(ContactPointsAdded(guest=guest, points=tuple(fresh)))


def e164(phone: str) -> str:
    """E.164 where the number can be read as an international one, else as it was written (at most 40 characters)."""
    text = phone.strip()
    try:
        number = phonenumbers.parse(text if text.startswith("+") else f"+{text.lstrip('0')}", None)
    except phonenumbers.NumberParseException:
        return text[:40]
    if not phonenumbers.is_possible_number(number):
        return text[:40]
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
