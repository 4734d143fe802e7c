"""What Twilio posts: inbound messages and statuses, as forms (docs/messaging/guides/webhook-request)."""

import json

from connectors.sandbox.direct.line_world import LineWorld
from connectors.sandbox.direct.records import WHATSAPP, Line, Media, Phone, Text
from connectors.sandbox.direct.twilio import shapes
from connectors.sandbox.direct.twilio.errors import text_of
from connectors.sandbox.direct.twilio.forms import write_form
from connectors.sandbox.direct.twilio.house import ACCOUNT, INBOUND, STATUS
from connectors.sandbox.direct.twilio.segments import segments
from connectors.sandbox.records import Json

_PLACES = {"+1415": ("SAN FRANCISCO", "CA", "94105", "US"), "+1401": ("NEWPORT", "RI", "02840", "US")}
_COUNTRIES = {"+1": "US", "+44": "GB", "+49": "DE", "+351": "PT", "+34": "ES", "+33": "FR"}


def inbound(world: LineWorld, text: Text, phone: Phone) -> None:
    """Tell our side that a guest wrote. The service's address goes before the number's."""
    line = world.store.need(Line, text.ours)
    service = world.store.get(Line, line.service)
    goal = service if service and service.inbound_url else line
    if goal.inbound_url:
        body = write_form(_inbound(world, text, phone, service).items())
        world.owe(INBOUND, f"{text.kind}.inbound", body, goal.inbound_url)


def _inbound(world: LineWorld, text: Text, phone: Phone, service: Line | None) -> dict[str, str]:
    sender, to = shapes.ends(text)
    files = world.media_of(text)
    fields = {
        "SmsMessageSid": text.id,
        "NumMedia": str(len(files)),
        "SmsSid": text.id,
        "SmsStatus": "received",
        "Body": text.body,
        "To": to,
        "NumSegments": str(segments(text.body)),
        "MessageSid": text.id,
        "AccountSid": ACCOUNT,
        "From": sender,
        "ApiVersion": "2010-04-01",
    }
    if service:
        fields["MessagingServiceSid"] = service.id
        if service.advanced_opt_out and (word := text.extra.get("opt_out")):
            fields["OptOutType"] = str(word)
    fields |= _whatsapp(text, phone) if text.kind == WHATSAPP else _places("From", sender) | _places("To", to)
    return fields | _files(world, files)


def _whatsapp(text: Text, phone: Phone) -> dict[str, str]:
    data = {"type": "whatsapp", "data": {"context": {"ProfileName": phone.name, "WaId": phone.id[1:]}}}
    fields = {
        "ProfileName": phone.name,
        "WaId": phone.id[1:],
        "MessageType": str(text.extra.get("type", "text")),
        "ReferralNumMedia": "0",
        "ChannelMetadata": json.dumps(data, separators=(",", ":")),
        "ExternalUserId": f"whatsapp:{phone.user_id}",
    }
    if quoted := text.extra.get("quotes"):
        fields["OriginalRepliedMessageSid"] = str(quoted)
        fields["OriginalRepliedMessageSender"] = f"whatsapp:{text.ours}"
    if button := text.extra.get("button"):
        fields |= {"ButtonText": str(button), "ButtonPayload": str(button)}
    return fields


def _places(end: str, number: str) -> dict[str, str]:
    """Where the block of numbers is, not where the person is."""
    country = next((code for prefix, code in _COUNTRIES.items() if number.startswith(prefix)), "")
    city, state, post_code, _ = _PLACES.get(number[:5], ("", "", "", ""))
    return {f"{end}City": city, f"{end}State": state, f"{end}Zip": post_code, f"{end}Country": country}


def _files(world: LineWorld, files: list[Media]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for number, row in enumerate(files):
        path = f"{shapes.ROOT}/Messages/{row.text_id}/Media/{row.id}"
        fields[f"MediaContentType{number}"] = row.mime
        fields[f"MediaUrl{number}"] = f"{world.address}/twilio{path}"
    return fields


def status(world: LineWorld, text: Text) -> None:
    """Tell our side what has become of a message, where it asked to be told."""
    if not text.callback:
        return
    sender, to = shapes.ends(text)
    fields = {
        "ApiVersion": "2010-04-01",
        "MessageStatus": text.state,
        "SmsSid": text.id,
        "SmsStatus": text.state,
        "To": to,
        "From": sender,
        "MessageSid": text.id,
        "AccountSid": ACCOUNT,
    }
    if text.service:
        fields["MessagingServiceSid"] = text.service
    if text.error:
        fields |= {"ErrorCode": str(text.error), "ErrorMessage": text_of(text.error)}
    fields |= _channel(text, to) if text.kind == WHATSAPP else _receipt(world, text)
    world.owe(STATUS, f"{text.kind}.{text.state}", write_form(fields.items()), text.callback)


def _channel(text: Text, to: str) -> dict[str, str]:
    fields = {"ChannelPrefix": "whatsapp", "ChannelToAddress": to.removeprefix("whatsapp:")}
    fields["ChannelInstallSid"] = "XE" + "5a0d" * 8
    if text.state == "read":
        fields["EventType"] = "READ"
    if text.error:
        fields["ChannelStatusMessage"] = text_of(text.error)
    return fields


def _receipt(world: LineWorld, text: Text) -> dict[str, str]:
    done = text.state in ("delivered", "undelivered")
    return {"RawDlrDoneDate": world.clock.now().strftime("%y%m%d%H%M")} if done else {}


def remember_fallbacks(world: LineWorld) -> None:
    """Keep for the postman which fallback belongs to which address."""
    endpoint = world.endpoint(INBOUND)
    lines: list[Line] = world.store.find(Line, "inbound_url != '' AND fallback_url != ''")
    endpoint.extra = _fallbacks(lines)
    world.store.put(endpoint)
    world.queue.subscriptions_changed()


def _fallbacks(lines: list[Line]) -> Json:
    return {line.inbound_url: line.fallback_url for line in lines}
