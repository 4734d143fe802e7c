"""The submission server: AUTH is needed, a login sends for its own domain."""

from collections.abc import Callable
from typing import Any

from twisted.cred.portal import Portal
from twisted.internet import defer, reactor
from twisted.internet.protocol import ServerFactory
from twisted.internet.task import deferLater
from twisted.mail import smtp
from twisted.mail.imap4 import LOGINCredentials, PLAINCredentials
from zope.interface import implementer

from connectors.sandbox.direct.mail.doorman import Doorman, Refused
from connectors.sandbox.direct.mail.office import PostOffice
from connectors.sandbox.direct.mail.watch import Watch
from connectors.sandbox.direct.mail.xoauth2 import XOAUTH2

HOST = b"mail.harbour-house.example"
_NEEDS_LOGIN = (530, "5.7.0 Authentication required")
_FOREIGN = (553, "5.7.1 Sender address rejected: not owned by user")
_BUSY = (451, "4.7.1 Too many messages, try again later")
_BROKEN = (451, "4.3.0 Temporary failure")


@implementer(smtp.IMessageDelivery)
class Delivery:
    """What one connection sends. `owner` is who logged in; empty: nobody did."""

    def __init__(self, office: PostOffice, watch: Watch, owner: str) -> None:
        self._office = office
        self._watch = watch
        self._owner = owner
        self._envelope: _Envelope | None = None
        self.protocol: Any = None

    def receivedHeader(self, *_: object) -> bytes:  # noqa: N802 - Twisted's name
        """The post office writes that header."""
        return b""

    def validateFrom(self, _: object, origin: smtp.Address) -> smtp.Address:  # noqa: N802 - Twisted's name
        """The sender must be of the login's domain, or empty."""
        if not self._owner:
            raise smtp.SMTPServerError(*_NEEDS_LOGIN)
        if self._watch.strikes("too_many", "/smtp/mail"):
            raise smtp.SMTPServerError(*_BUSY)
        domain = origin.domain.decode().casefold()
        if str(origin) and domain != self._owner.partition("@")[2].casefold():
            raise smtp.SMTPServerError(*_FOREIGN)
        self._envelope = _Envelope(self._office, self._watch, str(origin), lambda: self.protocol)
        return origin

    def validateTo(self, user: smtp.User) -> Callable[[], "_Copy"]:  # noqa: N802 - Twisted's name
        """Everybody may be written to; what can't arrive comes back later."""
        envelope = self._envelope
        if envelope is None:
            raise smtp.SMTPServerError(*_NEEDS_LOGIN)
        return envelope.copy_for(str(user.dest))


class _Envelope:
    """One mail to several recipients; it is sent once all copies are complete."""

    def __init__(self, office: PostOffice, watch: Watch, sender: str, protocol: Callable[[], Any]) -> None:
        self._office = office
        self._watch = watch
        self._sender = sender
        self._protocol = protocol
        self._recipients: list[str] = []
        self._waiting = 0

    def copy_for(self, recipient: str) -> Callable[[], "_Copy"]:
        """Makes the copy when the data comes."""

        def make() -> _Copy:
            self._recipients.append(recipient)
            self._waiting += 1
            return _Copy(self)

        return make

    def complete(self, raw: bytes) -> "defer.Deferred[None]":
        """One copy is complete; the last one sends the mail."""
        self._waiting -= 1
        if self._waiting:
            return defer.succeed(None)
        seconds = self._watch.seconds("slow", "/smtp/data")
        return deferLater(reactor, seconds, self._send, raw)

    def _send(self, raw: bytes) -> None:
        self._office.send(self._sender, self._recipients, raw)
        if self._watch.strikes("cut_after_work", "/smtp/data"):
            self._watch.note("SMTP", "/smtp/data", 0)
            self._protocol().transport.abortConnection()
        elif self._watch.strikes("error_after_work", "/smtp/data"):
            self._watch.note("SMTP", "/smtp/data", _BROKEN[0])
            raise smtp.SMTPServerError(*_BROKEN)
        else:
            self._watch.note("SMTP", "/smtp/data", 250)


@implementer(smtp.IMessage)
class _Copy:
    """The lines for one recipient."""

    def __init__(self, envelope: _Envelope) -> None:
        self._envelope = envelope
        self._lines: list[bytes] = []

    def lineReceived(self, line: bytes) -> None:  # noqa: N802 - Twisted's name
        """One more line."""
        self._lines.append(line)

    def eomReceived(self) -> "defer.Deferred[None]":  # noqa: N802 - Twisted's name
        """That was all."""
        return self._envelope.complete(b"\r\n".join(self._lines) + b"\r\n")

    def connectionLost(self) -> None:  # noqa: N802 - Twisted's name
        """It was never completed."""
        self._lines.clear()


class Server(smtp.ESMTP):
    """One connection."""

    noisy = False

    def __init__(self, office: PostOffice, watch: Watch, doorman: Doorman) -> None:
        super().__init__({b"PLAIN": PLAINCredentials, b"LOGIN": LOGINCredentials, XOAUTH2: doorman.bearer})
        self.host = HOST
        self._office = office
        self._watch = watch

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        """Greets, unless it is down."""
        if fault := self._watch.strikes("down", "/smtp"):
            self._watch.note("SMTP", "/smtp", 421)
            if fault.params["mode"] == "503":
                self.transport.write(b"421 4.3.2 Service not available\r\n")
                self.transport.loseConnection()
            else:
                self.transport.abortConnection()
            return
        super().connectionMade()
        self.delivery = Delivery(self._office, self._watch, "")

    def _cbAuthenticated(self, info: Any) -> Any:  # noqa: N802 - Twisted's name
        result = super()._cbAuthenticated(info)
        self.delivery.protocol = self
        return result

    def _ebAuthenticated(self, reason: Any) -> None:  # noqa: N802 - Twisted's name
        """Says what the mailbox's host says."""
        if reason.check(Refused):
            self.sendCode(reason.value.code, reason.value.text.encode())
        else:
            super()._ebAuthenticated(reason)

    def _messageHandled(self, results: Any) -> None:  # noqa: N802 - Twisted's name
        """Says what the post office said, not always 550."""
        for good, value in results if isinstance(results, list) else ():
            if not good and value.check(smtp.SMTPServerError):
                self.sendCode(value.value.code, value.value.resp.encode())
                return
        super()._messageHandled(results)


class Factory(ServerFactory):
    """Makes a server for every connection."""

    noisy = False

    def __init__(self, office: PostOffice, watch: Watch, portal: Portal, doorman: Doorman) -> None:
        self._office = office
        self._watch = watch
        self._portal = portal
        self._doorman = doorman

    def buildProtocol(self, addr: Any) -> Server:  # noqa: ARG002, N802 - Twisted's name
        """One connection's server."""
        server = Server(self._office, self._watch, self._doorman)
        server.factory = self
        server.portal = self._portal
        return server
