"""What Meta's webhooks mean, and whom they are from."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.channels.whatsapp.messages import NOT_SHOWN
from connectors.contract.direct import (
    AddressKind,
    AddressMovedRecord,
    AddressState,
    AlertRecord,
    ChangeKind,
    ConsentRecord,
    Delivery,
    DeliveryReport,
    DirectMessageRecord,
    MessageChangeRecord,
    Scope,
    TemplateRecord,
    TemplateStatus,
)
from connectors.contract.events import CanonicalEvent, EventKind
from connectors.contract.records import Direction
from tests.connectors.channels.whatsapp.helpers import (
    CREDENTIALS,
    FIXTURES,
    delivery,
    fixture,
    hub,
    message,
    whatsapp,
)
from tests.connectors.contract import AT


def read(name: str) -> Any:
    [event] = whatsapp().parse({}, (FIXTURES / name).read_bytes())
    return event.direct


def events(*values: dict[str, Any], field: str = "messages") -> list[CanonicalEvent]:
    return whatsapp().parse({}, delivery(*values, field=field))


def one(*values: dict[str, Any], field: str = "messages") -> Any:
    [event] = events(*values, field=field)
    return event.direct


def said(**changes: Any) -> DirectMessageRecord:
    found = one({"messages": [message(**changes)]})
    assert isinstance(found, DirectMessageRecord)
    return found


# --- whom it is from ---
def test_the_bytes_are_signed_as_they_came() -> None:
    """Meta escapes: hashing what was decoded and encoded again would refuse genuine ones."""
    body = rb'{"object":"whatsapp_business_account","entry":[{"id":"\u0031","x":"a\/b"}]}'
    assert whatsapp().verify(hub(body, CREDENTIALS["app_secret"]), body, (), AT) is True
    again = json.dumps(json.loads(body)).encode()
    assert whatsapp().verify(hub(body, CREDENTIALS["app_secret"]), again, (), AT) is False


def test_sha_1_alone_is_refused() -> None:
    body = (FIXTURES / "whatsapp_webhook__text_message.json").read_bytes()
    old = "sha1=" + hmac.new(CREDENTIALS["app_secret"].encode(), body, hashlib.sha1).hexdigest()
    assert whatsapp().verify({"X-Hub-Signature": old}, body, (), AT) is False
    assert whatsapp().verify({"X-Hub-Signature-256": old}, body, (), AT) is False


def test_meta_tries_the_address() -> None:
    query = "hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=our%2Btoken"
    assert whatsapp().answer_get(query, ("new", "our+token")) == "1158201444"
    for wrong in (
        query.replace("our%2Btoken", "other"),
        query.replace("subscribe", "unsubscribe"),
        "hub.challenge=1",
        "",
        "&".join(["a=1"] * 100),
    ):
        assert whatsapp().answer_get(wrong, ("new", "our+token")) is None
    assert whatsapp().answer_get("hub.mode=subscribe&hub.challenge=1&hub.verify_token=", ("",)) is None


def test_another_number_or_account_of_the_same_app_is_not_ours() -> None:
    """One app signs for all of its accounts."""
    body = (FIXTURES / "whatsapp_webhook__text_message.json").read_bytes()
    [event] = whatsapp(phone_number_id="999").parse({}, body)
    assert (event.kind, event.reason) == (EventKind.IGNORED, "another number")
    body = (FIXTURES / "authored_whatsapp_template_rejected.json").read_bytes()
    [event] = whatsapp(waba_id="999").parse({}, body)
    assert (event.kind, event.reason) == (EventKind.IGNORED, "another account")


# --- messages ---
def test_a_guest_writes() -> None:
    record = read("whatsapp_webhook__text_message.json")
    assert (record.guest.kind, record.guest.value, record.guest.name) == (
        AddressKind.PHONE,
        "+16505551234",
        "Sheena Nelson",
    )
    assert (record.ours, record.direction) == ("+15550783881", Direction.INBOUND)
    assert record.body_text == "Does it come in another color?"
    assert record.sent_at == datetime(2025, 6, 8, 20, 59, 43, tzinfo=UTC)


def test_who_hides_the_number_is_known_by_id() -> None:
    record = read("authored_whatsapp_inbound_username_only.json")
    assert (record.guest.kind, record.guest.value) == (AddressKind.WHATSAPP_USER, "US.13491208655302741918")
    assert record.guest.name == "Sheena Nelson"


def test_both_ids_of_a_person_come_along() -> None:
    contacts = [
        {"wa_id": "16505551234", "user_id": "US.1", "parent_user_id": "US.ENT.1", "profile": {"name": "Ana"}}
    ]
    record = one({"contacts": contacts, "messages": [message(from_user_id="US.1")]})
    assert [record.guest.value, *(also.value for also in record.also)] == ["+16505551234", "US.1", "US.ENT.1"]


def test_a_picture_has_an_id_and_its_caption() -> None:
    record = read("whatsapp_webhook__image_message.json")
    [file] = record.attachments
    assert (record.body_text, file.external_id, file.mime_type) == (
        "Taj Mahal",
        "1003383421387256",
        "image/jpeg",
    )


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("whatsapp_webhook__button_message.json", "Unsubscribe"),
        ("whatsapp_webhook__interactive_button_reply_message.json", "Cancel"),
        ("whatsapp_webhook__interactive_list_reply_message.json", "Priority Mail Express"),
        ("whatsapp_webhook__contact_sharing_message.json", "👤 Lucía Gómez, +1 (983) 555-2319"),
        ("whatsapp_webhook__text_message_with_context_product_inquiry.json", "Is this still available?"),
        ("whatsapp_webhook__unsupported_message.json", NOT_SHOWN),
    ],
)  # fmt: skip
def test_every_kind_has_words(name: str, words: str) -> None:
    assert read(name).body_text == words


def test_a_place_has_words() -> None:
    assert read("whatsapp_webhook__location_message.json").body_text.startswith("📍 ")


def test_a_kind_that_is_new_to_us_is_shown_and_reported() -> None:
    [event] = events({"messages": [message(type="hologram", hologram={})]})
    assert event.kind == EventKind.DIRECT_MESSAGE
    assert event.unknown == {"type": "hologram"}


def test_reactions_edits_and_deletions_change_a_message() -> None:
    record = read("whatsapp_webhook__reaction_message.json")
    assert isinstance(record, MessageChangeRecord)
    assert (record.kind, record.text) == (ChangeKind.REACTED, "👍")
    assert record.external_id == "wamid.HBgLMTY1MDM4Nzk0MzkVAgARGBI0RTJEOTc2ODVERUY5RDlGNkYA"
    gone = one({"messages": [message(type="reaction", reaction={"message_id": "wamid.9"})]})
    assert (gone.kind, gone.text) == (ChangeKind.REACTED, "")
    new = {"original_message_id": "wamid.9", "message": {"type": "text", "text": {"body": "at two"}}}
    edited = one({"messages": [message(type="edit", edit=new)]})
    assert (edited.kind, edited.external_id, edited.text) == (ChangeKind.EDITED, "wamid.9", "at two")
    revoked = one({"messages": [message(type="revoke", revoke={"original_message_id": "wamid.9"})]})
    assert (revoked.kind, revoked.external_id) == (ChangeKind.DELETED, "wamid.9")


def test_a_person_moves_to_another_number_or_id() -> None:
    record = read("whatsapp_webhook__system_message.json")
    assert isinstance(record, AddressMovedRecord)
    assert (record.old.value, record.new.value) == ("+16505551234", "+12195555358")
    told = {"type": "user_changed_user_id", "previous_user_id": "US.1", "user_id": "US.2"}
    record = one({"messages": [message(type="system", system=told)]})
    assert (record.old.value, record.new.value) == ("US.1", "US.2")


def test_what_staff_writes_on_the_phone_is_outbound() -> None:
    echo = {
        "from": "15550783881",
        "to": "16505551234",
        "id": "wamid.7",
        "timestamp": "1750263773",
        "type": "text",
    }
    record = one({"message_echoes": [{**echo, "text": {"body": "Ready!"}}]}, field="smb_message_echoes")
    assert (record.direction, record.guest.value, record.body_text) == (
        Direction.OUTBOUND,
        "+16505551234",
        "Ready!",
    )


def test_a_batch_is_read_whole() -> None:
    found = events(
        {"messages": [message(id="wamid.1"), message(id="wamid.2")]},
        {"statuses": [{"id": "wamid.3", "status": "sent", "timestamp": "1", "recipient_id": "16505551234"}]},
        {"messages": [message(id="wamid.4"), "garbage"], "statuses": [None]},
    )
    assert [event.direct.external_id for event in found if event.direct] == [
        "wamid.1", "wamid.2", "wamid.3", "wamid.4",
    ]  # fmt: skip


# --- reports ---
def test_reports_bear_our_token() -> None:
    record = read("authored_whatsapp_status_delivered.json")
    assert isinstance(record, DeliveryReport)
    assert (record.state, record.reference) == (Delivery.DELIVERED, "msg:5b0e")
    assert record.at == datetime(2025, 6, 18, 16, 22, 53, tzinfo=UTC)
    assert read("authored_whatsapp_status_read.json").state == Delivery.READ
    assert read("authored_whatsapp_status_sent_v24.json").state == Delivery.SENT
    assert read("authored_whatsapp_status_sent_v23_conversation.json").state == Delivery.SENT


def test_a_failure_says_why() -> None:
    record = read("authored_whatsapp_status_failed_131026.json")
    assert (record.state, record.code, record.address.value) == (Delivery.FAILED, "131026", "+16505551234")
    assert "not on WhatsApp" in record.reason
    assert record.address_state == AddressState.FINE


def failed(code: int) -> list[CanonicalEvent]:
    status = {"id": "wamid.3", "status": "failed", "timestamp": "1", "recipient_id": "16505551234"}
    return events({"statuses": [{**status, "errors": [{"code": code}]}]})


def test_stopped_marketing_is_for_ever_and_trouble_of_the_account_an_alert() -> None:
    [stopped] = failed(131050)
    assert isinstance(stopped.direct, DeliveryReport)
    assert stopped.direct.address_state == AddressState.COMPLAINED
    [report, alert] = failed(131042)
    assert isinstance(report.direct, DeliveryReport)
    assert isinstance(alert.direct, AlertRecord)
    assert len(failed(4711)) == 1


def test_a_status_that_is_new_to_us_is_kept() -> None:
    [event] = events({"statuses": [{"id": "wamid.3", "status": "warped", "timestamp": "1"}]})
    assert (event.kind, event.unknown) == (EventKind.IGNORED, {"status": "warped"})


# --- the account ---
def test_errors_of_the_account_are_alerts() -> None:
    record = read("whatsapp_webhook__account_level_error.json")
    assert isinstance(record, AlertRecord)
    assert record.code == "130429"


def test_a_marketing_stop_is_a_consent() -> None:
    record = read("authored_whatsapp_user_preferences_stop.json")
    assert isinstance(record, ConsentRecord)
    assert (record.scope, record.granted, record.address.value) == (Scope.MARKETING, False, "+16505551234")
    told = fixture("authored_whatsapp_user_preferences_stop.json")
    told["entry"][0]["changes"][0]["value"]["user_preferences"][0]["value"] = "resume"
    [event] = whatsapp().parse({}, json.dumps(told).encode())
    assert isinstance(event.direct, ConsentRecord)
    assert event.direct.granted


def test_templates_and_bad_news() -> None:
    record = read("authored_whatsapp_template_rejected.json")
    assert isinstance(record, TemplateRecord)
    assert (record.external_id, record.status, record.category, record.reason) == (
        "weekend_offer:en_US",
        TemplateStatus.REJECTED,
        "utility",
        "INCORRECT_CATEGORY",
    )
    moved = one(
        {"message_template_name": "weekend_offer", "new_category": "MARKETING"},
        field="template_category_update",
    )
    assert isinstance(moved, AlertRecord)
    assert "weekend_offer" in moved.detail
    assert isinstance(one({"event": "ACCOUNT_VIOLATION"}, field="account_update"), AlertRecord)
    [good] = events({"event": "VERIFIED_ACCOUNT"}, field="account_update")
    assert good.kind == EventKind.IGNORED


def test_the_same_batch_has_the_same_key_whatever_its_letters() -> None:
    body = (FIXTURES / "whatsapp_webhook__text_message.json").read_bytes()
    again = json.dumps(json.loads(body), indent=3).encode()
    assert whatsapp().delivery_key({}, body) == whatsapp().delivery_key({}, again)
