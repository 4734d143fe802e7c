"""What the mail server keeps."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.sandbox.records import Application, Delivery, Fault, Json, Peak, Setting, Subscription, Token

INBOX, SENT = "INBOX", "Sent"
FOLDERS = (INBOX, SENT, "Drafts", "Junk", "Trash")
OK, MISSING, FULL = "ok", "missing", "full"
MICROSOFT, GOOGLE = "microsoft", "google"


@dataclass(slots=True)
class Mailbox:
    """An address with its login. `state`: ok, missing (bounces), full (bounces softly); `away` is what it answers.

    `host`: microsoft (its tokens only, no passwords), google (its tokens, and passwords of applications), or empty
    for one that takes passwords and the tokens of both.
    """

    id: str
    name: str
    password: str
    ours: bool = False
    state: str = OK
    away: str = ""
    host: str = ""


@dataclass(slots=True)
class Folder:
    """A folder of a mailbox; the id is `address/name`. UIDs only grow, until `uidvalidity` is another."""

    id: str
    mailbox: str
    name: str
    uidvalidity: int
    uidnext: int = 1


@dataclass(slots=True)
class Letter:
    """One mail in a folder; its bytes are in `Raw` under the same id. `sender` is the envelope's."""

    id: str
    folder: str
    uid: int
    flags: list[str]
    received_at: str
    sender: str
    recipient: str
    message_id: str
    subject: str
    size: int
    extra: Json = field(default_factory=dict)


@dataclass(slots=True)
class Raw:
    """The bytes of a mail."""

    id: str
    data: bytes


TABLES: tuple[type[Any], ...] = (
    Mailbox,
    Folder,
    Letter,
    Raw,
    Application,
    Token,
    Subscription,
    Delivery,
    Setting,
    Fault,
    Peak,
)
INDEXES: Mapping[type[Any], tuple[str, ...]] = {Letter: ("folder, uid", "message_id")}
