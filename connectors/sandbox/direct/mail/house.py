"""The mail server: its mailboxes and its settings."""

import secrets
from datetime import datetime

from connectors.sandbox.direct.mail.records import FOLDERS, INDEXES, TABLES, Folder, Mailbox
from connectors.sandbox.faults import KINDS
from connectors.sandbox.house import Errors, House, Postage
from connectors.sandbox.records import Json
from connectors.sandbox.seed.cloudbeds.stories import STORIES as CLOUDBEDS
from connectors.sandbox.seed.guesty.stories import STORIES as GUESTY
from connectors.sandbox.seed.hostaway.stories import STORIES as HOSTAWAY
from connectors.sandbox.settings import Settings
from connectors.sandbox.store import Store

NAME = "mail"
HOTEL, HOTEL_PASSWORD = "stay@harbour-house.example", "sandbox-mail"
GUEST_PASSWORD = "sandbox-guest"  # noqa: S105 - the sandbox's own
_FAULTS = frozenset({"down", "slow", "too_many", "error_after_work", "cut_after_work"})


def plant(store: Store, _: datetime) -> None:
    """The hotel's mailbox, and one for every guest with an address."""
    open_mailbox(store, Mailbox(HOTEL, "Harbour House", HOTEL_PASSWORD, ours=True))
    people = [(story.email, story.name) for story in GUESTY]
    people += [(story.email, story.name) for story in HOSTAWAY]
    people += [(story.email, story.name) for story in CLOUDBEDS]
    for address, name in people:
        if address and store.get(Mailbox, address) is None:
            open_mailbox(store, Mailbox(address, name, GUEST_PASSWORD))


def open_mailbox(store: Store, mailbox: Mailbox) -> Mailbox:
    """A new mailbox with its folders."""
    store.put(mailbox)
    store.put_all([Folder(f"{mailbox.id}/{name}", mailbox.id, name, new_validity()) for name in FOLDERS])
    return mailbox


def new_validity() -> int:
    """Never twice the same, not even after a reset."""
    return secrets.randbelow(2**31 - 1) + 1


def _no_headers(*_: object) -> Json:
    return {}


MAIL = House(
    name=NAME,
    title="Mail",
    database="sandbox-mail.sqlite3",
    plant=plant,
    settings=Settings(),
    errors=Errors(down=b"", too_many=b"", in_200=b"", after_work=b""),
    postage=Postage(retry_delays=(), headers=_no_headers),
    tables=TABLES,
    indexes=INDEXES,
    no_faults=frozenset(set(KINDS) - _FAULTS),
)
