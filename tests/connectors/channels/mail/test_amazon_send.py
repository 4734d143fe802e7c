"""Sending by Amazon SES: boto3 writes and signs the request, our own client sends it to a real server."""

from __future__ import annotations

import base64
import json
import logging
import re
from email import message_from_bytes
from typing import Any

import pytest

from connectors.contract.errors import (
    ConnectorError,
    NotAuthorized,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unreachable,
)
from connectors.contract.intents import Mail, OutFile
from connectors.models import ConnectionHealth
from connectors.outbound import caller
from tests.connectors.channels.mail.esp_line import Line, provider
from tests.connectors.channels.mail.helpers import intent
from tests.connectors.little_server import LittleServer, Reply

pytestmark = pytest.mark.django_db

ACCOUNT = {
    "esp": "amazon_ses",
    "api_key": "AKIAEXAMPLEEXAMPLE",
    "api_secret": "its-secret-access-key",
    "region": "eu-west-1",
    "configuration_set": "hotel",
}
SENT = {"MessageId": "010201932f-0000-000000"}


@pytest.fixture
def ses(server: LittleServer) -> Line:
    line = Line(server, **ACCOUNT)
    line.answers(lambda _: SENT)
    return line


def refused(code: str, status: int, message: str = "No.") -> Reply:
    return Reply(
        status=status, body=json.dumps({"message": message}).encode(), headers={"x-amzn-errortype": code}
    )


def test_a_mail_goes_out_whole(ses: Line) -> None:
    mail = Mail(
        subject="Ihr Aufenthalt: schön",
        message_id="<out.2@hotel.example>",
        from_name="Ana at Hotel",
        html="<p>At five</p>",
        reply_to="reply+tok@inbound.hotel.example",
        answers="<in.1@mail.example>",
        unsubscribe_url="https://bellhop.example/u/abc",
    )
    file = OutFile(key="k", name="map.pdf", mime_type="application/pdf", size=4)
    done = ses.connector.perform(ses.call, intent(mail=mail, files=(file,)))
    [seen] = ses.server.seen
    assert (seen.method, seen.path) == ("POST", "/v2/email/outbound-emails")
    told = json.loads(seen.body)
    assert told["ConfigurationSetName"] == "hotel"
    assert told["Destination"] == {"ToAddresses": ["jo@mail.example"]}
    sent = message_from_bytes(base64.b64decode(told["Content"]["Raw"]["Data"]))
    assert (sent["From"], sent["To"]) == ("Ana at Hotel <stay@hotel.example>", "jo@mail.example")
    assert sent["Reply-To"] == "reply+tok@inbound.hotel.example"
    assert sent["In-Reply-To"] == "<in.1@mail.example>"
    assert sent["List-Unsubscribe"] == "<https://bellhop.example/u/abc>"
    assert json.loads(sent["X-Metadata"]) == {"reference": "abcd2345"}
    kinds = [part.get_content_type() for part in sent.walk() if not part.is_multipart()]
    assert kinds == ["text/plain", "text/html", "application/pdf"]
    assert done.remote_id == "<010201932f-0000-000000@eu-west-1.amazonses.com>"
    assert ses.left == [True]


def test_the_first_region_has_a_name_of_its_own(server: LittleServer) -> None:
    line = Line(server, **{**ACCOUNT, "region": "us-east-1", "configuration_set": ""})
    line.answers(lambda _: SENT)
    done = line.connector.perform(line.call, intent())
    assert done.remote_id == "<010201932f-0000-000000@email.amazonses.com>"
    assert "ConfigurationSetName" not in json.loads(server.seen[0].body)


def test_what_was_signed_is_what_arrives(ses: Line) -> None:
    ses.connector.perform(ses.call, intent())
    [seen] = ses.server.seen
    signed = re.search(r"SignedHeaders=([a-z0-9;-]+)", seen.headers["authorization"])
    assert signed is not None
    assert set(signed[1].split(";")) <= set(seen.headers)
    assert "/eu-west-1/ses/aws4_request" in seen.headers["authorization"]
    assert seen.headers["host"] == f"127.0.0.1:{ses.server.port}"


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (refused("UnrecognizedClientException", 403), NotAuthorized),
        (refused("InvalidSignatureException", 403), NotAuthorized),
        (refused("SignatureDoesNotMatch", 403), NotAuthorized),
        (refused("AccessDeniedException", 403), Rejected),
        (refused("MessageRejected", 400, "Email address is not verified."), Rejected),
        (refused("MailFromDomainNotVerifiedException", 400), Rejected),
        (refused("SendingPausedException", 400), Rejected),
        (refused("TooManyRequestsException", 429, "Maximum sending rate exceeded."), RateLimited),
        (refused("ThrottlingException", 400), RateLimited),
        (refused("InternalFailure", 500), OutcomeUnknown),
        (Reply(status=503), OutcomeUnknown),
        (Reply(status=0), OutcomeUnknown),
        (Reply(status=200, body=b"<html>"), OutcomeUnknown),
        (Reply(status=200, body=b"{}"), OutcomeUnknown),
        (Reply(status=400, body=b"<html>"), Rejected),
    ],
)
def test_what_each_answer_means(ses: Line, reply: Reply, error: type[ConnectorError]) -> None:
    """Sent once, whatever comes back."""
    ses.answers(lambda _: reply)
    with pytest.raises(error) as caught:
        ses.connector.perform(ses.call, intent())
    assert type(caught.value) is error
    assert len(ses.server.seen) == 1
    said = f"{caught.value!r}{caught.value}"
    assert not [one for one in (ACCOUNT["api_key"], ACCOUNT["api_secret"]) if one in said]


