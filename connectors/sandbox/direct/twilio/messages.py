"""Reading, listing, redacting and deleting messages and their files."""

from typing import Any
from urllib.parse import quote, urlencode

from connectors.sandbox.direct.records import WHATSAPP, Media, Text
from connectors.sandbox.direct.twilio import shapes
from connectors.sandbox.direct.twilio.calls import Call
from connectors.sandbox.direct.twilio.errors import TwilioError
from connectors.sandbox.records import Json

_DEFAULT_SIZE, _MOST = 50, 1000
_FILTERS = ("To", "From", "DateSent", "DateSent<", "DateSent>")
_OPEN = ("accepted", "queued", "scheduled", "sending", "receiving")


def find(call: Call) -> Json:
    """A page of messages, newest first."""
    where, values = _wanted(call)
    size = max(1, min(call.whole("PageSize", _DEFAULT_SIZE), _MOST))
    page, token = call.whole("Page", 0), call.query.get("PageToken", "")
    if token:
        where.append('rowid < (SELECT rowid FROM "Text" WHERE id = ?)')
        values.append(token.removeprefix("PA"))
    rows = call.store.find(Text, " AND ".join(where), values, order="rowid DESC", limit=size + 1)
    more, rows = len(rows) > size, rows[:size]
    path, asked = f"{shapes.ROOT}/Messages.json", [(k, call.query[k]) for k in _FILTERS if k in call.query]
    asked.append(("PageSize", str(size)))

    def uri(number: int, *after: tuple[str, str]) -> str:
        return f"{path}?{urlencode([*asked, ('Page', str(number)), *after], quote_via=quote)}"

    return {
        "end": page * size + max(len(rows) - 1, 0),
        "first_page_uri": uri(0),
        "next_page_uri": uri(page + 1, ("PageToken", f"PA{rows[-1].id}")) if more else None,
        "page": page,
        "page_size": size,
        "previous_page_uri": uri(page - 1) if page else None,
        "messages": [shapes.message(row) for row in rows],
        "start": page * size,
        "uri": uri(page, *((("PageToken", token),) if token else ())),
    }


def _wanted(call: Call) -> tuple[list[str], list[Any]]:
    """The conditions. `DateSent<` and `DateSent>` include their end; a date means the whole day, in UTC."""
    where, values = ["1"], list[Any]()
    for name, (inbound, outbound) in {"To": ("ours", "phone"), "From": ("phone", "ours")}.items():
        if given := call.query.get(name):
            kind = WHATSAPP if given.startswith("whatsapp:") else "sms"
            where.append(f"kind = ? AND CASE inbound WHEN 1 THEN {inbound} ELSE {outbound} END = ?")
            values += [kind, given.removeprefix("whatsapp:")]
    for name, sign in {"DateSent": "=", "DateSent<": "<=", "DateSent>": ">="}.items():
        if given := call.query.get(name):
            moment = given.strip().removesuffix("Z").removesuffix("+00:00").replace(" ", "T")
            where.append(f"substr(sent_at, 1, {len(moment)}) {sign} ?")
            values.append(moment)
    return where, values


def get(call: Call) -> Json:
    """One message."""
    return shapes.message(_text(call))


def update(call: Call) -> Json:
    """An empty `Body` takes the text away; `Status=canceled` withdraws what is scheduled. Raises TwilioError."""
    text = _text(call)
    if call.one("Status") == "canceled":
        if text.state != "scheduled":
            raise TwilioError(20404)
        text.state, text.moves_at = "canceled", None
    elif call.has("Body") and not call.one("Body") and text.state not in _OPEN:
        text.body = ""
        text.extra["redacted"] = True
    else:
        raise TwilioError(21602)
    call.world.put_text(text)
    return shapes.message(text)


def delete(call: Call) -> None:
    """Take a message and its files away; one that is on its way stays. Raises TwilioError."""
    text = _text(call)
    if text.state in _OPEN:
        raise TwilioError(20009)
    with call.world.store.tx():
        call.world.store.delete(Media, "text_id = ?", (text.id,))
        call.world.store.delete(Text, "id = ?", (text.id,))


def media_list(call: Call) -> Json:
    """The files of a message, on one page."""
    text = _text(call)
    rows = call.store.find(Media, "text_id = ?", (text.id,))
    uri = f"{shapes.ROOT}/Messages/{text.id}/Media.json?PageSize={_DEFAULT_SIZE}&Page=0"
    return {
        "end": max(len(rows) - 1, 0),
        "first_page_uri": uri,
        "media_list": [shapes.media(row) for row in rows],
        "next_page_uri": None,
        "page": 0,
        "page_size": _DEFAULT_SIZE,
        "previous_page_uri": None,
        "start": 0,
        "uri": uri,
    }


def media_get(call: Call) -> Json:
    """What is known of one file."""
    return shapes.media(media_row(call))


def media_delete(call: Call) -> None:
    """Take one file away."""
    row = media_row(call)
    call.world.store.delete(Media, "id = ?", (row.id,))


def media_row(call: Call) -> Media:
    """The file that the path names. Raises TwilioError."""
    row = call.store.get(Media, call.params["media"])
    if row is None or row.text_id != call.params["sid"]:
        raise TwilioError(20404)
    return row


def _text(call: Call) -> Text:
    text = call.store.get(Text, call.params["sid"])
    if text is None:
        raise TwilioError(20404)
    return text
