"""The widget of a web chat connection: made with it, found by its public key, set up by a person."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.db import transaction
from django.utils.translation import gettext as _

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.services import audit, require
from bellhop.core import peers
from connectors.contract.direct import Channel
from connectors.events import ConnectionChanged
from connectors.models import Connection, Stage
from inbox.models import ChatWidget
from inbox.models.chat import new_secret
from reservations.models import Property

SLUG = "webchat"
_HOST = re.compile(r"(?=.{1,190}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$")
_USUAL_PORTS = {"http": 80, "https": 443}


class BadOrigin(Exception):
    """Not the address of a site; the text says which."""


def origin_of(text: str) -> str:
    """The origin of a site as browsers write it (RFC 6454). Raises BadOrigin: no wildcard, and no path,
    which would look as if it counted."""
    try:
        parts = urlsplit(text.strip().lower())
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise BadOrigin(text) from error
    plain = host.encode("idna").decode() if host and not host.isascii() else host
    extra = parts.path.strip("/") or parts.query or parts.fragment or parts.username or parts.password
    if parts.scheme not in _USUAL_PORTS or not _HOST.match(plain) or extra:
        raise BadOrigin(text)
    shown = "" if port is None or port == _USUAL_PORTS[parts.scheme] else f":{port}"
    return f"{parts.scheme}://{plain}{shown}"


def on_connection(event: ConnectionChanged) -> None:
    """A web chat was connected: its widget, open for the site that was named."""
    connection = Connection.objects.filter(pk=event.connection_id, slug=SLUG, chat=None).first()
    if connection is not None:
        make(connection)


def make(connection: Connection) -> ChatWidget:
    """The connection's widget, made if there is none."""
    try:
        origins = [origin_of(connection.credentials.get("site", ""))]
    except BadOrigin:
        origins = []  # the settings say that nobody may show it yet
    widget, _made = ChatWidget.objects.get_or_create(
        connection=connection,
        defaults={
            "organization_id": connection.organization_id,
            "origins": origins,
            "title": connection.organization.name[:60],
            "timezone": connection.timezone,
            "property_id": connection.place_id,
            "languages": ["en", "es"],
        },
    )
    return widget


def by_key(key: str) -> ChatWidget | None:
    """The widget of a public key, where its connection is in use."""
    rows = ChatWidget.objects.select_related("connection", "property", "organization")
    found = rows.filter(key=key).first() if key else None
    return found if found is not None and is_open(found) else None


def is_open(widget: ChatWidget) -> bool:
    connection = widget.connection
    return connection.paused_at is None and connection.stage != Stage.SHADOW


def for_place(organization_id: int, place: Property | None) -> ChatWidget | None:
    """The widget that carries what guests of a property write on their page: its own, else any."""
    rows = ChatWidget.objects.filter(organization_id=organization_id).select_related("connection", "property")
    usable = [widget for widget in rows.order_by("pk") if is_open(widget)]
    own = [widget for widget in usable if place is not None and widget.property_id == place.pk]
    return next(iter(own or usable), None)


def is_blocked(widget: ChatWidget, peer: str) -> bool:
    return peers.is_listed(peer, widget.blocked)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a person sets, checked already (`inbox.forms.ChatSettingsForm`)."""

    origins: list[str]
    title: str
    greeting: str
    colour: str
    languages: list[str]
    privacy_url: str
    property: Property | None
    timezone: str
    hours: dict[str, list[list[str]]]
    answer_within_min: int
    mail_after_min: int
    blocked: list[str]


@transaction.atomic
def change(user: User, widget: ChatWidget, wanted: Settings) -> None:
    """Raises PermissionDenied."""
    require(user, Permission.CONNECTIONS_EDIT)
    before = {"origins": widget.origins}
    for name in Settings.__slots__:
        setattr(widget, name, getattr(wanted, name))
    widget.save()
    # Whose people see what strangers write there.
    Connection.objects.filter(pk=widget.pk).update(place_id=widget.property_id)
    told: dict[str, Any] = {"origins": widget.origins}
    audit(widget.organization_id, user, "chat.changed", f"chat:{widget.key}", before=before, after=told)


@transaction.atomic
def renew_secret(user: User, widget: ChatWidget) -> None:
    """Identities that were signed with the old secret are believed no more. Raises PermissionDenied."""
    require(user, Permission.CONNECTIONS_EDIT)
    widget.secret = new_secret()
    widget.save(update_fields=["secret"])
    audit(widget.organization_id, user, "chat.secret_renewed", f"chat:{widget.key}")


def title_of(widget: ChatWidget) -> str:
    return widget.title or (widget.property.name if widget.property else "") or _("Chat")


def way_to(organization_id: int, channel: Channel) -> Connection | None:
    """The organization's connection that carries a channel now."""
    rows = Connection.objects.filter(organization_id=organization_id, kind="channel", paused_at=None)
    usable = rows.exclude(stage=Stage.SHADOW).order_by("pk")
    return next((one for one in usable if channel.value in one.addresses), None)
