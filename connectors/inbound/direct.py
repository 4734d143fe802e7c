"""Handing what a channel told to the upper layers. One transaction of the caller, no network."""

from __future__ import annotations

from datetime import datetime, timedelta

from bellhop.core import clock, events, incidents
from bellhop.core.words import say
from connectors.contract.direct import (
    Address,
    AddressKind,
    AddressMovedRecord,
    AddressState,
    AlertRecord,
    ConsentRecord,
    DeliveryReport,
    DirectMessageRecord,
    DirectRecord,
    MessageChangeRecord,
    TemplateRecord,
)
from connectors.contract.events import Entity
from connectors.contract.records import Direction
from connectors.events import (
    AddressMoved,
    AddressReported,
    ConsentTold,
    DirectMessageChanged,
    DirectMessageReceived,
    Source,
)
from connectors.inbound.apply import storable
from connectors.models import ACTIVE_STATES, ChannelTemplate, Command, CommandKind, Connection, Proof
from connectors.outbound import settle
from connectors.trust import evidence

ACCOUNT = "channel_account"
_SOON = timedelta(minutes=2)


class TooEarly(Exception):
    """A report about a message whose id we don't know yet, while some are on their way: look again in a moment."""


def apply(source: Source, record: DirectRecord, at: datetime) -> str:
    """Tell one record. `at` (UTC) is when it was received, for what bears no time of its own. Returns what became of
    it, in a word for the journal. Raises TooEarly."""
    record = storable(record)
    match record:
        case DirectMessageRecord():
            return _message(source, record, record.sent_at or at)
        case DeliveryReport():
            return _report(source, record)
        case MessageChangeRecord():
            events.emit(DirectMessageChanged(source=source, record=record))
            return record.kind.value
        case ConsentRecord():
            events.emit(ConsentTold(source=source, record=record))
            return "consent"
        case AddressMovedRecord():
            events.emit(AddressMoved(source=source, record=record))
            return "address moved"
        case TemplateRecord():
            keep_template(source.connection, record)
            return "template"
        case AlertRecord():
            return _alert(source.connection, record)


def _message(source: Source, record: DirectMessageRecord, at: datetime) -> str:
    proof = Proof.PUSHED if source.delivery_id else Proof.READ
    how = f"webhook {source.delivery_id}" if source.delivery_id else "read"
    detail = f"{how}: {record.external_id}"
    evidence.note(source.connection.pk, Entity.MESSAGE, proof, detail, delivery_id=source.delivery_id)
    if record.direction == Direction.OUTBOUND and _is_ours(source.connection.pk, record.external_id):
        return "our own message"
    events.emit(DirectMessageReceived(source=source, record=record, at=at))
    return "message"


def _is_ours(connection_id: int, remote_id: str) -> bool:
    """A message from our own address that a Command of ours sent: by its id, or by the id that we gave it."""
    sent = Command.objects.filter(connection_id=connection_id, kind=CommandKind.SEND_DIRECT)
    if sent.filter(remote_id=remote_id).exists():
        return True
    given = sent.filter(intent__mail__message_id=remote_id, state__in=ACTIVE_STATES).first()
    return given is not None


def _report(source: Source, record: DeliveryReport) -> str:
    command_id = command_of(source.connection.pk, record)
    if command_id is None and _may_come(source.connection.pk):
        raise TooEarly
    # First the address, and what follows from it in threads; then the Command (lock order).
    if record.address_state != AddressState.FINE and (address := record.address or _address_of(command_id)):
        _tell_address(source.connection, record, address, command_id)
    if command_id is not None:
        settle.reported(command_id, record)
    return f"report: {record.state}" if command_id is not None else "report about no message of ours"


def command_of(connection_id: int, record: DeliveryReport) -> int | None:
    """The Command that a report is about: by the token that it bore, or by the provider's id."""
    sent = Command.objects.filter(connection_id=connection_id, kind=CommandKind.SEND_DIRECT)
    found = None
    if record.reference:
        found = sent.filter(reference=record.reference).values_list("pk", flat=True).first()
    if found is None and record.external_id:
        found = sent.filter(remote_id=record.external_id).values_list("pk", flat=True).first()
    return found


def _address_of(command_id: int | None) -> Address | None:
    if command_id is None:
        return None
    intent = Command.objects.values_list("intent", flat=True).get(pk=command_id)
    return Address(kind=AddressKind(intent["to_kind"]), value=intent["to"])


def _tell_address(
    connection: Connection, record: DeliveryReport, address: Address, command_id: int | None
) -> None:
    events.emit(
        AddressReported(
            connection=connection,
            channel=record.channel,
            address=address,
            state=record.address_state,
            code=record.code,
            reason=record.reason,
            command_id=command_id,
        )
    )


def _may_come(connection_id: int) -> bool:
    """Is something on the wire that this report may be about, before its answer came back?"""
    return Command.objects.filter(
        connection_id=connection_id,
        kind=CommandKind.SEND_DIRECT,
        state__in=ACTIVE_STATES,
        first_sent_at__gt=clock.now() - _SOON,
    ).exists()


def keep_template(connection: Connection, record: TemplateRecord) -> None:
    """As told last; a webhook that tells only the status leaves the text as it was."""
    told = {
        "status": record.status.value,
        "reason": record.reason[:300],
        "seen_at": clock.now(),
        **({"category": record.category[:40]} if record.category else {}),
        **({"body": record.body} if record.body else {}),
        **({"remote_id": record.remote_id} if record.remote_id else {}),
    }
    ChannelTemplate.objects.update_or_create(
        connection=connection, name=record.name[:200], language=record.language[:20], defaults=told
    )


def _alert(connection: Connection, record: AlertRecord) -> str:
    incidents.open_incident(
        connection.organization_id,
        ACCOUNT,
        say("%(name)s reports: %(title)s", name=connection.name, title=record.title),
        subject=f"{connection.pk}:{record.code}",
        detail=record.detail[:1000],
        remedy=say("Sign in at the provider and see what it asks for."),
        connection_id=connection.pk,
    )
    return "alert"
