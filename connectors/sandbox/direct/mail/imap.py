"""The IMAP server over the post office's folders. UIDs and UIDVALIDITY outlive a restart; IDLE is Twisted's."""

import functools
from collections.abc import Callable, Iterable
from email.message import EmailMessage
from email.utils import format_datetime
from fnmatch import fnmatchcase
from io import BytesIO
from typing import Any, cast

from twisted.cred.portal import Portal
from twisted.internet import defer
from twisted.internet.protocol import ServerFactory
from twisted.mail import imap4
from zope.interface import implementer

from connectors.sandbox.clock import parse_iso
from connectors.sandbox.direct.mail.doorman import Doorman
from connectors.sandbox.direct.mail.house import new_validity
from connectors.sandbox.direct.mail.office import PostOffice, parsed
from connectors.sandbox.direct.mail.records import Folder, Letter, Raw
from connectors.sandbox.direct.mail.sasl import Sasl
from connectors.sandbox.direct.mail.search import Candidate, SearchError, matches
from connectors.sandbox.direct.mail.watch import Watch
from connectors.sandbox.direct.mail.xoauth2 import XOAUTH2

_FLAGS = ("\\Seen", "\\Answered", "\\Flagged", "\\Deleted", "\\Draft")
_SEEN = "\\Seen"


@implementer(imap4.IMessage, imap4.IMessageFile)
class Mail:
    """One mail, or a part of it."""

    def __init__(self, letter: Letter, raw: Callable[[], bytes], part: EmailMessage | None = None) -> None:
        self._letter = letter
        self._raw = raw
        self._part = part

    @functools.cached_property
    def _mail(self) -> EmailMessage:
        return self._part if self._part is not None else parsed(self._raw())

    def getHeaders(self, negate: bool, *names: Any) -> dict[str, str]:  # noqa: N802 - Twisted's
        """The headers that are named, or all others."""
        wanted = {(name.decode() if isinstance(name, bytes) else str(name)).casefold() for name in names}
        return {
            name.casefold(): str(value).replace("\r\n", " ").replace("\n", " ")
            for name, value in self._mail.items()
            if (name.casefold() in wanted) != negate
        }

    def getBodyFile(self) -> BytesIO:  # noqa: N802 - Twisted's name
        """What stands below the headers."""
        raw = self._mail.as_bytes() if self._part is not None else self._raw()
        return BytesIO(raw.partition(b"\r\n\r\n")[2])

    def open(self) -> BytesIO:
        """All of it, byte for byte."""
        return BytesIO(self._raw())

    def getSize(self) -> int:  # noqa: N802 - Twisted's name
        """In bytes."""
        return len(self._part.as_bytes()) if self._part is not None else self._letter.size

    def isMultipart(self) -> bool:  # noqa: N802 - Twisted's name
        """Whether it has parts."""
        return self._mail.is_multipart()

    def getSubPart(self, part: int) -> "Mail":  # noqa: N802 - Twisted's name
        """A part, from 0."""
        return Mail(self._letter, self._raw, cast("list[EmailMessage]", self._mail.get_payload())[part])

    def getUID(self) -> int:  # noqa: N802 - Twisted's name
        """Its UID."""
        return self._letter.uid

    def getFlags(self) -> list[str]:  # noqa: N802 - Twisted's name
        """Its flags."""
        return list(self._letter.flags)

    def getInternalDate(self) -> str:  # noqa: N802 - Twisted's name
        """When it came."""
        return format_datetime(parse_iso(self._letter.received_at))


