"""Templates as the Content API lists them, over HTTP and through Bellhop's own caller."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from bellhop.core.models import Incident
from connectors.channels.twilio import templates
from connectors.contract.direct import TemplateStatus
from connectors.contract.errors import Rejected
from connectors.inbound import subscriptions
from connectors.models import ConnectionHealth
from tests.connectors.channels.twilio.line import Line
from tests.connectors.little_server import LittleServer, Reply

pytestmark = pytest.mark.django_db


@pytest.fixture
def line(server: LittleServer) -> Line:
    return Line(server)


def content(name: str, status: str = "approved", **changes: Any) -> dict[str, Any]:
    """As documented at https://www.twilio.com/docs/content/content-api-resources, shortened."""
    approval = {
        "name": name,
        "category": "UTILITY",
        "content_type": "twilio/quick-reply",
        "status": status,
        "rejection_reason": "",
        "allow_category_change": True,
    }
    return {
        "sid": f"HX{name}",
        "account_sid": "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "friendly_name": f"ours_{name}",
        "language": "en",
        "variables": {"1": "Owl Air Customer"},
        "types": {
            "twilio/text": {"body": "plain"},
            "twilio/quick-reply": {
                "body": "Hi, {{ 1 }}. \n Until {{2}}?",
                "actions": [{"id": "y", "title": "Yes"}],
            },
        },
        "approval_requests": approval,
        **changes,
    }


def page(*rows: dict[str, Any], following: str | None = None) -> dict[str, Any]:
    return {"contents": list(rows), "meta": {"key": "contents", "next_page_url": following}}


def test_they_come_in_pages_with_what_the_guest_reads(line: Line) -> None:
    last = page(
        content("old", "rejected"),
        content("card", types={"twilio/card": {"body": None, "title": "See you at {{1}}"}}),
        content("never", "unsubmitted"),
        content("odd", "who knows"),
    )
    following = f"{line.server.url}{templates.PATH}?PageSize=200&Page=1&PageToken=DNHX1"
    first = page(content("check_in"), content("wait", "received"), following=following)
    line.answers(lambda seen: last if "PageToken" in seen.path else first)
    found = line.connector.list_templates(line.call)
    assert [(one.external_id, one.status, one.body, one.remote_id) for one in found] == [
        ("check_in:en", TemplateStatus.APPROVED, "Hi, {{1}}. \n Until {{2}}?", "HXcheck_in"),
        ("wait:en", TemplateStatus.PENDING, "Hi, {{1}}. \n Until {{2}}?", "HXwait"),
        ("old:en", TemplateStatus.REJECTED, "Hi, {{1}}. \n Until {{2}}?", "HXold"),
        ("card:en", TemplateStatus.APPROVED, "See you at {{1}}", "HXcard"),
    ]
    assert found[0].category == "utility"
    assert all(seen.headers["authorization"].startswith("Basic ") for seen in line.server.seen)


def test_twilios_own_host_is_another_one() -> None:
    assert templates.host_of("https://api.twilio.com") == "https://content.twilio.com"
    assert templates.host_of("https://api.dublin.ie1.twilio.com") == "https://content.twilio.com"
    assert (
        templates.host_of("https://twilio.com.elsewhere.example/") == "https://twilio.com.elsewhere.example"
    )


def test_no_page_elsewhere_sees_our_credentials(line: Line) -> None:
    line.answers(lambda _: page(content("a"), following="https://elsewhere.example/v1/ContentAndApprovals?x"))
    with pytest.raises(Rejected):
        line.connector.list_templates(line.call)


def test_without_whatsapp_nothing_is_asked(server: LittleServer) -> None:
    line = Line(server, whatsapp_sender="")
    assert line.connector.list_templates(line.call) == ()
    assert not server.seen


def test_a_key_without_that_right_sends_on_and_somebody_is_told(line: Line) -> None:
    denied = Reply(status=403, body=b'{"code": 20003, "message": "Permission Denied"}')
    line.answers(lambda seen: denied if seen.path.startswith(templates.PATH) else {"messages": []})
    subscriptions.ensure_due()
    incident = Incident.objects.get(code=subscriptions.TEMPLATES)
    assert "may not read templates" in incident.detail
    assert not Incident.objects.exclude(code=subscriptions.TEMPLATES).exists(), "texting goes on"

    line.answers(lambda _: page(content("check_in")))
    again()
    incident.refresh_from_db()
    assert incident.closed_at is not None
    [kept] = line.connection.templates.all()
    assert (kept.name, kept.status, kept.blanks) == ("check_in", "approved", ["1", "2"])


def test_what_is_gone_there_is_gone_here_within_the_quarter_of_an_hour(line: Line) -> None:
    known = [content("one"), content("two")]
    line.answers(lambda _: page(*known))
    subscriptions.ensure_due()
    due = ConnectionHealth.objects.get(pk=line.connection.pk).subscription_due_at
    assert due is not None
    assert 0 < (due - timezone.now()).total_seconds() <= 900
    known.pop()
    again()
    assert set(line.connection.templates.values_list("name", "status")) == {
        ("one", "approved"),
        ("two", "gone"),
    }


def again() -> None:
    ConnectionHealth.objects.update(subscription_due_at=timezone.now() - timedelta(seconds=5))
    subscriptions.ensure_due()
