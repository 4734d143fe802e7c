"""Amazon SES with SNS and S3 over real HTTP: signed calls in, signed messages out."""

import base64
from datetime import timedelta
from email import message_from_bytes
from typing import Any

import pytest

from tests.connectors.sandbox.direct.aws import HOTEL, Aws, is_genuine, told
from tests.connectors.sandbox.harness import Endpoint, Sandbox, wait_for

MARIA = "maria.l@nordvik.example"
INBOUND = "reply+tok@ses.harbour-house.example"
MAIL = (
    f"From: Harbour House <{HOTEL}>\nTo: {MARIA}\nBcc: eva.n@post.example\nSubject: Your stay\n"
    "Message-ID: <ours@x.example>\nDate: Mon, 1 Jan 2024 00:00:00 +0000\n"
    "X-Bellhop-Loop: one\n two\nX-SES-CONFIGURATION-SET: harbour-house\n\nHello\n"
)


@pytest.fixture
def aws(town: Sandbox) -> Aws:
    return Aws(town)


def letters(town: Sandbox, address: str) -> list[Any]:
    found: list[Any] = town.control("GET", f"/mail/{address}/letters")["letters"]
    return found


def test_who_may_call(aws: Aws, town: Sandbox) -> None:
    account = aws.call("GET", "/aws/v2/email/account").json()
    assert (account["SendingEnabled"], account["SendQuota"]["SentLast24Hours"]) == (True, 0.0)
    assert town.http.get("/aws/v2/email/account").headers["x-amzn-errortype"] == "MissingAuthenticationToken"
    wrong = {
        "SignatureDoesNotMatch": [Aws(town, secret="other"), Aws(town, late=timedelta(minutes=6))],
        "InvalidClientTokenId": [Aws(town, key="AKIAOTHER")],
    }
    for code, clients in wrong.items():
        for client in clients:
            answer = client.call("GET", "/aws/v2/email/account")
            assert (answer.status_code, answer.headers["x-amzn-errortype"]) == (403, code)
    assert aws.call("GET", "/aws/v2/email/account", service="sns").status_code == 403
    changed = aws.call("GET", "/aws/v2/email/account", **{"x-amz-content-sha256": "0" * 64})
    assert changed.status_code == 403


def test_a_mail_goes_out(aws: Aws, town: Sandbox, endpoint: Endpoint) -> None:
    aws.subscribe(endpoint)
    sent = aws.send(MAIL, EmailTags=[{"Name": "stay", "Value": "7"}]).json()
    [letter] = letters(town, MARIA)
    raw = town.http.get(letter["raw"]).content
    mail = message_from_bytes(raw)
    assert mail.get_all("Message-ID") == [f"<{sent['MessageId']}@email.amazonses.com>"]
    assert (len(mail.get_all("Date") or []), mail["Date"] != "Mon, 1 Jan 2024 00:00:00 +0000") == (1, True)
    assert (mail["Bcc"], mail["X-SES-CONFIGURATION-SET"]) == (None, None)
    assert b"X-Bellhop-Loop: one\r\n two\r\n" in raw
    assert letters(town, "eva.n@post.example"), "without a Destination the headers say who gets it"
    first, second = told(endpoint, 2)
    assert {first["delivery"]["recipients"][0], second["delivery"]["recipients"][0]} == {
        MARIA,
        "eva.n@post.example",
    }
    about = first["mail"]
    assert (first["eventType"], about["messageId"]) == ("Delivery", sent["MessageId"])
    assert about["commonHeaders"]["messageId"] == "<ours@x.example>", "as it was handed in"
    assert (about["tags"]["stay"], about["destination"]) == (["7"], [MARIA, "eva.n@post.example"])
    headers = endpoint.got[0][0]
    assert (headers["content-type"], headers["x-amz-sns-message-type"]) == (
        "text/plain; charset=UTF-8",
        "Notification",
    )
    assert headers["x-amz-sns-message-id"] == endpoint.bodies()[0]["MessageId"]
    assert headers["x-amz-sns-subscription-arn"].startswith(headers["x-amz-sns-topic-arn"] + ":")


