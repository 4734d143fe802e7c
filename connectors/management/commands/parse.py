"""`manage.py parse SLUG FILE`: what does Bellhop make of this webhook? Needs no database and no server."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.core.management.base import BaseCommand, CommandError

from connectors.contract.connector import Connector, Settings
from connectors.contract.errors import Unreadable
from connectors.contract.events import CanonicalEvent, EventKind
from connectors.contract.records import (
    AnyRecord,
    GuestRecord,
    MessageRecord,
    NoteRecord,
    ReservationRecord,
    UnitRecord,
    Unset,
    WorkOrderRecord,
)
from connectors.contract.registry import UnknownConnector, connector_class

SHOWN: dict[type, tuple[str, str]] = {
    MessageRecord: (
        "message",
        (
            "external_id conversation_id reservation_id direction author_kind author_name channel body_text "
            "sent_at"
        ),
    ),
    ReservationRecord: (
        "reservation",
        (
            "external_id confirmation_code status status_raw arrival_date departure_date check_in_time "
            "check_out_time unit_id guest_id conversation_id source source_raw adults children door_code "
            "is_owner_stay version"
        ),
    ),
    GuestRecord: (
        "guest",
        "external_id full_name first_name last_name emails phones language notes tags version",
    ),
    NoteRecord: ("note", "external_id conversation_id reservation_id author_name body_text written_at"),
    WorkOrderRecord: ("work_order", "external_id title kind status reservation_id unit_id version"),
    UnitRecord: (
        "unit",
        "external_id property_id name title timezone check_in_time check_out_time version",
    ),
}


class Command(BaseCommand):
    help = "Print what Bellhop reads in one webhook delivery: one JSON object per line and event."
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="the PMS, for example guesty")
        parser.add_argument("file", help='JSON {"headers": {...}, "body": "raw text" or an object}')
        parser.add_argument("--secret", action="append", default=[], help="webhook secret; may be repeated")
        parser.add_argument("--timezone", default="UTC", help="zone (IANA) where the payload names none")
        parser.add_argument("--at", help="when it arrived (ISO 8601), for the replay window; default: now")

    def handle(self, *_: Any, **options: Any) -> None:
        try:
            connector = connector_class(options["slug"])(Settings(timezone=_zone(options["timezone"])))
        except UnknownConnector as error:
            raise CommandError(str(error)) from error
        headers, body = _delivery(Path(options["file"]))
        arrived = _instant(options["at"])
        secrets = options["secret"]
        verified = connector.verify(headers, body, secrets, arrived) if secrets else None
        for event in _events(connector, headers, body):
            line = {"verified": verified, **_shown(event)}
            self.stdout.write(json.dumps(line, ensure_ascii=False))


def _events(connector: Connector, headers: Mapping[str, str], body: bytes) -> list[CanonicalEvent]:
    """An unreadable payload is an answer too: it would be quarantined."""
    try:
        return connector.parse(headers, body)
    except Unreadable as error:
        key = connector.delivery_key(headers, body)
        reason = f"unreadable: {error.detail or error.user_message}"
        return [CanonicalEvent(kind=EventKind.IGNORED, dedupe_key=key, reason=reason)]


def _delivery(path: Path) -> tuple[dict[str, str], bytes]:
    """Headers and raw body of the file. A body given as an object stands for its compact JSON."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CommandError(f"{path} can't be read: {error.strerror}.") from error
    except ValueError as error:
        raise CommandError(f"{path} is not JSON: {error}.") from error
    if not isinstance(data, dict) or "body" not in data or not isinstance(data.get("headers", {}), dict):
        raise CommandError(f'{path} must hold {{"headers": {{...}}, "body": ...}}.')
    body = data["body"]
    raw = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return {str(name): str(value) for name, value in data.get("headers", {}).items()}, raw.encode()


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise CommandError(f"There is no time zone {name!r}.") from error
    return name


def _instant(value: str | None) -> datetime:
    if value is None:
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise CommandError(f"--at must be an ISO 8601 instant, but it is {value!r}.") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _shown(event: CanonicalEvent) -> dict[str, Any]:
    """The printed form. Changed units and rooms are applied, but no reader of this output needs them: shown as
    ignored."""
    hints = event.needs_read
    listed = event.kind not in {EventKind.UNIT_UPDATED, EventKind.HOUSEKEEPING_CHANGED}
    return {
        "kind": str(event.kind if listed else EventKind.IGNORED),
        "dedupe_key": event.dedupe_key,
        "needs_read": [{"entity": one.entity.value, "external_id": one.external_id} for one in hints],
        "unknown": dict(event.unknown),
        "version": event.version,
        "reason": event.reason if listed else "Units are read from the PMS, not told as events.",
        **({} if listed else {"about": str(event.kind)}),
        **_record(event.record),
    }


def _record(record: AnyRecord | None) -> dict[str, Any]:
    """The record under its noun: {"message": {…}}, {"reservation": {…}}, …"""
    if record is None:
        return {}
    noun, names = SHOWN.get(
        type(record), (type(record).__name__.removesuffix("Record").lower(), "external_id")
    )
    return {noun: {name: _plain(getattr(record, name)) for name in names.split()}}


def _plain(value: Any) -> Any:
    """ISO dates, `HH:MM` times, UTC instants ending in Z; null where the payload doesn't tell."""
    match value:
        case Unset() | None:
            return None
        case datetime():
            exact = "milliseconds" if value.microsecond else "seconds"
            return value.astimezone(UTC).isoformat(timespec=exact).replace("+00:00", "Z")
        case time():
            return value.isoformat(timespec="minutes")
        case date():
            return value.isoformat()
        case Enum() | Decimal():
            return str(value)
        case tuple():
            return [_plain(entry) for entry in value]
    return value