@implementer(imap4.IMailbox, imap4.ICloseableMailbox)
class Box:
    """A folder as one connection sees it."""

    def __init__(self, office: PostOffice, folder: Folder, *, writable: bool = True) -> None:
        self._office = office
        self._id = folder.id
        self._writable = writable
        self._listeners: list[Any] = []

    @property
    def _folder(self) -> Folder:
        return self._office.world.store.need(Folder, self._id)

    def _letters(self) -> list[Letter]:
        return self._office.letters(self._id)

    def getUIDValidity(self) -> int:  # noqa: N802 - Twisted's name
        """The folder's UIDVALIDITY."""
        return self._folder.uidvalidity

    def getUIDNext(self) -> int:  # noqa: N802 - Twisted's name
        """The UID that the next mail gets."""
        return self._folder.uidnext

    def getUID(self, message: int) -> int:  # noqa: N802 - Twisted's name
        """The UID of a sequence number."""
        return self._letters()[message - 1].uid

    def getMessageCount(self) -> int:  # noqa: N802 - Twisted's name
        """How many mails there are."""
        return len(self._letters())

    def getRecentCount(self) -> int:  # noqa: N802 - Twisted's name
        """Not kept."""
        return 0

    def getUnseenCount(self) -> int:  # noqa: N802 - Twisted's name
        """How many weren't read."""
        return sum(_SEEN not in letter.flags for letter in self._letters())

    def isWriteable(self) -> bool:  # noqa: N802 - Twisted's name
        """Whether it was selected, not examined."""
        return self._writable

    def destroy(self) -> None:
        """Nothing to let go of."""

    def getFlags(self) -> list[str]:  # noqa: N802 - Twisted's name
        """Flags that mails may have."""
        return list(_FLAGS)

    def getHierarchicalDelimiter(self) -> str:  # noqa: N802 - Twisted's name
        """Between the names of folders."""
        return "/"

    def requestStatus(self, names: Iterable[str]) -> dict[str, int]:  # noqa: N802 - Twisted's name
        """What STATUS asks for."""
        return cast("dict[str, int]", imap4.statusRequestHelper(self, names))

    def addListener(self, listener: Any) -> None:  # noqa: N802 - Twisted's name
        """Tell a connection of new mails."""
        self._listeners.append(listener)
        if len(self._listeners) == 1:
            self._office.listeners[self._id].append(self._tell)

    def removeListener(self, listener: Any) -> None:  # noqa: N802 - Twisted's name
        """Tell it no more."""
        self._listeners.remove(listener)
        if not self._listeners:
            self._office.listeners[self._id].remove(self._tell)

    def _tell(self) -> None:
        for listener in self._listeners:
            listener.newMessages(self.getMessageCount(), None)

    def addMessage(self, message: Any, flags: Iterable[Any] = (), date: Any = None) -> Any:  # noqa: ARG002, N802
        """APPEND and COPY. Answers the UID, in a Deferred."""
        names = [flag.decode() if isinstance(flag, bytes) else str(flag) for flag in flags]
        return defer.succeed(self._office.store(self._folder, message.read(), names, "", "").uid)

    def expunge(self) -> list[int]:
        """Take away what is marked as deleted; answers sequence numbers, each as of its turn."""
        gone, store = list[int](), self._office.world.store
        with store.tx():
            for number, letter in enumerate(self._letters(), start=1):
                if "\\Deleted" in letter.flags:
                    gone.append(number - len(gone))
                    store.delete(Letter, "id = ?", (letter.id,))
                    store.delete(Raw, "id = ?", (letter.id,))
        return gone

    def close(self) -> None:
        """Nothing to let go of."""

    def fetch(self, messages: Any, uid: int) -> list[tuple[int, Mail]]:
        """The mails that are named, with their sequence numbers."""
        return [
            (number, Mail(letter, functools.partial(self._office.raw, letter)))
            for number, letter in self._chosen(messages, uid)
        ]

    def search(self, query: list[Any], *, by_uid: bool) -> list[int]:
        """Sequence numbers or UIDs of what fits. Raises SearchError."""
        letters = self._letters()
        last = letters[-1].uid if letters else 0
        found = [
            Candidate(number, letter, functools.partial(self._office.raw, letter), len(letters), last)
            for number, letter in enumerate(letters, start=1)
        ]
        return [one.letter.uid if by_uid else one.number for one in found if matches(query, one)]

    def _chosen(self, messages: Any, uid: int) -> list[tuple[int, Letter]]:
        letters = self._letters()
        if not letters:
            return []
        if not messages.last:
            messages.last = letters[-1].uid if uid else len(letters)
        return [
            (number, letter)
            for number, letter in enumerate(letters, start=1)
            if (letter.uid if uid else number) in messages
        ]

    def store(self, messages: Any, flags: list[str], mode: int, uid: int) -> dict[int, list[str]]:
        """Set (0), add (1) or take away (-1) flags."""
        if not self._writable:
            raise imap4.ReadOnlyMailbox
        changed: dict[int, list[str]] = {}
        with self._office.world.store.tx():
            for number, letter in self._chosen(messages, uid):
                kept = [] if mode == 0 else [flag for flag in letter.flags if flag not in flags]
                letter.flags = kept + (flags if mode >= 0 else [])
                self._office.world.store.put(letter)
                changed[number] = letter.flags
        return changed


