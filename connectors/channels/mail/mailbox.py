"""A mailbox of one's own, by IMAP (RFC 9051) and SMTP submission (RFC 6409): facts, sending, reading, catching up."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from urllib.parse import quote, urlsplit

from connectors.channels.mail import fields, sign_in
from connectors.channels.mail.addresses import fold
from connectors.channels.mail.building import build, instance_of
from connectors.channels.mail.mime import PART, open_mail, part_of
from connectors.channels.mail.reading import Envelope, Home, read_mail, read_sent
from connectors.channels.mail.reports import reason_of, state_of
from connectors.contract import wire
from connectors.contract.answers import Problem, error_for, require_json
from connectors.contract.capabilities import Capabilities, Capability
from connectors.contract.channel import ChannelConnector, ChannelFacts, Files, Media
from connectors.contract.connector import Page, Settings, Subscription, Token
from connectors.contract.deliveries import as_basic, key_of
from connectors.contract.direct import Channel, DirectMessageRecord, DirectRecord
from connectors.contract.errors import (
    ConnectorError,
    NotAuthorized,
    NotFound,
    Rejected,
    Retryable,
    Unreadable,
    Unsupported,
)
from connectors.contract.events import CanonicalEvent, Entity
from connectors.contract.http import Call, Request, Response
from connectors.contract.intents import Done, Found, Intent, SendDirect
from connectors.contract.media import MediaLimits
from connectors.contract.records import AttachmentRecord
from connectors.contract.wire import Wire, first, items, obj, text

MAX_TEXT: Final = 200_000
MAX_FILES: Final = 20_000_000
MAX_MAIL: Final = 40_000_000
PAGE: Final = 10
POLL_S: Final = 60
INBOX: Final = "INBOX"
# Mails may become visible in another order than that of their numbers: so far back is looked again.
WINDOW: Final = 200
_STATUS: Final = ("4.", "5.")


@dataclass(slots=True)
class Place:
    """How far one folder was read: `seen` are the numbers of the last window."""

    validity: int = 0
    last: int = 0
    seen: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Cursor:
    """How far the mailbox was read, and which folder is being read now."""

    folders: dict[str, Place] = field(default_factory=dict)
    at: str = INBOX

    @classmethod
    def read(cls, given: str | None) -> Cursor:
        try:
            told = obj(json.loads(given)) if given else {}
        except ValueError:
            told = {}
        places = {
            name: Place(
                wire.integer(obj(one).get("validity")) or 0,
                wire.integer(obj(one).get("last")) or 0,
                [number for number in obj(one).get("seen") or [] if isinstance(number, int)],
            )
            for name, one in obj(told.get("folders")).items()
        }
        return cls(places, text(told.get("at")) or INBOX)

    def write(self) -> str:
        told = {
            name: {"validity": one.validity, "last": one.last, "seen": one.seen}
            for name, one in self.folders.items()
        }
        return json.dumps({"folders": told, "at": self.at}, separators=(",", ":"))


class Mailbox(ChannelConnector):
    """Mails come by waiting (RFC 2177) and by asking every minute; what is written in a mail program is read from the
    folder of what was sent."""

    slug = "mailbox"
    label = "Mailbox (IMAP, SMTP)"
    default_base_url = "imap:"
    credential_fields = fields.MAILBOX
    facts = {
        Channel.EMAIL: ChannelFacts(
            max_text=MAX_TEXT,
            media=MediaLimits(types={"*/*": MAX_FILES}, count=20, total=MAX_FILES),
            html=True,
        )
    }
    lists_messages = True
    poll_s = POLL_S
    watches = True
    propagation_delay_s = 60
    performs = (SendDirect,)
    capabilities = Capabilities(
        entities={
            Entity.MESSAGE: Capability(
                read=True,
                write=True,
                poll_s=POLL_S,
                fallback="Where the host tells nobody, read every minute. A lost answer: looked for among sent mail.",
                why="Nothing is pushed by IMAP, but hosts tell who waits.",
            )
        },
        attachments=True,
        client_reference=True,
    )

    def __init__(self, settings: Settings, files: Files | None = None) -> None:
        super().__init__(settings, files)
        self.told: Mapping[str, str] = settings.credentials
        self.own = fold(self.told.get("address", ""))
        self.home_of_mail = Home(
            address=self.own,
            instance=instance_of(settings.hook_url),
            authserv_id=self.told.get("authserv_id", ""),
        )

    def addresses(self) -> Mapping[Channel, str]:
        return {Channel.EMAIL: self.own}

    # --- inbound: nothing is pushed ---
    def delivery_key(self, headers: Mapping[str, str], body: bytes) -> str:  # noqa: ARG002
        return key_of(body)

    def verify(
        self,
        headers: Mapping[str, str],  # noqa: ARG002
        body: bytes,  # noqa: ARG002
        secrets: Sequence[str],  # noqa: ARG002
        at: datetime,  # noqa: ARG002
    ) -> bool | None:
        """Nobody has any business at this address."""
        return False

    def parse(self, headers: Mapping[str, str], body: bytes) -> list[CanonicalEvent]:  # noqa: ARG002
        raise Unreadable(detail="A mailbox pushes nothing.")

    # --- where to, and who we are ---
    def home(self, call: Call) -> str:  # noqa: ARG002
        return self.at("imap", "")

    def at(self, scheme: str, folder: str) -> str:
        host, port = self.told.get(f"{scheme}_host", ""), self.told.get(f"{scheme}_port", "")
        shown = f"[{host}]" if ":" in host else host
        return f"{scheme}://{shown}{f':{port}' if port else ''}/{quote(folder, safe='')}"

    def is_ours(self, url: str) -> bool:
        parts = urlsplit(url)
        if sign_in.is_token_url(url, self.told, self.settings.base_url):
            return True
        return any(parts[:2] == urlsplit(self.at(scheme, ""))[:2] for scheme in ("imap", "smtp"))

    def limit_key(self) -> str:
        account = f"{self.told.get('imap_host', '')} {self.told.get('address', '')}"
        return f"mailbox:{sha256(account.encode()).hexdigest()[:24]}"

    def token_request(self) -> Request | None:
        return sign_in.token_request(self.told, self.settings.base_url)

    def read_token(self, response: Response) -> Token:
        return sign_in.read_token(response)

    def authorize(self, request: Request, token: str | None) -> Request:
        scheme = "smtp" if request.path.startswith("smtp:") else "imap"
        login, password = self.told.get("login") or self.own, self.told.get("password", "")
        if scheme == "smtp":
            login = self.told.get("smtp_login") or login
            password = self.told.get("smtp_password") or password
        if token is None and not password:
            raise Rejected("Enter the password of the mailbox.", code="no_password")
        security = self.told.get(f"{scheme}_security") or self._usual(scheme)
        known = as_basic(login, password) if token is None else sign_in.as_bearer(login, token)
        added = {"authorization": known, "x-security": security}
        return replace(request, headers={**request.headers, **added})

    def _usual(self, scheme: str) -> str:
        """The ports say it: 587 and 143 begin in the clear and are encrypted before anybody signs in."""
        port = self.told.get(f"{scheme}_port", "")
        return "starttls" if port in {"587", "25", "143"} or (scheme == "smtp" and not port) else "tls"

    def check(self, request: Request, response: Response) -> None:
        if 200 <= response.status < 300:
            require_json(request, response)
            return
        if not request.authorized:
            raise sign_in.refusal(response) or error_for(request, response, Problem())
        raise _smtp_error(response) if request.path.startswith("smtp:") else _imap_error(request, response)

    # --- reads ---
    def ping(self, call: Call) -> str:
        """Both ways are tried: who can read only would notice with the first answer."""
        call(Request(method="GET", path=self.at("imap", "")))
        call(Request(method="HEAD", path=self.at("smtp", "")))
        return self.own

    def list_messages(self, call: Call, cursor: str | None, since: datetime) -> Page[DirectRecord]:
        """By number from where the last list ended; a folder whose numbers are no longer good is read by day."""
        now = Cursor.read(cursor)
        folders = [INBOX, *([sent] if (sent := self._sent_folder(call)) else [])]
        folder = now.at if now.at in folders else INBOX
        place = now.folders.setdefault(folder, Place())
        answer = self._unseen(call, folder, place, since)
        if (validity := wire.integer(answer.get("uidvalidity")) or 0) != place.validity and place.last:
            place = now.folders[folder] = Place(validity)
            answer = self._unseen(call, folder, place, since)
        place.validity = wire.integer(answer.get("uidvalidity")) or 0
        records = [record for row in items(answer, "mails") for record in self._records(folder, place, row)]
        self._note(place, answer)
        if answer.get("more") is True and (answer.get("mails") or answer.get("left_out")):
            return Page(items=records, next_cursor=now.write())
        following = folders[folders.index(folder) + 1 :]
        now.at = following[0] if following else INBOX
        if following:
            return Page(items=records, next_cursor=now.write())
        return Page(items=records, next_cursor=None, resume=now.write())

    def wait(self, call: Call, seconds: int) -> bool:
        query = (("wait", str(seconds)),)
        answer = obj(call(Request(method="GET", path=self.at("imap", INBOX), query=query, long=True)).json())
        if answer.get("can_wait") is not True:
            raise Unsupported(detail="The host knows no IDLE.")
        return answer.get("changed") is True

    def _unseen(self, call: Call, folder: str, place: Place, since: datetime) -> Wire:
        query: list[tuple[str, str]] = [("most", str(PAGE))]
        if place.last:
            query.append(("after", str(max(0, place.last - WINDOW))))
        else:
            query.append(("since", (since - timedelta(days=1)).astimezone(UTC).date().isoformat()))
        if place.seen:
            query.append(("skip", ",".join(map(str, place.seen))))
        request = Request(method="GET", path=self.at("imap", folder), query=tuple(query), max_answer=MAX_MAIL)
        return obj(call(request).json())

    @staticmethod
    def _note(place: Place, answer: Wire) -> None:
        numbers = [wire.integer(row.get("uid")) or 0 for row in items(answer, "mails")]
        numbers += [one for one in answer.get("left_out") or [] if isinstance(one, int)]
        place.last = max([place.last, *numbers])
        kept = {*place.seen, *numbers}
        place.seen = sorted(one for one in kept if one > place.last - WINDOW)

    def _records(self, folder: str, place: Place, row: Wire) -> list[DirectRecord]:
        raw, at = _raw(row), wire.instant(row.get("date"))
        mail = open_mail(raw)
        if folder == INBOX:
            found = read_mail(mail, self.home_of_mail, Envelope(received_at=at))
        else:
            sent = read_sent(mail, self.home_of_mail, at)
            found = sent if isinstance(sent, str) else [sent]
        link = (
            f"{self.at('imap', folder)};UIDVALIDITY={place.validity};UID={wire.integer(row.get('uid')) or 0}"
        )
        return [] if isinstance(found, str) else [_linked(record, link) for record in found]

    def _sent_folder(self, call: Call) -> str:
        """As it was named, else as the host marks it (RFC 6154), else by its usual name; empty where there is none."""
        if given := self.told.get("sent_folder"):
            return given
        folders = items(obj(call(Request(method="GET", path=self.at("imap", ""))).json()), "folders")
        names = [text(one.get("name")) for one in folders]
        marked = [text(one.get("name")) for one in folders if "\\Sent" in (one.get("flags") or [])]
        usual = [name for name in ("Sent", "Sent Items", "Sent Messages", "INBOX.Sent") if name in names]
        return first(*marked, *usual)

    def fetch(self, call: Call, attachment: AttachmentRecord) -> Media:
        """The mail is read once more: it stays where it is."""
        if not (self.is_ours(attachment.url) and attachment.external_id.startswith(PART)):
            raise NotFound(detail="Not in this mailbox.", code="foreign_address")
        path, _, rest = attachment.url.partition(";UIDVALIDITY=")
        validity, _, uid = rest.partition(";UID=")
        request = Request(method="GET", path=path, query=(("uids", uid),), max_answer=MAX_MAIL)
        answer = obj(call(request).json())
        rows = items(answer, "mails")
        if text(answer.get("uidvalidity")) != validity or not rows:
            raise NotFound(detail="The mail is no longer there.", code="no_mail")
        return part_of(open_mail(_raw(rows[0])), attachment.external_id)

    # --- effects ---
    def perform(self, call: Call, intent: Intent) -> Done:
        if not isinstance(intent, SendDirect):
            raise Unsupported(detail=type(intent).__name__)
        if intent.channel != Channel.EMAIL:
            raise Rejected("This connection sends e-mail only.", code="no_sender")
        now = datetime.now(UTC)
        content = build(intent, self.own, self.home_of_mail.instance, self._read, now)
        # RFC 3834: what answers by itself has no sender, so that nothing can answer it.
        nobody = bool(intent.automatic and intent.mail and intent.mail.answer)
        headers = {"x-from": "" if nobody else self.own, "x-to": fold(intent.to)}
        request = Request(
            method="SEND", path=self.at("smtp", ""), content=content, headers=headers, effect=True
        )
        call(request)
        self._keep(call, content)
        return Done(remote_id=intent.mail.message_id if intent.mail else "", at=now)

    def _read(self, key: str) -> bytes:
        if self.files is None:
            raise Unsupported(detail="There is no store of files.")
        return self.files.read(key)

    def _keep(self, call: Call, content: bytes) -> None:
        """A copy for those who look with a mail program. It has been sent: nothing here may say otherwise."""
        if self.told.get("keeps_sent", "").strip().lower() in {"yes", "true", "1"}:
            return
        try:
            if folder := self._sent_folder(call):
                call(Request(method="APPEND", path=self.at("imap", folder), content=content))
        except ConnectorError:
            return

    def find(self, call: Call, intent: Intent, since: datetime, known: Collection[str] = ()) -> Found | None:  # noqa: ARG002
        """A host that took it may have kept it under our own id."""
        if not isinstance(intent, SendDirect) or intent.mail is None:
            raise Unsupported(detail=type(intent).__name__)
        if not (folder := self._sent_folder(call)):
            return None
        query = (("message_id", intent.mail.message_id),)
        answer = obj(call(Request(method="GET", path=self.at("imap", folder), query=query)).json())
        return Found(remote_id=intent.mail.message_id) if answer.get("uids") else None

    # --- webhooks: there are none ---
    def list_subscriptions(self, call: Call) -> Iterator[Subscription]:  # noqa: ARG002
        return iter(())

    def subscribe(self, call: Call, url: str, secret: str = "") -> Subscription:  # noqa: ARG002
        return Subscription(external_id="", url=url)

    def unsubscribe(self, call: Call, subscription: Subscription) -> None:
        """Nothing of ours is kept there."""

    def read_webhook_secret(self, call: Call, url: str) -> str | None:  # noqa: ARG002
        return None


def _raw(row: Wire) -> bytes:
    try:
        return base64.b64decode(text(row.get("raw")))
    except (binascii.Error, ValueError) as error:
        raise Unreadable(detail="A mail that is none.") from error


def _linked(record: DirectRecord, link: str) -> DirectRecord:
    """There is no delivery to take files from: each names its mail and its part."""
    if not isinstance(record, DirectMessageRecord):
        return record
    return replace(record, attachments=tuple(replace(one, url=link) for one in record.attachments))


def _told(response: Response) -> Wire:
    try:
        return obj(response.json())
    except Unreadable:
        return {}


def _smtp_error(response: Response) -> ConnectorError:
    """By the reply code, and by the finer one (RFC 3463) where the text begins with it. A refusal at any stage means
    that nothing was taken."""
    told = _told(response)
    words, stage = text(told.get("text")), text(told.get("stage"))
    status = words.split(" ")[0] if words.startswith(_STATUS) else ""
    facts: dict[str, Any] = {"detail": f"SMTP {response.status} at {stage}: {words}"[:300]}
    facts["code"] = status or str(response.status)
    if 400 <= response.status < 500:
        return Retryable(after_s=120, **facts)
    if stage == "sign in":
        return NotAuthorized(**facts)
    error = Rejected(reason_of(status) if status else "The mail host refused it.", **facts)
    error.address_state = state_of(status) if stage == "to" else error.address_state
    return error


def _imap_error(request: Request, response: Response) -> ConnectorError:
    words = text(_told(response).get("text"))
    return error_for(request, response, Problem(message=words, code=f"imap_{response.status}"))
