"""What happened, as lines of a case file: webhooks, Commands with their attempts, overwrites, drifts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from connectors.models import Attempt, Command, Drift, FieldOverwrite, WebhookDelivery
from connectors.trust import redaction


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. `kind`: webhook, command, attempt, change, refused, drift. `delivery_id` leads to the raw entry;
    `request_id` is the provider's own; `text` is what only a full file tells."""

    at: datetime
    kind: str
    what: str
    outcome: str = ""
    request_id: str = ""
    delivery_id: int | None = None
    text: str = ""


def of_deliveries(deliveries: Iterable[WebhookDelivery], *, full: bool) -> Iterator[Entry]:
    """One line per webhook: what it was about and what became of it."""
    for row in deliveries:
        outcome = ": ".join(part for part in (row.get_state_display(), row.summary, row.error) if part)
        yield Entry(
            at=row.received_at,
            kind="webhook",
            what=_("Webhook %(n)d, key %(key)s") % {"n": row.pk, "key": row.key},
            outcome=outcome,
            delivery_id=row.pk,
            text=redaction.payload(bytes(row.body)) if full else "",
        )


def of_commands(commands: Iterable[Command], home: int, *, full: bool) -> Iterator[Entry]:
    """A line when a Command was committed, one per attempt, one when the PMS showed it, one when a channel's provider
    said how far it came. Those of another connection than `home` name theirs (`at`)."""
    for row in commands:
        text = "\n".join(f"{name}: {value}" for name, value in row.intent.items()) if full else ""
        state = ": ".join(part for part in (row.get_state_display(), row.reason) if part)
        name = _named(row, home)
        yield Entry(at=row.created_at, kind="command", what=name, outcome=state, text=text)
        for attempt in row.attempts.all():
            yield _of_attempt(name, attempt, full=full)
        if row.reported_at is not None:
            yield Entry(at=row.reported_at, kind="command", what=_("%s: reported") % name, outcome=row.report)
        if row.echoed_at is not None:
            what = _("%(command)s: seen in the PMS as %(id)s") % {"command": name, "id": row.remote_id}
            yield Entry(at=row.echoed_at, kind="command", what=what, delivery_id=row.echo_delivery_id)


def _named(command: Command, home: int) -> str:
    named = f"{command.get_kind_display()} {command.public_id}"
    elsewhere: str = "" if command.connection_id == home else command.at  # type: ignore[attr-defined]
    return f"{named}, {elsewhere}" if elsewhere else named


def _of_attempt(name: str, attempt: Attempt, *, full: bool) -> Entry:
    kind = _("read back") if attempt.read_back else _("attempt")
    told = [str(attempt.get_result_display()), attempt.message, attempt.code]
    status = [f"HTTP {attempt.status_code}"] if attempt.status_code else []
    return Entry(
        at=attempt.started_at,
        kind="attempt",
        what=f"{name}, {kind} {attempt.number}",
        outcome=", ".join(part for part in [*told, *status] if part),
        request_id=attempt.request_id,
        text=attempt.detail if full else "",
    )


def of_overwrite(row: FieldOverwrite, old: str, new: str) -> Entry:
    """A field that the PMS told: taken over or refused, under which rule."""
    name = f"{row.entity} {row.field.replace('_', ' ')}"
    return Entry(
        at=row.at,
        kind="change" if row.applied else "refused",
        what=f"{name}: {old or _('empty')} → {new or _('empty')}",
        outcome=", ".join(part for part in (row.source, row.rule, row.version) if part),
        delivery_id=row.delivery_id,
    )


def of_drifts(drifts: Iterable[Drift]) -> Iterator[Entry]:
    """When a drift was found, and how it ended."""
    for row in drifts:
        name = f"{row.entity} {row.field.replace('_', ' ')}"
        cause = row.get_cause_display()
        yield Entry(at=row.found_at, kind="drift", what=_("Drift found: %s") % name, outcome=str(cause))
        if row.resolved_at is not None:
            solved = _("Drift solved: %s") % name
            yield Entry(at=row.resolved_at, kind="drift", what=solved, outcome=str(row.get_how_display()))
