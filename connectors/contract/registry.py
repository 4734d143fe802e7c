"""Which connectors there are: ours by table, others by entry point group `bellhop.connectors`."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import entry_points

from connectors.contract.base import PmsConnector
from connectors.contract.channel import ChannelConnector
from connectors.contract.connector import Connector

BUILT_IN: dict[str, str] = {
    "cloudbeds": "connectors.pms.cloudbeds:Cloudbeds",
    "guesty": "connectors.pms.guesty:Guesty",
    "hostaway": "connectors.pms.hostaway:Hostaway",
    "mail_provider": "connectors.channels.mail.provider:MailProvider",
    "mailbox": "connectors.channels.mail.mailbox:Mailbox",
    "twilio": "connectors.channels.twilio:Twilio",
    "webchat": "connectors.channels.webchat:WebChat",
    "whatsapp": "connectors.channels.whatsapp:WhatsApp",
}
GROUP = "bellhop.connectors"


class UnknownConnector(LookupError):
    """No connector has that slug."""


@cache
def connector_class(slug: str) -> type[Connector]:
    """The class for `slug`. Raises UnknownConnector, naming those that exist."""
    target = available().get(slug)
    if target is None:
        raise UnknownConnector(f"No connector {slug!r}. There are: {', '.join(sorted(available()))}.")
    module, _, name = target.partition(":")
    loaded: type[Connector] = getattr(import_module(module), name)
    return loaded


def pms_class(slug: str) -> type[PmsConnector]:
    """The class of a PMS. Raises UnknownConnector for a channel too."""
    found = connector_class(slug)
    if not issubclass(found, PmsConnector):
        raise UnknownConnector(f"{slug!r} is no PMS.")
    return found


def channel_class(slug: str) -> type[ChannelConnector]:
    """The class of a channel. Raises UnknownConnector for a PMS too."""
    found = connector_class(slug)
    if not issubclass(found, ChannelConnector):
        raise UnknownConnector(f"{slug!r} is no channel.")
    return found


def is_channel(slug: str) -> bool:
    """Is it a channel of our own? Raises UnknownConnector."""
    return issubclass(connector_class(slug), ChannelConnector)


@cache
def available() -> dict[str, str]:
    """slug → "module:Class" of every connector installed."""
    found = dict(BUILT_IN)
    for point in entry_points(group=GROUP):
        found.setdefault(point.name, point.value)
    return found
