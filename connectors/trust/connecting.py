"""Adding a connection, pausing it, resuming it, giving it new credentials."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import transaction
from django.utils.translation import gettext as _

from bellhop.accounts.models import Organization, User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.services import audit, require
from bellhop.core import clock, events, incidents
from connectors.contract.connector import Connector
from connectors.contract.errors import ConnectorError
from connectors.contract.registry import UnknownConnector, connector_class, is_channel
from connectors.events import ConnectionChanged
from connectors.inbound import journal, subscriptions, sync
from connectors.models import Connection, ConnectionHealth, ConnectionKind, Stage
from connectors.outbound import caller, health, outage


class CannotConnect(Exception):
    """What was given can't be used; the text says what and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewConnection:
    """`base_url` empty: the PMS's own. `timezone`: for payloads that name none (IANA). `place_id` of a channel: the
    property that it is of, None: of all."""

    slug: str
    name: str
    credentials: dict[str, str]
    base_url: str = ""
    stage: Stage = Stage.SHADOW
    timezone: str = "UTC"
    limit_scale: float = 1.0
    place_id: int | None = None


def connect(
    organization: Organization, new: NewConnection, *, test: bool = True, user: User | None = None
) -> Connection:
    """Store a connection, test it with one call, plan the first import. Raises CannotConnect: nothing stays."""
    if user is not None:
        require(user, Permission.CONNECTIONS_EDIT)
    try:
        cls = connector_class(new.slug)
    except UnknownConnector as error:
        raise CannotConnect(str(error)) from error
    missing = [f.name for f in cls.credential_fields if f.required and not new.credentials.get(f.name)]
    if missing:
        raise CannotConnect(_("%(pms)s needs %(fields)s.") % {"pms": cls.label, "fields": ", ".join(missing)})
    _refuse_wrong_choices(cls, new.credentials)
    try:
        ZoneInfo(new.timezone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise CannotConnect(_("There is no time zone “%s”.") % new.timezone) from error
    connection = _store(organization, new, new.base_url or cls.default_base_url)
    note_addresses(connection)
    try:
        if test:
            _test(connection)
    except ConnectorError as error:
        with transaction.atomic():
            ConnectionHealth.objects.filter(pk=connection.pk).delete()
            incidents.close_incident(organization.pk, health.REFUSED, subject=str(connection.pk))
            connection.delete()
        raise CannotConnect(f"{cls.label}: {error.user_message}") from error
    subscriptions.wake_check()
    sync.start_backfill(connection)
    with transaction.atomic():
        _tell(connection, user, "connection.added", f"{cls.label}, {connection.stage}")
    return connection


def _refuse_wrong_choices(cls: type[Connector], credentials: Mapping[str, str]) -> None:
    """Raises CannotConnect."""
    for field in cls.credential_fields:
        if not field.takes(credentials.get(field.name, "")):
            known = ", ".join(value for value, _words in field.choices)
            raise CannotConnect(
                _("%(field)s is one of: %(known)s.") % {"field": _(field.label), "known": known}
            )


@transaction.atomic
def _store(organization: Organization, new: NewConnection, base_url: str) -> Connection:
    if Connection.objects.filter(organization=organization, name=new.name).exists():
        raise CannotConnect(_("A connection called “%s” exists.") % new.name)
    connection = Connection.objects.create(
        organization=organization,
        slug=new.slug,
        kind=ConnectionKind.CHANNEL if is_channel(new.slug) else ConnectionKind.PMS,
        name=new.name,
        stage=new.stage,
        base_url=base_url,
        credentials=new.credentials,
        timezone=new.timezone,
        limit_scale=new.limit_scale,
        place_id=new.place_id,
        created_at=clock.now(),
    )
    ConnectionHealth.objects.create(connection=connection)
    return connection


def _test(connection: Connection) -> None:
    call = caller.caller_for(connection, probe=True)
    home = call.connector.home(call)
    if home != connection.base_url:
        connection.base_url = home
        connection.save(update_fields=["base_url"])
        call = caller.caller_for(connection, probe=True)
    name = call.connector.ping(call)
    Connection.objects.filter(pk=connection.pk).update(account_name=name[:200])


def note_addresses(connection: Connection) -> None:
    """Our own address on each channel of the connection: they follow from what was typed."""
    if connection.kind == ConnectionKind.CHANNEL:
        found = caller.channel_for(connection).addresses()
        connection.addresses = {channel.value: address for channel, address in found.items()}
        connection.save(update_fields=["addresses"])


@transaction.atomic
def pause(connection: Connection, reason: str, user: User | None = None) -> None:
    """Call nothing and send nothing until it is resumed; webhooks are still taken."""
    if user is not None:
        require(user, Permission.HEALTH_ACT)
    Connection.objects.filter(pk=connection.pk, paused_at__isnull=True).update(
        paused_at=clock.now(), paused_reason=reason[:300]
    )
    _tell(connection, user, "connection.paused", reason)


@transaction.atomic
def resume(connection: Connection, user: User | None = None) -> None:
    """Go on: what waits leaves in order, what was missed is read."""
    if user is not None:
        require(user, Permission.HEALTH_ACT)
    now = clock.now()
    paused_at = (
        Connection.objects.select_for_update(no_key=True)
        .values_list("paused_at", flat=True)
        .get(pk=connection.pk)
    )
    Connection.objects.filter(pk=connection.pk).update(paused_at=None, paused_reason="")
    ConnectionHealth.objects.filter(pk=connection.pk).update(catch_up_due_at=now)
    outage.let_go(connection.pk, paused_at)
    journal.wake_processing()
    _tell(connection, user, "connection.resumed", "")


@transaction.atomic
def reauthenticate(connection: Connection, credentials: dict[str, str], user: User) -> None:
    """New credentials for the same connection: ids and queue stay. They are used at once. Raises CannotConnect."""
    require(user, Permission.CONNECTIONS_EDIT)
    _refuse_wrong_choices(connector_class(connection.slug), credentials)
    row = Connection.objects.select_for_update(no_key=True).get(pk=connection.pk)
    row.credentials = {**row.credentials, **{name: value for name, value in credentials.items() if value}}
    row.save(update_fields=["credentials"])
    note_addresses(row)
    refused_at = ConnectionHealth.objects.values_list("credentials_refused_at", flat=True).get(pk=row.pk)
    health.credentials_changed(row)
    outage.let_go(row.pk, refused_at)
    _tell(connection, user, "connection.credentials_changed", "")


def _tell(connection: Connection, user: User | None, action: str, detail: str) -> None:
    audit(
        connection.organization_id, user, action, f"connection:{connection.public_id}", after=detail or None
    )
    events.emit(ConnectionChanged(connection_id=connection.pk, organization_id=connection.organization_id))
