"""The texts that WhatsApp approved for the account, as the Content API lists them
(https://www.twilio.com/docs/content/content-api-resources)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from connectors.channels.twilio.words import TEMPLATES
from connectors.contract.direct import TemplateRecord
from connectors.contract.errors import Rejected
from connectors.contract.http import Call, Request
from connectors.contract.wire import Wire, first, items, obj, text

HOST: Final = "https://content.twilio.com"
PATH: Final = "/v1/ContentAndApprovals"
# An answer is at most 1 MB, about 500 templates; WhatsApp approves no more than 6,000 for an account.
_PAGE: Final = 200
_MOST_PAGES: Final = 30
# twilio/card and whatsapp/card name the same parts differently (https://www.twilio.com/docs/content/twiliocard,
# https://www.twilio.com/docs/content/whatsappcard).
_WORDS: Final = ("header_text", "title", "body", "subtitle", "footer")
_GAP: Final = re.compile(r"\{\{\s*(\w+)\s*\}\}")


def host_of(base_url: str) -> str:
    """The Content API has a host of its own at Twilio; elsewhere it is the connection's."""
    return HOST if (urlsplit(base_url).hostname or "").endswith(".twilio.com") else base_url.rstrip("/")


def is_listing(request: Request) -> bool:
    return request.method == "GET" and urlsplit(request.path).path == PATH


def read_all(call: Call, base_url: str) -> list[TemplateRecord]:
    """Raises ConnectorError."""
    host = host_of(base_url)
    url = f"{host}{PATH}?PageSize={_PAGE}"
    found: dict[str, TemplateRecord] = {}
    for _ in range(_MOST_PAGES):
        answer = obj(call(Request(method="GET", path=url)).json())
        for record in _records(items(answer, "contents")):
            found.setdefault(record.external_id, record)
        url = text(obj(answer.get("meta")).get("next_page_url"))
        if not url:
            return list(found.values())
        if not url.startswith(f"{host}{PATH}?"):
            raise Rejected(detail="Not a page of this account's templates.", code="foreign_address")
    raise Rejected(detail="Twilio's list of templates does not end.", code="endless")


def _records(rows: list[Wire]) -> Iterator[TemplateRecord]:
    for row in rows:
        approval = obj(row.get("approval_requests"))
        status = TEMPLATES.get(text(approval.get("status")).lower())
        name, language = first(approval.get("name"), row.get("friendly_name")), text(row.get("language"))
        if status is None or not name or not language or not text(row.get("sid")):
            continue  # never handed in for approval: it can't be sent outside the window
        yield TemplateRecord(
            external_id=f"{name}:{language}",
            name=name,
            language=language,
            status=status,
            category=text(approval.get("category")).lower(),
            body=_body(row, text(approval.get("content_type"))),
            reason=text(approval.get("rejection_reason")),
            remote_id=text(row.get("sid")),
            raw=row,
        )


def _body(row: Wire, approved: str) -> str:
    """What the guest reads, of the type that was approved; a card has words above and below, or no others."""
    types = obj(row.get("types"))
    told = obj(types.get(approved)) or next((obj(one) for one in types.values()), {})
    return _GAP.sub(r"{{\1}}", "\n".join(words for key in _WORDS if (words := text(told.get(key)))))