def test_what_is_refused(aws: Aws) -> None:
    def code(**fields: Any) -> tuple[int, str]:
        answer = aws.send(MAIL, **fields)
        return answer.status_code, answer.headers["x-amzn-errortype"]

    assert code(FromEmailAddress="x@elsewhere.example") == (400, "MessageRejected")
    assert code(Destination={"ToAddresses": [MARIA] * 51}) == (400, "BadRequestException")
    assert code(Content={"Simple": {}}) == (400, "BadRequestException")
    assert code(ConfigurationSetName="other") == (404, "NotFoundException")


def test_subscribing_and_leaving(aws: Aws, town: Sandbox, endpoint: Endpoint) -> None:
    endpoint.answer = lambda _: 200
    town.control("POST", "/ses/webhooks-to", tracking_url=endpoint.url)
    [asked] = wait_for(endpoint.bodies)
    assert (asked["Type"], endpoint.got[0][0]["x-amz-sns-message-type"]) == (
        ("SubscriptionConfirmation",) * 2
    )
    assert "x-amz-sns-subscription-arn" not in endpoint.got[0][0]
    assert is_genuine(town, asked)
    aws.send(MAIL)
    wrong = asked["SubscribeURL"].replace("Token=", "Token=0")
    assert town.http.get(wrong).status_code == 400
    confirmed = town.http.get(asked["SubscribeURL"])
    assert f"<SubscriptionArn>{asked['TopicArn']}:" in confirmed.text
    wait_for(lambda: len(endpoint.got) == 2)
    assert endpoint.bodies()[1]["Message"].startswith("Successfully validated SNS topic"), (
        "nothing from before"
    )
    town.http.get(asked["SubscribeURL"])
    told = town.control("POST", "/ses/webhooks-to", tracking_url=endpoint.url)
    assert told["confirmed"] == {"inbound": False, "tracking": True}, "the same address needn't confirm again"
    aws.send(MAIL)
    wait_for(lambda: len(endpoint.got) == 4)
    town.http.get(endpoint.bodies()[3]["UnsubscribeURL"])
    wait_for(lambda: len(endpoint.got) == 5)
    assert endpoint.bodies()[4]["Type"] == "UnsubscribeConfirmation"
    aws.send(MAIL)
    assert town.control("GET", "/ses/deliveries")["count"] == 5
    token = f"Action=ConfirmSubscription&TopicArn={asked['TopicArn']}&Token={asked['Token']}"
    assert aws.call("POST", "/aws", token.encode(), "sns").status_code == 200, "by a signed call"
    assert Aws(town, secret="x").call("POST", "/aws", token.encode(), "sns").status_code == 403


@pytest.mark.parametrize("encoding", ["UTF-8", "Base64"])
def test_a_mail_comes_in_with_its_content(aws: Aws, town: Sandbox, endpoint: Endpoint, encoding: str) -> None:
    aws.subscribe(endpoint, encoding=encoding)
    town.control("POST", f"/mail/{MARIA}/send", to=INBOUND, subject="Hi", text="Grüße", forged=True)
    [value] = told(endpoint, 1)
    assert endpoint.bodies()[0]["Subject"] == "Amazon SES Email Receipt Notification"
    content = value["content"]
    raw = base64.b64decode(content) if encoding == "Base64" else content.encode()
    mail = message_from_bytes(raw)
    assert (mail["Return-Path"], mail["Subject"]) == (f"<{MARIA}>", "Hi")
    assert "dmarc=fail" in mail["Authentication-Results"]
    assert (value["receipt"]["dmarcVerdict"], value["receipt"]["recipients"]) == (
        {"status": "FAIL"},
        [INBOUND],
    )
    assert value["receipt"]["action"]["encoding"] == encoding.upper().replace("-", "")
    assert value["mail"]["commonHeaders"]["messageId"] == mail["Message-ID"]
    file = {"mime": "image/png", "filename": "a.png", "data": base64.b64encode(bytes(160_000)).decode()}
    town.control("POST", f"/mail/{MARIA}/send", to=INBOUND, text="large", files=[file])
    [report] = letters(town, MARIA)
    assert report["subject"] == "Undelivered Mail Returned to Sender", "a message holds 150 KB"
    assert len(endpoint.got) == 1


