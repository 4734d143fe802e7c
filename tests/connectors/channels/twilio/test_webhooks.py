"""What Twilio's webhooks mean."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.contract.connector import QUERY
from connectors.contract.direct import (
    AddressKind,
    AddressState,
    AlertRecord,
    Channel,
    Delivery,
    DeliveryReport,
    DirectMessageRecord,
    Keyword,
)
from connectors.contract.errors import Unreadable
from connectors.contract.events import CanonicalEvent, EventKind
from tests.connectors.channels.twilio.helpers import FIXTURES, FORM, JSON, form, told, twilio

SMS = "authored_twilio_inbound_sms.form.json"
WHATSAPP = "authored_twilio_inbound_whatsapp.form.json"
STATUS = "twilio_status_callback_sent.form.json"


def events(body: bytes, query: str = "") -> list[CanonicalEvent]:
    return twilio().parse({**FORM, QUERY: query}, body)


def message(name: str = SMS, **changes: str) -> DirectMessageRecord:
    [event] = events(told(name, **changes))
    assert event.kind == EventKind.DIRECT_MESSAGE
    assert isinstance(event.direct, DirectMessageRecord)
    return event.direct


def report(**changes: str) -> DeliveryReport:
    found = events(told(STATUS, To="+14155550101", **changes), "m=abcd2345")[0].direct
    assert isinstance(found, DeliveryReport)
    return found


def test_a_guest_texts() -> None:
    record = message()
    assert (record.channel, record.guest.kind, record.guest.value) == (
        Channel.SMS,
        AddressKind.PHONE,
        "+14155550101",
    )
    assert (record.ours, record.body_text, record.sent_at) == ("+15105550100", "Hi, is the gym open?", None)
    assert record.external_id == "SM00000000000000000000000000000001"


def test_a_picture_without_words() -> None:
    record = message("authored_twilio_inbound_mms.form.json")
    [file] = record.attachments
    assert (record.body_text, file.mime_type, file.external_id) == (
        "",
        "image/jpeg",
        "ME00000000000000000000000000000003",
    )


def test_whatsapp_with_and_without_a_number() -> None:
    record = message(WHATSAPP, ExternalUserId="whatsapp:US.1349120865")
    assert (record.channel, record.guest.value, record.guest.name) == (
        Channel.WHATSAPP,
        "+14155550101",
        "Sheena",
    )
    assert [(one.kind, one.value) for one in record.also] == [(AddressKind.WHATSAPP_USER, "US.1349120865")]
    hidden = message(WHATSAPP, From="", ExternalUserId="whatsapp:US.1349120865")
    assert (hidden.channel, hidden.guest.kind) == (Channel.WHATSAPP, AddressKind.WHATSAPP_USER)


def test_a_place_and_a_button_have_words() -> None:
    place = message(WHATSAPP, Body="", Latitude="41.38", Longitude="2.17", Label="Lobby")
    assert place.body_text == "📍 Lobby (41.38, 2.17)"
    assert message(WHATSAPP, Body="", ButtonText="Yes, please").body_text == "Yes, please"


@pytest.mark.parametrize(
    ("changes", "keyword", "handled"),
    [
        ({"Body": "STOP"}, Keyword.STOP, True),
        ({"Body": " cancel "}, Keyword.STOP, True),
        ({"Body": "Start"}, Keyword.START, True),
        ({"Body": "HELP"}, Keyword.HELP, True),
        ({"Body": "YES"}, Keyword.NONE, False),
        ({"Body": "please stop"}, Keyword.NONE, False),
        ({"Body": "STOP", "To": "12345"}, Keyword.NONE, False),
        ({"Body": "Basta", "OptOutType": "STOP"}, Keyword.STOP, True),
        ({"Body": "x", "OptOutType": "NEW"}, Keyword.NONE, False),
    ],
)
def test_keywords_as_twilio_takes_them(changes: dict[str, str], keyword: Keyword, handled: bool) -> None:
    record = message(**changes)
    assert (record.keyword, record.handled) == (keyword, handled)


def test_on_whatsapp_nobody_takes_keywords_without_advanced_opt_out() -> None:
    assert message(WHATSAPP, Body="STOP").keyword == Keyword.NONE
    assert message(WHATSAPP, Body="STOP", OptOutType="STOP").handled


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("sent", Delivery.SENT),
        ("delivered", Delivery.DELIVERED),
        ("read", Delivery.READ),
        ("undelivered", Delivery.FAILED),
        ("failed", Delivery.FAILED),
        ("canceled", Delivery.FAILED),
    ],
)
def test_reports_bear_our_token(status: str, state: Delivery) -> None:
    found = report(MessageStatus=status)
    assert (found.state, found.reference) == (state, "abcd2345")
    assert found.external_id == "SM1342fe1b2c904d1ab04f0fc7a58abca9"
    assert bool(found.reason) == (state == Delivery.FAILED)


@pytest.mark.parametrize("status", ["queued", "sending", "accepted"])
def test_a_message_under_way_is_no_report(status: str) -> None:
    [event] = events(told(STATUS, MessageStatus=status))
    assert (event.kind, event.unknown) == (EventKind.IGNORED, {})


def test_a_status_that_is_new_to_us_is_kept() -> None:
    [event] = events(told(STATUS, MessageStatus="teleported"))
    assert (event.kind, event.unknown) == (EventKind.IGNORED, {"MessageStatus": "teleported"})


@pytest.mark.parametrize(
    ("code", "sender", "state"),
    [
        ("21610", "+15017250604", AddressState.OPTED_OUT),
        ("30004", "+15017250604", AddressState.BAD),
        ("30004", "+18005550101", AddressState.OPTED_OUT),
        ("30005", "+15017250604", AddressState.BAD),
        ("30006", "+15017250604", AddressState.BAD),
        ("30003", "+15017250604", AddressState.FINE),
        ("63014", "whatsapp:+15017250604", AddressState.OPTED_OUT),
        ("99999", "+15017250604", AddressState.FINE),
    ],
)
def test_what_a_failure_says_about_the_address(code: str, sender: str, state: AddressState) -> None:
    found = report(MessageStatus="failed", ErrorCode=code, From=sender)
    assert (found.code, found.address_state) == (code, state)
    assert found.address is not None
    assert found.address.value == "+14155550101"


def test_trouble_of_the_account_is_an_alert_too() -> None:
    [_, alert] = events(told(STATUS, MessageStatus="failed", ErrorCode="30002"))
    assert isinstance(alert.direct, AlertRecord)
    assert alert.direct.code == "30002"


def test_event_streams_tell_the_same() -> None:
    body = (FIXTURES / "twilio_event_inbound_message_v1_6.json").read_bytes()
    envelope = b'[{"type":"com.twilio.messaging.inbound-message.received","id":"EZ1","data":' + body + b"}]"
    for one in (body, envelope):
        [event] = twilio().parse({**JSON, QUERY: ""}, one)
        assert isinstance(event.direct, DirectMessageRecord)
        assert (event.direct.body_text, event.direct.keyword, event.direct.handled) == (
            "Ahoy!",
            Keyword.STOP,
            True,
        )
        assert event.occurred_at == datetime(2025, 1, 1, tzinfo=UTC)
    status: Any = (
        b'{"type":"com.twilio.messaging.message.delivered",'
        b'"data":{"messageSid":"SM1","messageStatus":"DELIVERED","to":"+14155550101","from":"+15105550100"}}'
    )
    [event] = twilio().parse({**JSON, QUERY: ""}, status)
    assert isinstance(event.direct, DeliveryReport)
    assert event.direct.state == Delivery.DELIVERED


def test_one_key_per_message_and_status() -> None:
    keys = {
        twilio().delivery_key({**FORM, QUERY: ""}, body)
        for body in (told(SMS), told(SMS, Extra="x"), told(STATUS), told(STATUS, MessageStatus="delivered"))
    }
    assert len(keys) == 3


@pytest.mark.parametrize("body", [form(Body="x"), form(MessageSid="SM1", Body="x"), b""])
def test_what_names_no_message_or_nobody_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        events(body)
