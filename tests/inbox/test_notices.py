"""The bell: who is told what, once, in their language; live, quiet when asked, read where it is read (ux R3, U4)."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.test import Client

from bellhop.core import clock, incidents
from bellhop.core.models import LiveEvent
from connectors.models import Command, CommandState
from connectors.outbound import outbox
from inbox.models import Message, Notice, Receipt, Thread
from inbox.services import notes, notices, receipts, triage
from tests import factories
from tests.factories import Desk


def fails(message: Message) -> None:
    command_id = Receipt.objects.filter(message=message)[0].command_id
    with transaction.atomic():
        outbox._end(Command.objects.get(pk=command_id or 0), CommandState.FAILED, "refused")
    receipts.after_settling()


def kinds(desk: Desk, role: str = "Agent") -> list[str]:
    return [notice.kind for notice in notices.of(desk.people[role])]


def alerts() -> list[LiveEvent]:
    return list(LiveEvent.objects.filter(topic="alert").order_by("id"))


def test_a_failure_reaches_its_author_and_who_has_the_thread(desk: Desk) -> None:
    admin = desk.people["Admin"]
    thread = factories.thread(desk, factories.stay(desk), assignee=admin)
    message = factories.answers(desk.agent, thread, "A word to the guest")
    fails(message)
    assert kinds(desk) == kinds(desk, "Admin") == ["failed"]
    assert kinds(desk, "Operations manager") == []
    assert {event.user_id for event in alerts()} == {desk.agent.pk, admin.pk}
    told = alerts()[0].data
    assert told["link"] == f"/inbox/all/{thread.public_id}/?m={message.public_id}#m-{message.public_id}"
    assert "A word" in told["title"]
    assert "A word" not in told["plain"]


def test_a_mention_and_an_assignment(desk: Desk) -> None:
    admin = desk.people["Admin"]
    thread = factories.thread(desk, party_name="Maria")
    note = notes.add(
        admin, thread, f"@{desk.agent.full_name.split()[0]} look at this", client_token="note-token-1"
    )
    triage.assign(admin, thread, desk.agent)
    assert kinds(desk) == ["assigned", "mention"]
    lines = [notices.words(notice) for notice in notices.of(desk.agent)]
    assert lines[0].endswith("gave you the conversation with Maria")
    assert "look at this" in lines[1]
    assert notices.link(notices.of(desk.agent)[1]).endswith(f"#n-{note.public_id}")
    assert [event.data["quiet"] for event in alerts()] == [False, True]
    triage.assign(desk.agent, thread, None)
    triage.assign(desk.agent, thread, desk.agent)
    assert len(kinds(desk)) == 2, "taking it oneself is no news"


def test_an_incident_reaches_the_one_who_is_alerted(desk: Desk) -> None:
    incidents.open_incident(desk.organization.pk, "pms.down", "Guesty is down")
    incidents.open_incident(desk.organization.pk, "pms.down", "Guesty is down")
    assert kinds(desk, "Operations manager") == ["incident"]
    assert notices.link(notices.of(desk.people["Operations manager"])[0]) == "/health/"
    assert len(alerts()) == 1


def test_reading_the_thread_reads_its_notices(desk: Desk) -> None:
    thread, other = factories.thread(desk), factories.thread(desk)
    for row in (thread, other):
        triage.assign(desk.people["Admin"], row, desk.agent)
    assert notices.unread(desk.agent) == 2
    triage.mark_read(desk.agent, thread, 0)
    assert notices.unread(desk.agent) == 1
    notices.mark_all_read(desk.agent)
    assert notices.unread(desk.agent) == 0
    triage.assign(desk.people["Admin"], thread, None)
    triage.assign(desk.people["Admin"], thread, desk.agent)
    triage.assign(desk.people["Admin"], thread, None)
    triage.assign(desk.people["Admin"], thread, desk.agent)
    assert notices.unread(desk.agent) == 1, "an unread one isn't doubled"


def test_do_not_disturb_is_quiet_but_counts(desk: Desk, client: Client) -> None:
    client.force_login(desk.agent)
    client.post("/notices/mute/", {"for": "1"})
    desk.agent.refresh_from_db()
    thread = factories.thread(desk, factories.stay(desk))
    fails(factories.answers(desk.agent, thread, "Hello"))
    assert alerts()[0].data["quiet"] is True
    assert client.get("/notices/count/").json() == {"unread": 1, "muted": True}
    assert "Do not disturb for another" in client.get("/notices/").content.decode()
    assert "Do not disturb is on" in client.post("/notices/mute/", {"for": "on"}).content.decode()
    client.post("/notices/mute/", {"for": "1"})
    desk.agent.refresh_from_db()
    clock.set_offset(timedelta(hours=2))
    assert not notices.is_muted(desk.agent)
    clock.set_offset(timedelta())
    assert "Disturb me again" not in client.post("/notices/mute/", {"for": ""}).content.decode()


def test_words_are_those_of_the_reader(desk: Desk) -> None:
    desk.agent.language = "es"
    desk.agent.save()
    thread = factories.thread(desk, factories.stay(desk))
    fails(factories.answers(desk.agent, thread, "Hola"))
    assert alerts()[0].data["title"].startswith("No entregado")


def test_who_may_not_see_the_thread_hears_nothing_of_it(desk: Desk, client: Client) -> None:
    """Invariant 10: also later, when the property is taken away."""
    limited = factories.limited(desk.organization, desk.place)
    thread = factories.thread(desk)
    triage.assign(desk.agent, thread, limited)
    assert notices.unread(limited) == 1
    limited.property_scopes.all().delete()
    assert notices.of(limited) == []
    assert notices.unread(limited) == 0


def test_the_link_reaches_back_to_an_old_message(desk: Desk, client: Client) -> None:
    thread = factories.thread(desk)
    old = factories.says(thread, "The oldest word", at=clock.now() - timedelta(days=3))
    for number in range(55):
        factories.says(thread, f"Later {number}", at=clock.now() - timedelta(days=2, minutes=-number))
    client.force_login(desk.agent)
    address = f"/inbox/all/{thread.public_id}/"
    assert f'id="m-{old.public_id}"' not in client.get(address).content.decode()
    assert f'id="m-{old.public_id}"' in client.get(f"{address}?m={old.public_id}").content.decode()
    assert client.get(f"{address}?m=nonsense").status_code == 200


def test_browser_notifications_are_chosen(desk: Desk, client: Client) -> None:
    client.force_login(desk.agent)
    assert 'data-browser-notices="off"' in client.get("/settings/").content.decode()
    client.post("/notices/browser/", {"how": "text"})
    assert 'data-browser-notices="text"' in client.get("/settings/").content.decode()
    assert client.post("/notices/browser/", {"how": "loud"}).status_code == 400


def test_old_ones_are_forgotten(desk: Desk) -> None:
    thread = factories.thread(desk)
    triage.assign(desk.people["Admin"], thread, desk.agent)
    assert notices.prune() == 0
    Notice.objects.update(at=clock.now() - timedelta(days=91))
    assert notices.prune() == 1
    assert Thread.objects.count() == 1
