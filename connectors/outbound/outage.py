"""What an outage does to Commands: nothing is failed by it, and their clock stands still meanwhile (invariant 8)."""

from __future__ import annotations

from datetime import datetime

from django.db.models import F

from bellhop.core import clock
from connectors.events import ConnectionRecovered
from connectors.models import OPEN_STATES, Command, CommandState, ConnectionHealth
from connectors.outbound import outbox


def on_recovered(event: ConnectionRecovered) -> None:
    """Give back the time of the outage, and let what waited go at once, in order."""
    health = ConnectionHealth.objects.get(pk=event.connection_id)
    let_go(event.connection_id, health.down_since or health.credentials_refused_at)


def let_go(connection_id: int, since: datetime | None) -> None:
    """What could not be carried out since `since` (an outage, a pause, refused credentials) gets that time back."""
    now = clock.now()
    waiting = Command.objects.filter(connection_id=connection_id, state__in=OPEN_STATES)
    if since is not None:
        waiting.update(give_up_at=F("give_up_at") + (now - since))
    waiting.filter(state=CommandState.WAITING, tries__gt=0, due_at__gt=now).update(due_at=now)
    outbox.wake_at(now, now)
