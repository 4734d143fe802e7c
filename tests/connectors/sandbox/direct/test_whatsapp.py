"""Meta's wire: what it accepts and refuses, what it posts, templates, files and the window."""

import base64
import hashlib
import json
from typing import Any

import pytest

from tests.connectors.sandbox.direct.providers import MARIA, PHONE_ID, WABA, Meta, meta_signature
from tests.connectors.sandbox.harness import PICTURE, Endpoint, Sandbox, wait_for

FILE = {"mime": "image/png", "filename": "view.png", "data": base64.b64encode(PICTURE).decode()}


def template(*values: str, name: str = "check_in", language: str = "en") -> dict[str, Any]:
    parameters = [{"type": "text", "text": value} for value in values]
    components = [{"type": "body", "parameters": parameters}]
    return {
        "type": "template",
        "template": {"name": name, "language": {"code": language}, "components": components},
    }


@pytest.fixture
def subscribed(meta: Meta, endpoint: Endpoint) -> Endpoint:
    endpoint.answer, endpoint.verify_token = lambda _: 200, "ours"
    asked = {"override_callback_uri": endpoint.url, "verify_token": "ours"}
    answer = meta.http.post(f"/{WABA}/subscribed_apps", json=asked)
    assert answer.json()["success"] is True
    return endpoint


def values(endpoint: Endpoint, name: str) -> list[Any]:
    """The parts of this name of every change of every entry."""
    changes = [
        change["value"]
        for body in endpoint.bodies()
        for entry in body["entry"]
        for change in entry["changes"]
    ]
    return [part for value in changes for part in value.get(name, [])]


def states(endpoint: Endpoint, key: str) -> list[str]:
    return [row["status"] for row in values(endpoint, "statuses") if row["id"] == key]


def test_a_wrong_challenge_is_no_subscription(meta: Meta, endpoint: Endpoint) -> None:
    asked = {"override_callback_uri": endpoint.url, "verify_token": "theirs"}
    endpoint.verify_token = "ours"
    assert meta.http.post(f"/{WABA}/subscribed_apps", json=asked).json()["error"]["code"] == 100
    assert meta.http.get(f"/{WABA}/subscribed_apps").json()["data"] == []


def test_the_window(meta: Meta, town: Sandbox, subscribed: Endpoint) -> None:
    answer = meta.send(biz_opaque_callback_data="ours-1").json()
    key = answer["messages"][0]["id"]
    assert key.startswith("wamid.")
    assert answer["contacts"] == [{"input": MARIA[1:], "wa_id": MARIA[1:]}]
    wait_for(lambda: states(subscribed, key) == ["failed"])
    [failed] = values(subscribed, "statuses")
    assert failed["errors"][0]["code"] == 131047
    assert (failed["biz_opaque_callback_data"], "recipient_user_id" in failed) == ("ours-1", False)
    town.control("POST", f"/phones/{MARIA}/whatsapp", body="Grüße / olá")
    wait_for(lambda: values(subscribed, "messages"))
    headers, raw = subscribed.got[-1]
    assert headers["x-hub-signature-256"] == meta_signature(raw)
    assert b"Gr\\u00fc\\u00dfe \\/ ol\\u00e1" in raw
    [message] = values(subscribed, "messages")
    assert (message["from"], message["type"], message["timestamp"].isdigit()) == (MARIA[1:], "text", True)
    opened = meta.send().json()["messages"][0]["id"]
    wait_for(lambda: sorted(states(subscribed, opened)) == ["delivered", "sent"])
    town.control("POST", f"/phones/{MARIA}/read")
    wait_for(lambda: "read" in states(subscribed, opened))
    town.control("POST", "/phones/clock", forward=86_401)
    shut = meta.send().json()["messages"][0]["id"]
    wait_for(lambda: states(subscribed, shut) == ["failed"])


def test_templates(meta: Meta, town: Sandbox, subscribed: Endpoint) -> None:
    listed = meta.http.get(f"/{WABA}/message_templates", params={"name": "check_in"}).json()["data"]
    assert [(row["language"], row["category"]) for row in listed] == [("en", "UTILITY"), ("es", "UTILITY")]
    sent = meta.send(**template("Maria", "16:00")).json()["messages"][0]
    assert sent["message_status"] == "accepted"
    wait_for(lambda: "delivered" in states(subscribed, sent["id"]))
    assert meta.code(**template("Maria")) == 132000
    assert meta.code(**template("Maria", "16:00\nor later")) == 132018
    assert meta.code(**template("Maria", "16:00", language="fr")) == 132001
    town.control("POST", f"/phones/{MARIA}/preference", value="stop")
    offer = meta.send(**template("Maria", name="weekend_offer")).json()["messages"][0]["id"]
    wait_for(lambda: states(subscribed, offer) == ["failed"])
    assert values(subscribed, "statuses")[-1]["errors"][0]["code"] == 131050
    assert values(subscribed, "user_preferences")[0]["value"] == "stop"
    made = {
        "name": "thanks",
        "language": "en",
        "category": "UTILITY",
        "components": [{"type": "BODY", "text": "Hi"}],
    }
    added = meta.http.post(f"/{WABA}/message_templates", json=made).json()
    assert added["status"] == "PENDING"
    assert meta.code(**template(name="thanks")) == 132001
    town.control("POST", f"/whatsapp/templates/{added['id']}", event="APPROVED")
    assert meta.send(**template(name="thanks")).status_code == 200
    wait_for(lambda: b"message_template_status_update" in subscribed.got[-1][1] or len(subscribed.got) > 5)
    town.control("POST", f"/whatsapp/templates/{added['id']}", category="MARKETING")
    changed = meta.http.get(f"/{WABA}/message_templates", params={"name": "thanks"}).json()["data"][0]
    assert (changed["category"], changed["previous_category"]) == ("MARKETING", "UTILITY")
    assert meta.http.delete(f"/{WABA}/message_templates", params={"name": "thanks"}).json() == {
        "success": True
    }
    assert meta.http.post(f"/{WABA}/message_templates", json=made).json()["error"]["error_subcode"] == 2388023


