"""SMTP and IMAP on loopback ports, within the program's event loop. Imported once Twisted's reactor is installed."""

from typing import Any

from twisted.cred.portal import IRealm, Portal
from twisted.internet import reactor
from twisted.internet.error import CannotListenError
from twisted.mail.imap4 import IAccount
from twisted.mail.smtp import IMessageDelivery
from zope.interface import implementer

from connectors.sandbox.direct.mail import imap, smtp
from connectors.sandbox.direct.mail.doorman import Doorman
from connectors.sandbox.direct.mail.office import PostOffice
from connectors.sandbox.direct.mail.watch import Watch

_MOST_PORT = 65_535


@implementer(IRealm)
class _Realm:
    """Gives out what a login may do."""

    def __init__(self, office: PostOffice, watch: Watch) -> None:
        self._office = office
        self._watch = watch

    def requestAvatar(self, avatarId: Any, mind: object, *interfaces: object) -> tuple[Any, Any, Any]:  # noqa: ARG002, N802, N803
        """Folders for IMAP, sending for SMTP."""
        if IAccount in interfaces:
            return IAccount, imap.Account(self._office, str(avatarId)), _nothing
        return IMessageDelivery, smtp.Delivery(self._office, self._watch, str(avatarId)), _nothing


def _nothing() -> None:
    """What is to be done at the end of a session."""


class MailServers:
    """Both servers."""

    def __init__(self, office: PostOffice) -> None:
        self._office = office
        self._ports: list[Any] = []

    def start(self, host: str, smtp_port: int, imap_port: int) -> tuple[int, int]:
        """Listen; a port that is taken is replaced by a free one. Answers the ports."""
        watch = Watch(self._office.world)
        doorman = Doorman(self._office, watch)
        portal = Portal(_Realm(self._office, watch), [doorman])
        factories = (
            (smtp_port, smtp.Factory(self._office, watch, portal, doorman)),
            (imap_port, imap.Factory(watch, portal, doorman)),
        )
        self._ports = [_listen(host, port, factory) for port, factory in factories]
        return self._ports[0].getHost().port, self._ports[1].getHost().port

    def stop(self) -> None:
        """Listen no more."""
        for port in self._ports:
            port.stopListening()


def _listen(host: str, port: int, factory: Any) -> Any:
    tcp: Any = reactor
    try:
        return tcp.listenTCP(port if port <= _MOST_PORT else 0, factory, interface=host)
    except CannotListenError:
        return tcp.listenTCP(0, factory, interface=host)
