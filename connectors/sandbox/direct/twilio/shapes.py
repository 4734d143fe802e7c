"""How Twilio shows a message and a file: numbers as texts, dates as RFC 2822."""

from email.utils import format_datetime

from connectors.sandbox.clock import parse_iso
from connectors.sandbox.direct.records import PROVIDER, WHATSAPP, Media, Text
from connectors.sandbox.direct.twilio.errors import text_of
from connectors.sandbox.direct.twilio.house import ACCOUNT
from connectors.sandbox.direct.twilio.segments import segments
from connectors.sandbox.records import Json

ROOT = f"/2010-04-01/Accounts/{ACCOUNT}"


def date(instant: str | None) -> str | None:
    """`Thu, 30 Jul 2015 20:12:31 +0000`."""
    return format_datetime(parse_iso(instant)) if instant else None


def address(text: Text, number: str) -> str:
    """The number as the channel writes it."""
    return f"whatsapp:{number}" if text.kind == WHATSAPP else number


def ends(text: Text) -> tuple[str, str]:
    """From and To."""
    guest, house = address(text, text.phone), address(text, text.ours)
    return (guest, house) if text.inbound else (house, guest)


def direction(text: Text) -> str:
    """`inbound`, `outbound-api`, or `outbound-reply` for what Twilio answered by itself."""
    if text.inbound:
        return "inbound"
    return "outbound-reply" if text.author == PROVIDER else "outbound-api"


def message(text: Text) -> Json:
    """A message. With a service, the sender is null until one was chosen."""
    sender, to = ends(text)
    undecided = text.state in ("accepted", "scheduled") or not text.ours
    uri = f"{ROOT}/Messages/{text.id}"
    counted = "0" if text.service and undecided else str(segments(text.body))
    return {
        "account_sid": ACCOUNT,
        "api_version": "2010-04-01",
        "body": text.body,
        "date_created": date(text.created_at),
        "date_sent": date(text.sent_at),
        "date_updated": date(text.updated_at),
        "direction": direction(text),
        "error_code": text.error or None,
        "error_message": text_of(text.error) if text.error else None,
        "from": None if undecided else sender,
        "messaging_service_sid": text.service or None,
        "num_media": str(text.extra.get("num_media", 0)),
        "num_segments": counted,
        "price": None,
        "price_unit": "USD",
        "sid": text.id,
        "status": text.state,
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": to,
        "uri": f"{uri}.json",
    }


def media(row: Media) -> Json:
    """A file."""
    return {
        "account_sid": ACCOUNT,
        "content_type": row.mime,
        "date_created": date(row.created_at),
        "date_updated": date(row.created_at),
        "parent_sid": row.text_id,
        "sid": row.id,
        "uri": f"{ROOT}/Messages/{row.text_id}/Media/{row.id}.json",
    }
