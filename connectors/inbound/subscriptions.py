"""Keeping our webhook subscription at the PMS, and its signing secret here."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q

from bellhop.core import clock, incidents, wake
from bellhop.core.words import say
from connectors.contract.connector import Connector
from connectors.contract.errors import ConnectorError, RateLimited, Rejected, Unsupported
from connectors.contract.events import Entity
from connectors.contract.http import Call
from connectors.inbound import channel_sync
from connectors.models import Connection, ConnectionHealth
from connectors.outbound import caller, health
from connectors.outbound.addresses import hook_url

log = structlog.get_logger(__name__)
KEEP_OLD_SECRET = timedelta(days=1)
CHANGE_SECRET_AFTER = timedelta(days=90)
CHECK_EVERY = timedelta(hours=24)
RETRY_AFTER = timedelta(seconds=2)
LEASE = timedelta(minutes=1)
INCIDENT = "webhooks_not_subscribed"
TEMPLATES = "templates_not_read"


def ensure_due() -> int:
    """Check every subscription whose time has come, each in one process at a time. Returns how many."""
    now = clock.now()
    moved = ~Q(subscription_url__startswith=f"{settings.BELLHOP_PUBLIC_URL}/hooks/")
    # One that is being looked at is due again within LEASE: its address is about to be told.
    due = Connection.objects.filter(paused_at__isnull=True).filter(
        Q(health__subscription_due_at__isnull=True)
        | Q(health__subscription_due_at__lte=now)
        | (moved & Q(health__subscription_due_at__gt=now + LEASE))
    )
    return sum(
        _ensure_quietly(connection) for connection in due.select_related("health") if _claim(connection, now)
    )


def _claim(connection: Connection, now: datetime) -> bool:
    """Take the check; False if another process was first."""
    seen = connection.health.subscription_due_at
    rows = ConnectionHealth.objects.filter(pk=connection.pk)
    rows = rows.filter(subscription_due_at=seen) if seen else rows.filter(subscription_due_at__isnull=True)
    return bool(rows.update(subscription_due_at=now + LEASE))


def _ensure_quietly(connection: Connection) -> bool:
    if not health.is_available(connection, clock.now()):
        ConnectionHealth.objects.filter(pk=connection.pk).update(
            subscription_due_at=clock.now() + RETRY_AFTER
        )
        return False
    try:
        again = _read_templates(connection)
        wait = again if ensure(connection) else RETRY_AFTER
        incidents.close_incident(connection.organization_id, INCIDENT, subject=str(connection.pk))
    except Unsupported:
        wait = CHECK_EVERY
    except RateLimited as error:
        wait = max(RETRY_AFTER, timedelta(seconds=error.after_s or 0))
    except ConnectorError as error:
        wait = timedelta(minutes=1)
        _report(connection, error)
    ConnectionHealth.objects.filter(pk=connection.pk).update(subscription_due_at=clock.now() + wait)
    if wait < LEASE:
        wake_check(wait.total_seconds())
    return True


def _read_templates(connection: Connection) -> timedelta:
    """Read what the provider approved for us, and after what time to look again. A refusal concerns the templates alone
    and is told of by itself. Raises ConnectorError."""
    try:
        channel_sync.read_templates(connection)
        incidents.close_incident(connection.organization_id, TEMPLATES, subject=str(connection.pk))
    except Rejected as error:
        incidents.open_incident(
            connection.organization_id,
            TEMPLATES,
            say("%(name)s: templates could not be read", name=connection.name),
            subject=str(connection.pk),
            detail=error.user_message,
            remedy=say("Those known before can be sent; Bellhop tries again by itself."),
            connection_id=connection.pk,
        )
    every = caller.connector_for(connection).capabilities.of(Entity.TEMPLATE).poll_s
    return timedelta(seconds=every) if every else CHECK_EVERY


def wake_check(delay_s: float = 0.0) -> None:
    """Have the subscriptions looked at soon, after commit."""
    wake.after_commit("connectors.ensure_subscriptions", delay_s=delay_s)


def _report(connection: Connection, error: ConnectorError) -> None:
    log.warning("subscription_failed", connection=connection.pk, code=error.code)
    incidents.open_incident(
        connection.organization_id,
        INCIDENT,
        say("%(name)s: webhooks are not set up", name=connection.name),
        subject=str(connection.pk),
        detail=error.user_message,
        remedy=say("Bellhop tries again every minute; until then it reads changes every 5 minutes."),
        connection_id=connection.pk,
    )


def ensure(connection: Connection) -> bool:
    """Subscribe if needed, see to the secret. False while the PMS has none ready. Raises ConnectorError.

    Once a day, so it also is the call that keeps an otherwise unused key alive.
    """
    connector = caller.connector_for(connection)
    call = caller.caller_for(connection, bulk=True, own_setup=True)
    url = hook_url(connection)
    if not connection.account_name:
        Connection.objects.filter(pk=connection.pk).update(account_name=connector.ping(call)[:200])
    chosen = _chosen_secret(connection, connector)
    mine = connector.subscribe(call, url, chosen or "")
    _drop_moved(connection, connector, call, url)
    secret = chosen or (connector.read_webhook_secret(call, url) if connector.signature_header else None)
    _store(connection, mine.external_id, url, secret)
    return secret is not None or connector.signature_header is None


def _chosen_secret(connection: Connection, connector: Connector, *, anew: bool = False) -> str | None:
    """The newest secret of our own choosing; None where the PMS chooses. A new one is stored before the PMS hears of
    it, and the one before stays good for a day: no webhook meets a secret that we don't know."""
    made = connector.new_webhook_secret()
    if made is None:
        return None
    with transaction.atomic():
        row = Connection.objects.select_for_update(no_key=True).get(pk=connection.pk)
        newest = row.webhook_secrets[0] if row.webhook_secrets else {}
        limit = (clock.now() - CHANGE_SECRET_AFTER).isoformat()
        if newest and not anew and newest.get("made_at", "") > limit:
            return str(newest["value"])
        row.webhook_secrets = with_secret(row.webhook_secrets, made)
        row.webhook_secrets[0]["made_at"] = clock.now().isoformat()
        row.save(update_fields=["webhook_secrets"])
    return made


