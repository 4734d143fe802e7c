"""A property's web chat and those who write there, by the same requests as their browsers make."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client

from connectors.inbound import processing
from connectors.models import Connection, ConnectionKind, Stage
from connectors.outbound import delivery
from connectors.trust import connecting
from inbox.models import ChatVisitor, ChatWidget, Message, Thread
from inbox.services import receipts
from inbox.services.chat import widgets
from tests import factories
from tests.factories import Desk

SITE = "https://www.hotel.example"
OURS = "http://testserver"


@pytest.fixture
def desk(db: None, settings: Any) -> Desk:
    settings.ALLOWED_HOSTS = ["testserver"]
    return factories.desk()


def connect(desk: Desk, name: str = "Website", site: str = SITE) -> ChatWidget:
    """As the wizard makes it."""
    connection = factories.connect(
        desk.organization,
        slug="webchat",
        kind=ConnectionKind.CHANNEL,
        name=name,
        stage=Stage.LIVE,
        base_url="https://webchat.invalid",
        credentials={"site": site},
    )
    connecting.note_addresses(connection)
    with transaction.atomic():
        return widgets.make(connection)


@pytest.fixture
def widget(desk: Desk) -> ChatWidget:
    return connect(desk)


def work() -> None:
    """All that is due, until nothing is."""
    while processing.drain() + delivery.drain() + receipts.after_settling():
        pass


@dataclass
class Visitor:
    """A browser with the chat's frame in it."""

    widget: ChatWidget
    client: Client = field(default_factory=Client)
    token: str = ""
    peer: str = "198.51.100.7"

    def ask(self, what: str, given: Any = None, **headers: Any) -> Any:
        """One request of the frame."""
        url = f"/chat/{self.widget.key}/{what}"
        meta = {"REMOTE_ADDR": self.peer, "HTTP_ORIGIN": OURS, **headers}
        if self.token:
            meta.setdefault("HTTP_AUTHORIZATION", f"Bearer {self.token}")
        if given is None:
            return self.client.get(url, **meta)
        if isinstance(given, SimpleUploadedFile):
            return self.client.post(url, {"file": given}, **meta)
        return self.client.post(url, json.dumps(given), content_type="application/json", **meta)

    def begin(self) -> Visitor:
        answer = self.ask("start", {})
        assert answer.status_code == 201, answer.content
        self.token = answer.json()["token"]
        return self

    def says(self, text: str, **more: Any) -> Any:
        if not self.token:
            self.begin()
        return self.ask("write", {"id": str(uuid.uuid4()), "text": text, **more})

    def sees(self) -> list[str]:
        return [message["text"] for message in self.ask("messages").json()["messages"]]

    @property
    def row(self) -> ChatVisitor:
        return ChatVisitor.objects.latest("pk") if not self.token else _of(self.token)

    @property
    def thread(self) -> Thread:
        rows = Thread.objects.filter(messages__address__address=self.row.public_id, merged_into=None)
        return rows.distinct().get()


def _of(token: str) -> ChatVisitor:
    from inbox.services.chat.visitors import digest

    return ChatVisitor.objects.get(token_digest=digest(token))


@pytest.fixture
def visitor(widget: ChatWidget) -> Visitor:
    return Visitor(widget)


def last(thread: Thread) -> Message:
    found = thread.messages.order_by("-pk").first()
    assert found is not None
    return found


__all__ = ["Connection", "Visitor", "connect", "last", "work"]
