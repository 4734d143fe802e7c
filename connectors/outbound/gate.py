"""The last look before a message goes to a guest's address: what came in before it is read first, and whoever knows
about consent may hold it. In the transaction that would claim it."""

from __future__ import annotations

from datetime import datetime, timedelta

from bellhop.core import clock, events
from connectors import ports
from connectors.events import CommandMoved
from connectors.models import Command, CommandKind, CommandState, DeliveryState, Origin, WebhookDelivery
from connectors.outbound import outbox
from connectors.ports import Obstacle

LOOK_AGAIN = timedelta(seconds=1)


def holds(command_id: int, now: datetime) -> bool:
    """True where the Command may not leave now; then its row says why, and until when (or that it never will)."""
    rows = Command.objects.filter(pk=command_id, state=CommandState.WAITING)
    found = rows.select_related("connection").first()
    if found is None:
        return False
    is_direct = found.kind == CommandKind.SEND_DIRECT
    if is_direct and found.origin != Origin.AGENT and _unread(found):
        # It stays due, so that what comes in from now on can't keep it waiting.
        Command.objects.filter(pk=found.pk).update(lease_until=now + LOOK_AGAIN, leased_by="")
        outbox.wake_at(now + LOOK_AGAIN, now)
        return True
    obstacle = ports.obstacle.get()(found)
    if obstacle is None:
        return False
    if obstacle.until is not None and obstacle.until <= found.give_up_at:
        _postpone(found, obstacle.until, obstacle.code, obstacle.reason)
    else:
        _end(found, now, obstacle)
    return True


def _unread(command: Command) -> bool:
    """Did something come in on the channel, before it was due, that nobody has looked at yet? It may be a STOP."""
    waiting = WebhookDelivery.objects.filter(
        connection_id=command.connection_id, state=DeliveryState.RECEIVED
    )
    return waiting.filter(received_at__lte=command.due_at).exists()


def _postpone(command: Command, until: datetime, code: str, reason: str) -> None:
    if not code:
        Command.objects.filter(pk=command.pk).update(lease_until=until, leased_by="")
        outbox.wake_at(until, clock.now())
        return
    command.due_at, command.reason_code, command.reason = until, code[:40], reason[:300]
    command.save(update_fields=["due_at", "reason_code", "reason"])
    events.emit(CommandMoved(command=command))


def _end(command: Command, now: datetime, obstacle: Obstacle) -> None:
    """What a person wrote fails where they see it; what nobody wrote is taken back."""
    by_a_person = command.origin == Origin.AGENT
    command.state = CommandState.FAILED if by_a_person else CommandState.CANCELLED
    command.settled_at, command.reason_code = now, obstacle.code[:40]
    command.reason = obstacle.reason[:300]
    command.save(update_fields=["state", "settled_at", "reason_code", "reason"])
    events.emit(CommandMoved(command=command))