def test_files_both_ways(meta: Meta, town: Sandbox, subscribed: Endpoint) -> None:
    town.control("POST", f"/phones/{MARIA}/whatsapp", body="Our view", files=[FILE])
    [message] = wait_for(lambda: values(subscribed, "messages"))
    image = message["image"]
    assert (image["caption"], image["mime_type"]) == ("Our view", "image/png")
    assert image["sha256"] == base64.b64encode(hashlib.sha256(PICTURE).digest()).decode()
    found = meta.http.get(f"/{image['id']}").json()
    assert meta.http.get(found["url"]).content == PICTURE
    assert town.http.get(found["url"]).status_code == 401, "the token is needed there too"
    town.control("POST", "/phones/clock", forward=301)
    assert meta.http.get(found["url"]).status_code == 404
    upload = {"file": ("map.png", PICTURE, "image/png")}
    key = meta.http.post(f"/{PHONE_ID}/media", data={"messaging_product": "whatsapp"}, files=upload).json()[
        "id"
    ]
    meta.send(type="image", image={"id": key, "caption": "The way"})
    meta.send(type="document", document={"link": f"{subscribed.url}/x", "filename": "bill.png"})
    shown = wait_for(
        lambda: [
            row for row in town.control("GET", f"/phones/{MARIA}/messages")["messages"] if not row["inbound"]
        ][1:]
    )
    assert (shown[0]["files"][0]["filename"], shown[0]["state"]) == ("bill.png", "delivered")
    assert meta.code(type="image", image={"id": "12"}) == 131009


def test_a_person_without_a_number(meta: Meta, town: Sandbox, subscribed: Endpoint) -> None:
    person = town.control("PATCH", f"/phones/{MARIA}", hides_number=True, username="maria.l")
    town.control("POST", f"/phones/{MARIA}/whatsapp", body="Breakfast?")
    [message] = wait_for(lambda: values(subscribed, "messages"))
    [contact] = values(subscribed, "contacts")
    assert "from" not in message
    assert "wa_id" not in contact
    assert (message["from_user_id"], contact["profile"]["username"]) == (person["user_id"], "maria.l")
    answer = meta.http.post(
        f"/{PHONE_ID}/messages",
        json={
            "messaging_product": "whatsapp",
            "recipient": person["user_id"],
            "type": "text",
            "text": {"body": "Yes"},
        },
    ).json()
    assert answer["contacts"] == [{"input": person["user_id"], "user_id": person["user_id"]}]
    wait_for(lambda: "delivered" in states(subscribed, answer["messages"][0]["id"]))


def test_what_is_refused(meta: Meta, town: Sandbox) -> None:
    assert meta.send(to="").json()["error"]["code"] == 131008
    assert meta.code(to="14155550162") == 131021
    assert meta.code(text={"body": "x" * 4097}) == 131009
    assert meta.http.get("/12345").json()["error"]["code"] == 100
    wrong = meta.http.post(f"/{PHONE_ID}/messages", json={}, headers={"authorization": "Bearer x"})
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (401, 190)
    town.control("PATCH", f"/phones/{MARIA}", refuses_with=131056)
    assert meta.send().json()["error"]["is_transient"] is True


def test_batches_duplicates_and_repeats(meta: Meta, town: Sandbox, subscribed: Endpoint) -> None:
    town.control("PUT", "/whatsapp/faults/webhook_batch", batch=2, seconds=60)
    for body in ("One", "Two"):
        town.control("POST", f"/phones/{MARIA}/whatsapp", body=body)
    wait_for(lambda: len(values(subscribed, "messages")) == 2)
    assert [len(json.loads(raw)["entry"]) for _, raw in subscribed.got] == [2]
    town.control("DELETE", "/whatsapp/faults")
    told = town.control("POST", "/phones/burst", kind="whatsapp", count=30, batch=10, duplicate_every=3)
    assert (told["webhooks"], told["duplicates"]) == (3, 1)
    wait_for(lambda: len(subscribed.got) == 5)
    town.control("PATCH", "/whatsapp/settings", retry_scale=0.001)
    subscribed.answer = lambda number: 204 if number == 6 else 200
    town.control("POST", f"/phones/{MARIA}/whatsapp", body="Again")
    wait_for(lambda: len(subscribed.got) == 7)
    assert subscribed.got[5][1] == subscribed.got[6][1], "only 200 means that it was taken"