def test_a_refused_key_stops_the_connection(ses: Line) -> None:
    ses.answers(lambda _: refused("UnrecognizedClientException", 403))
    with pytest.raises(NotAuthorized):
        ses.connector.perform(ses.call, intent())
    assert ConnectionHealth.objects.get(pk=ses.connection.pk).credentials_refused_at is not None


def test_a_line_that_can_not_be_had_has_sent_nothing(ses: Line, settings: Any) -> None:
    settings.BELLHOP_ALLOWED_PRIVATE_HOSTS = []
    with pytest.raises(Unreachable) as caught:
        ses.connector.perform(ses.call, intent())
    assert (caught.value.code, ses.left, ses.server.seen) == ("address_refused", [], [])


def test_what_stops_the_command_at_the_last_moment_stops_the_mail(ses: Line) -> None:
    class Lost(Exception):
        pass

    def lost() -> None:
        raise Lost

    ses.call.leaving = lost
    with pytest.raises(Lost):
        ses.connector.perform(ses.call, intent())
    assert ses.server.seen == []


def test_no_variable_of_the_machine_leads_elsewhere(ses: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """They may be there for the store of files."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOFTHEMACHINE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-the-machine")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token-of-the-machine")
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    ses.connector.perform(ses.call, intent())
    [seen] = ses.server.seen
    assert f"Credential={ACCOUNT['api_key']}/" in seen.headers["authorization"]
    assert "x-amz-security-token" not in seen.headers


def test_keys_stand_in_no_log(ses: Line, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    ses.connector.perform(ses.call, intent())
    ses.answers(lambda _: refused("SignatureDoesNotMatch", 403))
    with pytest.raises(NotAuthorized):
        ses.connector.perform(ses.call, intent())
    assert not [one for one in (ACCOUNT["api_key"], ACCOUNT["api_secret"]) if one in caplog.text]


# --- connecting ---
def account(**told: Any) -> dict[str, Any]:
    return {"ProductionAccessEnabled": True, "SendingEnabled": True, "EnforcementStatus": "HEALTHY", **told}


def test_connecting_asks_amazon_about_the_account(ses: Line) -> None:
    ses.answers(lambda _: account())
    assert ses.connector.ping(ses.call) == "Amazon SES: stay@hotel.example"
    [seen] = ses.server.seen
    assert (seen.method, seen.path) == ("GET", "/v2/email/account")
    assert "/eu-west-1/ses/aws4_request" in seen.headers["authorization"]


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (account(SendingEnabled=False), Rejected),
        (refused("UnrecognizedClientException", 403), NotAuthorized),
        (refused("AccessDeniedException", 403), NotAuthorized),
    ],
)
def test_what_is_wrong_with_the_account_is_told_when_connecting(
    ses: Line, reply: Any, error: type[ConnectorError]
) -> None:
    ses.answers(lambda _: reply)
    with pytest.raises(error):
        ses.connector.ping(caller.caller_for(ses.connection, probe=True))


@pytest.mark.parametrize("missing", ["api_secret", "region"])
def test_what_is_missing_is_told_before_anything_is_asked(server: LittleServer, missing: str) -> None:
    line = Line(server, **{**ACCOUNT, missing: ""})
    with pytest.raises(Rejected):
        line.connector.ping(line.call)
    assert server.seen == []


def test_a_region_is_no_host(server: LittleServer) -> None:
    """Invariant 11: it stands in the address."""
    line = Line(server, **{**ACCOUNT, "region": "evil.example/"})
    with pytest.raises(Rejected):
        line.connector.perform(line.call, intent())
    assert server.seen == []


def test_only_amazons_own_hosts_are_called_in_earnest() -> None:
    made = provider(**ACCOUNT)
    assert made.is_ours("https://email.eu-west-1.amazonaws.com/v2/email/account")
    for other in (
        "https://email.us-east-1.amazonaws.com/v2/email/account",
        "https://hotel-mail.s3.amazonaws.com/x",
    ):
        assert not made.is_ours(other)
