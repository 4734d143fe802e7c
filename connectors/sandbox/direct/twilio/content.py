"""The Content API: templates with WhatsApp's approval (https://www.twilio.com/docs/content/content-api-resources).

Twilio has it under another host (`content.twilio.com`); here it is beside Messaging.
"""

from collections.abc import Callable
from urllib.parse import urlencode

from connectors.sandbox.clock import parse_iso
from connectors.sandbox.direct.records import Template
from connectors.sandbox.direct.twilio.calls import Call
from connectors.sandbox.direct.twilio.errors import TwilioError
from connectors.sandbox.direct.twilio.house import ACCOUNT
from connectors.sandbox.direct.twilio.templates import UNSUBMITTED, types_of
from connectors.sandbox.records import Json

_DEFAULT_SIZE, _MOST = 50, 1000


def contents(call: Call) -> Json:
    """A page of templates, each with its own address."""
    return _page(call, "Content", lambda row: _content(row) | _links(call, row))


def contents_and_approvals(call: Call) -> Json:
    """A page of templates, each with what WhatsApp has decided."""
    return _page(
        call, "ContentAndApprovals", lambda row: _content(row) | {"approval_requests": approval(row)}
    )


def get(call: Call) -> Json:
    """One template. Raises TwilioError."""
    row = _row(call)
    return _content(row) | _links(call, row)


def approvals(call: Call) -> Json:
    """What WhatsApp has decided on one template. Raises TwilioError."""
    row = _row(call)
    url = f"{_url(call, row)}/ApprovalRequests"
    return {
        "sid": row.id,
        "account_sid": ACCOUNT,
        "whatsapp": {"type": "whatsapp", **approval(row)},
        "url": url,
    }


def approval(row: Template) -> Json:
    """WhatsApp's decision; of one that was never submitted, the status says so."""
    asked = row.status != UNSUBMITTED
    return {
        "name": row.name if asked else "",
        "category": row.category if asked else "",
        "content_type": str(row.components[0]["type"]) if asked else "",
        "status": row.status,
        "rejection_reason": row.extra["reason"],
        "allow_category_change": True,
    }


def _row(call: Call) -> Template:
    row = call.store.get(Template, call.params["sid"])
    if row is None:
        raise TwilioError(20404)
    return row


def _content(row: Template) -> Json:
    return {
        "sid": row.id,
        "account_sid": ACCOUNT,
        "friendly_name": row.name,
        "language": row.language,
        "variables": row.extra["variables"],
        "types": types_of(row),
        "date_created": _moment(row, "created_at"),
        "date_updated": _moment(row, "updated_at"),
    }


def _moment(row: Template, name: str) -> str:
    return parse_iso(str(row.extra[name])).strftime("%Y-%m-%dT%H:%M:%SZ")


def _root(call: Call) -> str:
    return f"{call.world.address}/twilio/v1"


def _url(call: Call, row: Template) -> str:
    return f"{_root(call)}/Content/{row.id}"


def _links(call: Call, row: Template) -> Json:
    url = _url(call, row)
    fetch = f"{url}/ApprovalRequests"
    return {"url": url, "links": {"approval_fetch": fetch, "approval_create": f"{fetch}/whatsapp"}}


def _page(call: Call, name: str, shown: Callable[[Template], Json]) -> Json:
    """Newest first. Only `PageToken` goes on: `Page` alone is the first page under another number."""
    size = max(1, min(call.whole("PageSize", _DEFAULT_SIZE), _MOST))
    page, token = call.whole("Page", 0), call.query.get("PageToken", "")
    where, values = "1", list[str]()
    if token:
        where = 'rowid < (SELECT rowid FROM "Template" WHERE id = ?)'
        values.append(token.removeprefix("DN").partition("-")[0])
    rows = call.store.find(Template, where, values, order="rowid DESC", limit=size + 1)
    more, rows = len(rows) > size, rows[:size]

    def url(number: int, after: str = "") -> str:
        asked = {"PageSize": size, "Page": number} | ({"PageToken": after} if after else {})
        return f"{_root(call)}/{name}?{urlencode(asked)}"

    return {
        "contents": [shown(row) for row in rows],
        "meta": {
            "page": page,
            "page_size": size,
            "first_page_url": url(0),
            "previous_page_url": url(page - 1) if page else None,
            "url": url(page, token),
            "next_page_url": url(page + 1, _token(rows[-1])) if more else None,
            "key": "contents",
        },
    }


def _token(last: Template) -> str:
    return f"DN{last.id}-{int(parse_iso(str(last.extra['updated_at'])).timestamp())}"