@implementer(imap4.IAccount)
class Account:
    """The folders of one mailbox."""

    def __init__(self, office: PostOffice, address: str) -> None:
        self._office = office
        self._address = address

    def _folders(self) -> list[Folder]:
        return self._office.world.store.find(Folder, "mailbox = ?", (self._address,))

    def listMailboxes(self, ref: str, wildcard: str) -> list[tuple[str, Box]]:  # noqa: N802 - Twisted's name
        """The folders whose name fits."""
        pattern = f"{ref}{wildcard}".replace("%", "*")
        return [
            (folder.name, Box(self._office, folder))
            for folder in self._folders()
            if fnmatchcase(folder.name, pattern)
        ]

    def select(self, name: str, rw: bool = True) -> Box | None:
        """A folder, or None."""
        wanted = "INBOX" if name.upper() == "INBOX" else name
        found = [folder for folder in self._folders() if folder.name == wanted]
        return Box(self._office, found[0], writable=bool(rw)) if found else None

    def create(self, name: str) -> bool:
        """A new folder."""
        if self.select(name) is not None:
            raise imap4.MailboxCollision(name)
        self._office.world.store.put(Folder(f"{self._address}/{name}", self._address, name, new_validity()))
        return True

    def isSubscribed(self, name: str) -> bool:  # noqa: N802 - Twisted's name
        """Every folder is."""
        return self.select(name) is not None

    def subscribe(self, name: str) -> bool:
        """Every folder is subscribed to."""
        return self.isSubscribed(name)

    def unsubscribe(self, name: str) -> bool:
        """Folders stay subscribed to."""
        return self.isSubscribed(name)

    def delete(self, name: str) -> None:
        """Folders stay."""
        raise imap4.MailboxException(f"{name} can't be deleted")

    def rename(self, old: str, new: str) -> None:  # noqa: ARG002 - Twisted's
        """Folders keep their names."""
        raise imap4.MailboxException(f"{old} can't be renamed")


class Server(Sasl):
    """One connection. A fetched body counts as read unless it was only peeked at."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self._watch = watch

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        """Greets, unless it is down."""
        if fault := self._watch.strikes("down", "/imap"):
            self._watch.note("IMAP", "/imap", 421)
            if fault.params["mode"] == "503":
                self.transport.write(b"* BYE Service not available\r\n")
                self.transport.loseConnection()
            else:
                self.transport.abortConnection()
            return
        super().connectionMade()

    def do_SEARCH(self, tag: bytes, charset: Any, query: list[Any], uid: int = 0) -> None:  # noqa: ARG002, N802
        """The box knows how; Twisted's own search trips over bytes."""
        try:
            found = self.mbox.search(query, by_uid=bool(uid))
        except (SearchError, ValueError, IndexError) as error:
            self.sendBadResponse(tag, str(error).encode())
            return
        self.sendUntaggedResponse(" ".join(["SEARCH", *map(str, found)]).encode())
        self.sendPositiveResponse(tag, b"SEARCH completed")

    select_SEARCH = (do_SEARCH, imap4.IMAP4Server.opt_charset, imap4.IMAP4Server.arg_searchkeys)  # noqa: N815

    def do_IDLE(self, tag: bytes) -> None:  # noqa: N802 - Twisted's name
        """As Twisted does; the log of requests tells who waits."""
        super().do_IDLE(tag)
        self._watch.note("IMAP", "/imap/idle", 200)

    select_IDLE = (do_IDLE,)  # noqa: N815

    def spew_body(self, part: Any, id: int, msg: Any, _w: Any = None, _f: Any = None) -> Any:  # noqa: A002
        """As Twisted does, and marks the mail as read (RFC 3501, 6.4.5)."""
        if not part.peek and self.mbox is not None and self.mbox.isWriteable():
            self.mbox.store(imap4.MessageSet(id, id), [_SEEN], 1, uid=0)
        return super().spew_body(part, id, msg, _w, _f)


class Factory(ServerFactory):
    """Makes a server for every connection."""

    noisy = False

    def __init__(self, watch: Watch, portal: Portal, doorman: Doorman) -> None:
        self._watch = watch
        self._portal = portal
        self._doorman = doorman

    def buildProtocol(self, addr: Any) -> Server:  # noqa: ARG002, N802 - Twisted's name
        """One connection's server."""
        server = Server(self._watch)
        server.challengers = {
            b"LOGIN": imap4.LOGINCredentials,
            b"PLAIN": imap4.PLAINCredentials,
            XOAUTH2: self._doorman.bearer,
        }
        server.factory = self
        server.portal = self._portal
        return server