def test_a_mail_comes_into_the_bucket(aws: Aws, town: Sandbox, endpoint: Endpoint) -> None:
    aws.subscribe(endpoint, action="S3")
    town.control("POST", f"/mail/{MARIA}/send", to=INBOUND, subject="Hi", text="Hello")
    [value] = told(endpoint, 1)
    action = value["receipt"]["action"]
    assert ("content" in value, action["type"]) == (False, "S3")
    path = f"/aws/{action['bucketName']}/{action['objectKey']}"
    found = aws.call("GET", path, service="s3")
    assert message_from_bytes(found.content)["Subject"] == "Hi"
    part = aws.call("GET", path, service="s3", range="bytes=0-10")
    assert (part.status_code, part.content) == (206, found.content[:11])
    assert part.headers["content-range"] == f"bytes 0-10/{len(found.content)}"
    assert aws.call("HEAD", path, service="s3").headers["content-length"] == str(len(found.content))
    for client, where, code in (
        (Aws(town, secret="x"), path, "SignatureDoesNotMatch"),
        (Aws(town, key="AKIAOTHER"), path, "InvalidAccessKeyId"),
        (aws, f"{path}x", "NoSuchKey"),
        (aws, "/aws/other/mail/x", "NoSuchBucket"),
    ):
        assert f"<Code>{code}</Code>" in client.call("GET", where, service="s3").text
    assert "<Code>AccessDenied</Code>" in town.http.get(path).text


def test_bounces_delays_and_complaints(aws: Aws, town: Sandbox, endpoint: Endpoint) -> None:
    aws.subscribe(endpoint)
    town.control("PATCH", "/mail/eva.n@post.example", state="full")
    to = {"ToAddresses": ["nobody@post.example", "eva.n@post.example", MARIA]}
    aws.send(MAIL, Destination=to)
    events = {(one["eventType"], one.get("bounce", {}).get("bounceType")): one for one in told(endpoint, 4)}
    hard = events["Bounce", "Permanent"]["bounce"]
    assert (hard["bouncedRecipients"][0]["status"], hard["bounceSubType"]) == ("5.1.1", "General")
    assert events["Bounce", "Transient"]["bounce"]["bounceSubType"] == "MailboxFull"
    assert events["DeliveryDelay", None]["deliveryDelay"]["delayType"] == "MailboxFull"
    [letter] = letters(town, MARIA)
    assert letter["provider"] == "Amazon SES"
    town.control("POST", "/mail/complain", letter=letter["id"])
    aws.send(MAIL, Destination={"ToAddresses": [MARIA]})
    by_type = {one["eventType"]: one for one in told(endpoint, 6)[4:]}
    assert by_type["Complaint"]["complaint"]["complainedRecipients"] == [{"emailAddress": MARIA}]
    assert by_type["Bounce"]["bounce"]["bounceSubType"] == "OnAccountSuppressionList", "accepted, not sent"
    town.control("POST", "/ses/webhooks-to", events="notifications")
    aws.send(MAIL, Destination={"ToAddresses": ["eva.n@post.example"]})
    last = told(endpoint, 7)[6]
    assert (last["notificationType"], "tags" in last["mail"]) == ("Bounce", False)
    assert "Subject" not in endpoint.bodies()[6]


