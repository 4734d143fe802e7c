"""Sending, looking for what was sent, catching up, files (https://www.twilio.com/docs/messaging/api/message-resource)."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import quote, urlencode, urljoin

from connectors.channels.twilio import templates
from connectors.channels.twilio.webhooks import REFERENCE, WHATSAPP, address_of, read_message, report_of
from connectors.channels.twilio.words import STATES, meaning_of
from connectors.contract import wire
from connectors.contract.channel import ChannelConnector, Media
from connectors.contract.connector import Page
from connectors.contract.direct import AddressKind, Channel, Delivery, DirectRecord, TemplateRecord
from connectors.contract.errors import NotDelivered, NotFound, OutcomeUnknown, Rejected, Unsupported
from connectors.contract.http import Call, Request, Response
from connectors.contract.intents import Done, Found, SendDirect
from connectors.contract.records import AttachmentRecord
from connectors.contract.wire import Wire, obj, text

MAX_FILE: Final = 25_000_000
PAGE: Final = 100
MAX_TEXT: Final = 1600
# A file may wait as long as its message does in the queue: 10 hours.
LINK_S: Final = 12 * 3600
SKEW: Final = timedelta(minutes=2)
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_MOST_PAGES: Final = 5
_MOST_HOPS: Final = 3
_SERVICE: Final = "MG"


class Messages(ChannelConnector):
    """`root` is the account's own path."""

    root: str
    _redirects: set[str]

    # --- sending ---
    def send(self, call: Call, intent: SendDirect) -> Done:
        request = Request(
            method="POST", path=f"{self.root}/Messages.json", form=self._form(intent), effect=True
        )
        answer = obj(call(request).json())
        sid = text(answer.get("sid"))
        if not sid:
            raise OutcomeUnknown(detail="No sid in the answer.", code="no_id")
        if STATES.get(text(answer.get("status")).lower()) == Delivery.FAILED:
            code = wire.integer(answer.get("error_code"))
            meaning = meaning_of(code, text(answer.get("from")))
            error = NotDelivered(meaning.text, code=str(code or ""))
            error.address_state = meaning.state
            raise error
        return Done(remote_id=sid, at=_moment(answer.get("date_created")), raw=answer)

    def _form(self, intent: SendDirect) -> list[tuple[str, str]]:
        form = [("To", self._wire_address(intent)), *self._sender(intent.channel)]
        if intent.template is not None:
            form += self._template(intent)
        else:
            if len(intent.body) > MAX_TEXT:
                raise Rejected("The text is longer than 1600 characters.", code="21617")
            form += [("Body", intent.body)] if intent.body else []
            form += [("MediaUrl", self._link(file.key, file.name)) for file in intent.files]
        if self.settings.hook_url:
            form.append(
                ("StatusCallback", f"{self.settings.hook_url}?{urlencode({REFERENCE: intent.reference})}")
            )
        return form

    @staticmethod
    def _wire_address(intent: SendDirect) -> str:
        if intent.to_kind != AddressKind.PHONE:
            raise Rejected("Twilio sends to phone numbers only.", code="no_number")
        return f"{WHATSAPP}{intent.to}" if intent.channel == Channel.WHATSAPP else intent.to

    def _sender(self, channel: str) -> list[tuple[str, str]]:
        """With a service, a number as well chooses one of its pool. Raises Rejected where there is no sender."""
        told = self.settings.credentials
        if channel == Channel.WHATSAPP:
            found = [("From", f"{WHATSAPP}{told.get('whatsapp_sender', '')}")]
            ready = bool(told.get("whatsapp_sender"))
        else:
            given = (("MessagingServiceSid", "messaging_service_sid"), ("From", "sender"))
            found = [(name, told[field]) for name, field in given if told.get(field)]
            ready = channel == Channel.SMS and bool(found)
        if not ready:
            raise Rejected("No sender is set up for this channel.", code="no_sender")
        return found

    @staticmethod
    def _template(intent: SendDirect) -> list[tuple[str, str]]:
        template = intent.template
        if template is None or not template.remote_id:
            raise Rejected("A template is sent by its ContentSid.", code="no_template")
        names = template.names or tuple(str(place + 1) for place in range(len(template.values)))
        variables = dict(zip(names, template.values, strict=False))
        form = [("ContentSid", template.remote_id)]
        return [*form, ("ContentVariables", json.dumps(variables, ensure_ascii=False))] if variables else form

    def _link(self, key: str, name: str) -> str:
        if self.files is None:
            raise Unsupported(detail="There is no store of files.")
        return self.files.link(key, name, LINK_S)

    # --- reading back ---
    def find_sent(
        self, call: Call, intent: SendDirect, since: datetime, known: Collection[str]
    ) -> Found | None:
        """By recipient, sender, time and text. The text of a template is known to Twilio only: nothing is found, and
        a status report with our token settles it."""
        if intent.template is not None:
            return None
        wanted = intent.body.strip(), len(intent.files)
        found = None
        for row in self._rows(call, since - SKEW, to=self._wire_address(intent)):
            created = _moment(row.get("date_created"))
            same = (text(row.get("body")), wire.integer(row.get("num_media")) or 0) == wanted
            fits = same and created is not None and created >= since - SKEW and self._is_ours_out(row)
            if fits and text(row.get("sid")) not in known:
                found = Found(remote_id=text(row.get("sid")), at=created)  # newest first: the oldest stays
        return found

    def _rows(self, call: Call, since: datetime, *, to: str = "") -> Iterator[Wire]:
        cursor: str | None = None
        for _ in range(_MOST_PAGES):
            rows, cursor = self._page(call, cursor, since, to)
            yield from rows
            if cursor is None:
                return

    def _page(
        self, call: Call, cursor: str | None, since: datetime, to: str = ""
    ) -> tuple[list[Wire], str | None]:
        """Filters take days of UTC. The cursor is Twilio's own path of the next page."""
        day = since.astimezone(UTC).date().isoformat()
        query = (("To", to),) if to else ()
        if cursor is None:
            request = Request(
                method="GET",
                path=f"{self.root}/Messages.json",
                query=(*query, ("DateSent>", day), ("PageSize", str(PAGE))),
            )
        elif cursor.startswith(f"{self.root}/Messages.json?"):
            request = Request(method="GET", path=cursor)
        else:
            raise Rejected(detail="Not a page of this account.", code="foreign_address")
        answer = obj(call(request).json())
        return wire.items(answer, "messages"), text(answer.get("next_page_uri")) or None

    # --- catching up ---
    def list_messages(self, call: Call, cursor: str | None, since: datetime) -> Page[DirectRecord]:
        """Newest first. Messages of guests to us, and what became of those that went out from us; others that use the
        account don't concern us."""
        rows, following = self._page(call, cursor, since)
        recent = [row for row in rows if (_moment(row.get("date_created")) or since) >= since]
        records = [record for row in reversed(recent) for record in self._records(call, row)]
        return Page(items=records, next_cursor=following)

    def _records(self, call: Call, row: Wire) -> Iterator[DirectRecord]:
        sid, status = text(row.get("sid")), text(row.get("status")).lower()
        if self._is_ours_in(row) and sid and status == "received":
            record = read_message(
                {"MessageSid": sid, "From": row.get("from"), "To": row.get("to"), "Body": row.get("body")}
            )
            files = self._files_of(call, sid) if wire.integer(row.get("num_media")) else ()
            sent_at = _moment(row.get("date_sent")) or _moment(row.get("date_created"))
            yield replace(record, sent_at=sent_at, attachments=files, raw=row)
        elif self._is_ours_out(row) and sid and (state := STATES.get(status)):
            yield report_of(
                sid,
                state,
                text(row.get("from")),
                text(row.get("to")),
                wire.integer(row.get("error_code")),
                at=_moment(row.get("date_updated")),
                withdrawn=status == "canceled",
            )

    def _files_of(self, call: Call, sid: str) -> tuple[AttachmentRecord, ...]:
        answer = call(
            Request(method="GET", path=f"{self.root}/Messages/{quote(sid, safe='')}/Media.json")
        ).json()
        base = (self.settings.base_url or self.default_base_url).rstrip("/")
        return tuple(
            AttachmentRecord(
                external_id=text(one.get("sid")),
                url=base + text(one.get("uri")).removesuffix(".json"),
                mime_type=text(one.get("content_type")),
            )
            for one in wire.items(answer, "media_list")
            if text(one.get("sid")) and text(one.get("uri")).startswith(f"{self.root}/")
        )

    def _is_ours_in(self, row: Wire) -> bool:
        return text(row.get("direction")) == "inbound" and self._is_mine(row, "to")

    def _is_ours_out(self, row: Wire) -> bool:
        return text(row.get("direction")).startswith("outbound") and self._is_mine(row, "from")

    def _is_mine(self, row: Wire, side: str) -> bool:
        service = self.settings.credentials.get("messaging_service_sid")
        number = text(row.get(side))
        mine = {address.removeprefix(WHATSAPP) for address in self.addresses().values()}
        return bool(
            (service and text(row.get("messaging_service_sid")) == service)
            or (number and address_of(number).value in mine)
        )

    # --- templates ---
    def list_templates(self, call: Call) -> Sequence[TemplateRecord]:
        if Channel.WHATSAPP not in self.addresses():
            return ()
        return templates.read_all(call, self.settings.base_url or self.default_base_url)

    # --- files ---
    def fetch(self, call: Call, attachment: AttachmentRecord) -> Media:
        """Twilio wants our credentials and answers with the address of a store that must not see them."""
        if not super().is_ours(attachment.url):
            raise NotFound(detail="Not an address of Twilio's.", code="foreign_address")
        request = Request(method="GET", path=attachment.url, headers=_ANY, max_answer=MAX_FILE)
        for _ in range(_MOST_HOPS):
            response = call(request)
            if response.status not in REDIRECTS:
                return Media(content=response.body, mime_type=_type_of(response) or attachment.mime_type)
            url = urljoin(request.path, response.headers["location"])
            if not url.startswith(("https://", "http://")):
                break
            self._redirects.add(url)
            request = Request(method="GET", path=url, headers=_ANY, max_answer=MAX_FILE, authorized=False)
        raise NotFound(detail="Its redirects lead nowhere.", code="redirects")

    def is_ours(self, url: str) -> bool:
        """And, without our credentials, the very addresses that Twilio sent us on to for a file."""
        return super().is_ours(url) or url in self._redirects or self._is_templates(url)

    def _is_templates(self, url: str) -> bool:
        host = templates.host_of(self.settings.base_url or self.default_base_url)
        return url.startswith(f"{host}{templates.PATH}?")


_ANY: Final = {"accept": "*/*"}


def is_media(request: Request) -> bool:
    path = request.path.partition("?")[0]
    return request.method == "GET" and (
        not request.authorized or ("/Media/" in path and not path.endswith(".json"))
    )


def _type_of(response: Response) -> str:
    return response.headers.get("content-type", "").partition(";")[0].strip().lower()


def _moment(value: object) -> datetime | None:
    """RFC 2822, in UTC."""
    try:
        moment = parsedate_to_datetime(text(value))
    except (TypeError, ValueError):
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
