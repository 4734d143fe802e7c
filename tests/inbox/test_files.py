"""Files of threads: added to drafts, sent with replies, fetched from guests, seen by those who may (ux C2, C13, T5)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bellhop.core import clock, files
from bellhop.core.models import Incident, UnusedFile
from connectors.contract.intents import OutFile
from connectors.contract.media import MediaLimits, problems
from connectors.contract.records import AttachmentRecord
from connectors.models import Command
from inbox.models import Attachment, Draft, FileState, Message, Notice, Thread
from inbox.services import drafts, fetching, reply, uploads, ways
from reservations.models import ChannelAddress, ContactKind, ContactPoint
from tests import factories
from tests.channels import connect_twilio
from tests.connectors.little_server import LittleServer, Reply, little_server
from tests.core.test_files import PROGRAM, picture, with_place
from tests.factories import Desk

PART = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture
def talk(desk: Desk) -> Iterator[Thread]:
    thread = factories.thread(desk, factories.stay(desk))
    factories.says(thread, "Where is the pool?")
    yield thread
    clock.set_offset(timedelta())


@pytest.fixture
def agent(desk: Desk, client: Client) -> Client:
    client.force_login(desk.agent)
    return client


def send_up(client: Client, thread: Thread, content: bytes, name: str = "Pool.jpg") -> Any:
    given = SimpleUploadedFile(name, content, content_type="image/jpeg")
    return client.post(f"/threads/{thread.public_id}/files/", {"file": given, "seen": 7})


def of_draft(desk: Desk, thread: Thread, content: bytes | None = None, name: str = "Pool.jpg") -> Attachment:
    content = picture() if content is None else content
    return uploads.upload(desk.agent, thread, content, name=name, mime_type="image/jpeg", seen=0)


# --- drafts ---
def test_an_upload_stays_with_the_draft_and_says_no_place(desk: Desk, talk: Thread, agent: Client) -> None:
    answer = send_up(agent, talk, with_place())
    assert answer.status_code == 200
    file = Attachment.objects.get()
    assert (file.draft.user, file.draft.thread, file.draft.seen_message_id) == (desk.agent, talk, 7)  # type: ignore[union-attr]
    assert b"Nokia" not in files.read(file.storage_key)
    assert not UnusedFile.objects.exists()
    pane = agent.get(f"/inbox/all/{talk.public_id}/", headers=PART).content.decode()
    assert f'data-file="{file.public_id}"' in pane
    drafts.save(desk.agent, talk, Draft.Mode.REPLY, "", seen_message_id=0, device="")
    assert Attachment.objects.count() == 1, "an emptied text takes no files along"
    assert agent.post(f"/files/{file.public_id}/describe/", {"alt": "The  pool"}).status_code == 204
    assert agent.post(f"/files/{file.public_id}/remove/").status_code == 204
    assert not Draft.objects.exists()
    assert files.sweep() == 2, "image and thumbnail"
    with pytest.raises(FileNotFoundError):
        files.read(file.storage_key)


@pytest.mark.parametrize(
    ("content", "name", "why"),
    [
        (PROGRAM, "holiday.jpg", "Programs"),
        (b"", "empty.txt", "empty"),
        (picture()[:80], "half.jpg", "damaged"),
    ],
)
def test_what_is_not_taken_is_refused_with_the_reason(
    talk: Thread, agent: Client, content: bytes, name: str, why: str
) -> None:
    answer = send_up(agent, talk, content, name)
    assert (answer.status_code, answer["Content-Type"]) == (422, "text/plain; charset=utf-8")
    assert why in answer.content.decode()
    assert not Attachment.objects.exists()


def test_ten_files_are_enough(desk: Desk, talk: Thread) -> None:
    draft = drafts.hold(desk.agent, talk, Draft.Mode.REPLY, seen_message_id=0)
    Attachment.objects.bulk_create(Attachment(draft=draft, name=str(number)) for number in range(10))
    with pytest.raises(uploads.UploadRefused, match="10 files"):
        of_draft(desk, talk)


def test_a_reply_takes_the_files_and_undo_gives_them_back(desk: Desk, talk: Thread) -> None:
    """The PMS takes no files: a link that is good stands below the text there, not here."""
    file = of_draft(desk, talk)
    uploads.describe(desk.agent, file, "Our pool")
    message = factories.answers(desk.agent, talk, "Here it is", send_anyway=True)
    assert (message.body, list(message.attachments.all())) == ("Here it is", [file])
    body = Command.objects.get(subject=f"message:{message.pk}").intent["body"]
    text, link = body.split("\n\nOur pool: ")
    assert text == "Here it is"
    answer = Client().get(link.partition("/f/")[1] + link.partition("/f/")[2])
    assert answer.content == files.read(file.storage_key)
    reply.withdraw(desk.agent, message)
    file.refresh_from_db()
    assert file.message is None
    assert file.draft == drafts.of(desk.agent, talk)["reply"]


def test_files_may_go_without_a_word(desk: Desk, talk: Thread) -> None:
    with pytest.raises(reply.ReplyRefused):
        factories.answers(desk.agent, talk, "", send_anyway=True)
    of_draft(desk, talk)
    assert factories.answers(desk.agent, talk, "", send_anyway=True).attachments.count() == 1


def test_a_deleted_message_takes_its_files_along_however_it_is_deleted(desk: Desk, talk: Thread) -> None:
    file = of_draft(desk, talk)
    message = factories.answers(desk.agent, talk, "Here", send_anyway=True)
    with database.cursor() as cursor:
        cursor.execute("DELETE FROM inbox_attachment WHERE message_id = %s", [message.pk])
    assert set(UnusedFile.objects.values_list("key", flat=True)) == {file.storage_key, file.thumbnail_key}
    files.sweep()
    assert not storages[files.STORE].exists(file.storage_key)


# --- who may see ---
def test_only_who_sees_the_thread_sees_its_files(desk: Desk, talk: Thread, agent: Client) -> None:
    """Invariant 10, for the file, its thumbnail, and what may be done with it."""
    file = of_draft(desk, talk)
    colleague, foreigner = Client(), Client()
    colleague.force_login(factories.person(desk.organization))
    foreigner.force_login(factories.desk("other").agent)
    address = f"/files/{file.public_id}/"
    assert colleague.get(address).status_code == 404, "somebody else's draft"
    factories.answers(desk.agent, talk, "Here", send_anyway=True)
    elsewhere = Client()
    elsewhere.force_login(
        factories.limited(desk.organization, factories.property_of(desk.organization, "Casa"))
    )
    for stranger in (foreigner, elsewhere):
        assert {stranger.get(path).status_code for path in (address, f"{address}small/")} == {404}
        assert {
            stranger.post(f"{address}{what}/").status_code for what in ("describe", "remove", "again")
        } == {404}
    assert colleague.post(f"{address}remove/").status_code == 404, "it was sent"
    answer = colleague.get(address)
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/jpeg")
    assert answer["Cache-Control"] == "private, max-age=604800, immutable"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert colleague.get(f"{address}?download")["Content-Disposition"].startswith("attachment")
    assert colleague.get(f"{address}small/")["Content-Type"] == "image/webp"


@pytest.mark.parametrize("content", [b"<!doctype html><script>1</script>", b"<svg onload='alert(1)'/>"])
def test_markup_is_never_shown_in_place(desk: Desk, talk: Thread, agent: Client, content: bytes) -> None:
    file = of_draft(desk, talk, content, "photo.jpg")
    answer = agent.get(f"/files/{file.public_id}/")
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"


# --- from guests ---
@pytest.fixture
def host(settings: Any) -> Iterator[LittleServer]:
    """Where a PMS keeps its files."""
    with little_server() as server:
        settings.BELLHOP_ALLOWED_PRIVATE_HOSTS = [f"127.0.0.1:{server.port}"]
        server.answer = lambda _seen: Reply(body=with_place())
        yield server


def brings(thread: Thread, *urls: str) -> Message:
    records = tuple(
        AttachmentRecord(external_id=str(at), url=url, name="Key.jpg") for at, url in enumerate(urls)
    )
    return factories.says(thread, "Look", attachments=records)


def test_a_guests_file_is_fetched_once_cleaned_and_shown(
    talk: Thread, agent: Client, host: LittleServer
) -> None:
    file = brings(talk, f"{host.url}/key.jpg").attachments.get()
    log = f"/threads/{talk.public_id}/log/"
    assert "Being fetched" in agent.get(log).content.decode()
    assert (fetching.fetch_due(), fetching.fetch_due()) == (1, 0)
    file.refresh_from_db()
    assert (file.state, file.sniffed_type, file.width, file.height) == (
        FileState.KEPT,
        "image/jpeg",
        200,
        400,
    )
    assert b"Nokia" not in files.read(file.storage_key)
    assert len(host.seen) == 1
    shown = agent.get(log).content.decode()
    assert f"/files/{file.public_id}/small/" in shown
    assert "Being fetched" not in shown


def test_links_lead_on_through_the_same_gate(talk: Thread, host: LittleServer) -> None:
    """Invariant 11: a link to our own network is never followed, at the first step or the second."""
    steps = {
        "/good": Reply(status=302, headers={"Location": "/key.jpg"}),
        "/bad": Reply(status=302, headers={"Location": "https://169.254.169.254/latest"}),
        "/round": Reply(status=302, headers={"Location": "/round"}),
    }
    host.answer = lambda seen: steps.get(seen.path, Reply(body=picture()))
    inside = "http://127.0.0.1:1/secret"
    message = brings(talk, f"{host.url}/good", f"{host.url}/bad", f"{host.url}/round", inside)
    fetching.fetch_due()
    rows = message.attachments.order_by("remote_id").values_list("state", "reason")
    assert list(rows) == [("kept", ""), ("failed", "address"), ("failed", "address"), ("failed", "address")]


def test_what_a_guest_sent_may_be_refused(talk: Thread, agent: Client, host: LittleServer) -> None:
    host.answer = lambda _seen: Reply(body=PROGRAM)
    file = brings(talk, f"{host.url}/holiday.jpg").attachments.get()
    fetching.fetch_due()
    file.refresh_from_db()
    assert (file.state, file.reason, file.storage_key) == (FileState.REFUSED, "program", "")
    assert "Refused: Programs" in agent.get(f"/threads/{talk.public_id}/log/").content.decode()
    assert agent.get(f"/files/{file.public_id}/").status_code == 404, "not even by its link"


def test_a_file_is_tried_again_until_it_is_given_up(
    desk: Desk, talk: Thread, agent: Client, host: LittleServer
) -> None:
    """Invariant 12: then whoever has the thread is told, and who runs the connection; its link stays."""
    Thread.objects.filter(pk=talk.pk).update(assignee=desk.agent)
    host.answer = lambda _seen: Reply(status=503)
    file = brings(talk, f"{host.url}/key.jpg").attachments.get()
    waited = timedelta()
    for after in (*fetching.RETRY_AFTER, timedelta()):
        assert fetching.fetch_due() == 0
        waited += after + timedelta(seconds=1)
        clock.set_offset(waited)
    file.refresh_from_db()
    assert (file.state, file.reason, len(host.seen)) == (FileState.FAILED, "unreachable", 6)
    assert Notice.objects.get(user=desk.agent).kind == Notice.Kind.FILE
    assert Incident.objects.get().closed_at is None
    assert "Try again" in agent.get(f"/threads/{talk.public_id}/log/").content.decode()
    assert agent.get(f"/files/{file.public_id}/").url == f"{host.url}/key.jpg"  # type: ignore[attr-defined]
    host.answer = lambda _seen: Reply(body=picture())
    assert agent.post(f"/files/{file.public_id}/again/").status_code == 204
    assert fetching.fetch_due() == 1
    assert Incident.objects.get().closed_at is not None


def test_a_worker_that_dies_leaves_the_file_to_the_next(talk: Thread, host: LittleServer) -> None:
    brings(talk, f"{host.url}/key.jpg")
    assert fetching._claim() is not None
    assert fetching.fetch_due() == 0, "leased"
    clock.set_offset(fetching.LEASE + timedelta(seconds=1))
    assert fetching.fetch_due() == 1


# --- cost ---
def test_a_thread_full_of_files_costs_the_same(talk: Thread, agent: Client, steady_clock: None) -> None:
    """G10: fifty messages of four files each."""
    log = f"/threads/{talk.public_id}/log/"

    def cost() -> int:
        with CaptureQueriesContext(database) as captured:
            shown.append(agent.get(log).content.decode())
        return len(captured)

    shown: list[str] = []
    brings(talk, "https://pms.example/0.jpg")
    few = cost()
    for _ in range(49):
        brings(talk, *(f"https://pms.example/{number}.jpg" for number in range(4)))
    assert cost() == few
    assert shown[-1].count("Being fetched") > 150


# --- limits ---
def out(size: int, mime_type: str = "image/jpeg") -> OutFile:
    return OutFile(key="k", name="Pool.jpg", mime_type=mime_type, size=size)


@pytest.mark.parametrize(
    ("files_", "codes"),
    [
        ([], []),
        ([out(100)], []),
        ([out(101)], ["size"]),
        ([out(10, "video/mp4")], ["type"]),
        ([out(90), out(90)], ["total"]),
        ([out(10)] * 3, ["count"]),
    ],
)
def test_what_a_destination_cannot_carry(files_: list[OutFile], codes: list[str]) -> None:
    limits = MediaLimits(types={"image/*": 100}, count=2, total=150)
    assert [problem.code for problem in problems(files_, limits)] == codes
    assert [problem.code for problem in problems(files_, MediaLimits())] == (["none"] if files_ else [])


# --- channels of our own ---
def test_a_channel_takes_what_it_can_and_links_lead_to_the_rest(
    desk: Desk, talk: Thread, agent: Client
) -> None:
    """Said before it is sent, for each way (ux T5, C3)."""
    assert talk.guest is not None
    ContactPoint.objects.create(
        organization=desk.organization, guest=talk.guest, kind=ContactKind.PHONE, value="+14155550131"
    )
    connect_twilio(desk.organization, "https://api.example")
    [sms] = [choice.key for choice in ways.of(talk) if choice.channel == "sms" and not choice.is_pms]
    photo = of_draft(desk, talk)
    notes = f"/threads/{talk.public_id}/files/"
    assert f'data-way="{sms}"' not in agent.get(notes).content.decode(), "it takes images"
    message = factories.answers(desk.agent, talk, "The pool", send_anyway=True, via=sms)
    intent = Command.objects.get(subject=f"message:{message.pk}", connection=message.connection).intent
    assert ([file["key"] for file in intent["files"]], intent["body"]) == ([photo.storage_key], "The pool")
    of_draft(desk, talk, b"Rules of the house\n", "rules.html")
    assert f'data-way="{sms}"' in agent.get(notes).content.decode()
    message = factories.answers(desk.agent, talk, "The rules", send_anyway=True, via=sms)
    intent = Command.objects.get(subject=f"message:{message.pk}", connection=message.connection).intent
    assert intent["files"] == []
    assert intent["body"].startswith("The rules\n\nrules.html.txt: http")


def test_a_channels_own_link_is_never_handed_out(desk: Desk, talk: Thread, agent: Client) -> None:
    """It wants our credentials: until the file is here, there is nothing to open."""
    connection = connect_twilio(desk.organization, "https://api.example")
    address = ChannelAddress.objects.create(
        organization=desk.organization, connection=connection, channel="sms", kind="phone",
        address="+14155550131", created_at=clock.now(),
    )  # fmt: skip
    message = factories.says(talk, "Look")
    Message.objects.filter(pk=message.pk).update(address=address, connection=connection)
    file = message.attachments.create(url="https://api.example/media/ME1", state=FileState.FAILED)
    assert agent.get(f"/files/{file.public_id}/").status_code == 404
    assert f'/files/{file.public_id}/"' not in agent.get(f"/threads/{talk.public_id}/log/").content.decode()


def test_a_photo_without_a_word_is_named_in_the_list(talk: Thread) -> None:
    factories.says(
        talk, "", attachments=(AttachmentRecord(external_id="1", name="Key.jpg", url="https://a.example/"),)
    )
    assert talk.preview == "📎 Key.jpg"