def rotate(connection: Connection) -> bool:
    """Give the PMS a new secret now. False where the secret is the PMS's. Raises ConnectorError: both secrets are good
    until it worked."""
    connector = caller.connector_for(connection)
    if _chosen_secret(connection, connector, anew=True) is None:
        return False
    return ensure(connection)


def _drop_moved(connection: Connection, connector: Connector, call: Call, url: str) -> None:
    """Our address moved: the subscription at the old one would fail for days and be reported to the customer."""
    if connection.subscription_url in ("", url):
        return
    for old in list(connector.list_subscriptions(call)):
        if old.url == connection.subscription_url:
            connector.unsubscribe(call, old)


@transaction.atomic
def _store(connection: Connection, subscription_id: str, url: str, secret: str | None) -> None:
    row = Connection.objects.select_for_update(no_key=True).get(pk=connection.pk)
    row.subscription_id, row.subscription_url = subscription_id, url
    if secret is not None:
        row.webhook_secrets = with_secret(row.webhook_secrets, secret)
    row.save(update_fields=["subscription_id", "subscription_url", "webhook_secrets"])


def with_secret(entries: list[dict[str, Any]], secret: str) -> list[dict[str, Any]]:
    """The list with `secret` newest; older ones are good for one more day."""
    now = clock.now()
    limit = (now - KEEP_OLD_SECRET).isoformat()
    if entries and entries[0]["value"] == secret:
        return [entries[0], *(entry for entry in entries[1:] if entry.get("replaced_at", "") > limit)]
    old = [{**entry, "replaced_at": entry.get("replaced_at") or now.isoformat()} for entry in entries]
    return [
        {"value": secret},
        *(entry for entry in old if entry["replaced_at"] > limit and entry["value"] != secret),
    ]