def test_a_login_is_shown_only_when_asked_for(aws: Aws, town: Sandbox, endpoint: Endpoint) -> None:
    endpoint.answer = lambda number: 401 if number % 2 else 200
    url = endpoint.url.replace("//", "//bellhop:secret@")
    town.control("POST", "/ses/webhooks-to", tracking_url=url)
    wait_for(lambda: town.control("GET", "/ses/deliveries?state=failed")["count"] == 1)
    assert len(endpoint.got) == 1, "401 without a challenge is final"
    endpoint.got.clear()
    endpoint.headers["www-authenticate"] = 'Basic realm="bellhop"'
    town.control("POST", "/ses/redeliver", last=1)
    wait_for(lambda: len(endpoint.got) == 2)
    login = "Basic " + base64.b64encode(b"bellhop:secret").decode()
    assert [headers.get("authorization") for headers, _ in endpoint.got] == [None, login]
    assert endpoint.got[0][1] == endpoint.got[1][1]


def test_signatures(aws: Aws, town: Sandbox, endpoint: Endpoint) -> None:
    aws.subscribe(endpoint)
    aws.send(MAIL, Destination={"ToAddresses": [MARIA]})
    wait_for(lambda: len(endpoint.got) == 1)
    town.control("POST", "/ses/webhooks-to", signature_version="2")
    aws.send(MAIL, Destination={"ToAddresses": [MARIA]})
    wait_for(lambda: len(endpoint.got) == 2)
    town.control("PUT", "/ses/faults/webhook_bad_signature", count=1)
    aws.send(MAIL, Destination={"ToAddresses": [MARIA]})
    wait_for(lambda: len(endpoint.got) == 3)
    one, two, forged = endpoint.bodies()
    assert [body["SignatureVersion"] for body in (one, two, forged)] == ["1", "2", "2"]
    assert [is_genuine(town, body) for body in (one, two, forged)] == [True, True, False]
    assert not is_genuine(town, one | {"Message": "{}"})


def test_misbehaving(aws: Aws, town: Sandbox, endpoint: Endpoint) -> None:
    aws.subscribe(endpoint)
    town.control("PUT", "/ses/faults/webhook_duplicate", event="Delivery")
    town.control("PUT", "/ses/faults/error_after_work", count=1)
    assert aws.send(MAIL, Destination={"ToAddresses": [MARIA]}).status_code == 500
    assert [letter["subject"] for letter in letters(town, MARIA)] == ["Your stay"]
    wait_for(lambda: len(endpoint.got) == 2)
    first, second = endpoint.bodies()
    assert first["MessageId"] == second["MessageId"]
    town.control("DELETE", "/ses/faults")
    town.control("PATCH", "/ses/settings", retry_scale=0.001)
    endpoint.answer = lambda number: 503 if number == 3 else 200
    aws.send(MAIL, Destination={"ToAddresses": [MARIA]})
    wait_for(lambda: len(endpoint.got) == 4)
    third, fourth = endpoint.bodies()[2:]
    assert third == fourth, "a message that is tried again is the same one"
    town.control("POST", "/ses/webhooks", event="Odd", body={"eventType": "Odd"})
    assert {"eventType": "Odd"} in told(endpoint, 6)[4:]


def test_the_certificate_outlives_resets_and_restarts(own_sandbox: Sandbox, endpoint: Endpoint) -> None:
    aws = Aws(own_sandbox)
    aws.subscribe(endpoint)
    aws.send(MAIL, Destination={"ToAddresses": [MARIA]})
    wait_for(lambda: len(endpoint.got) == 1)
    body = endpoint.bodies()[0]
    own_sandbox.control("POST", "/phones/reset", keep=["subscriptions"])
    own_sandbox.stop()
    own_sandbox.start()
    assert is_genuine(own_sandbox, body)
    told = own_sandbox.control("POST", "/ses/webhooks-to", signature_version="1")
    assert told["confirmed"] == {"inbound": True, "tracking": True}
