from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from connectors.channels.webchat import WebChat
from connectors.contract.direct import AddressKind, DirectMessageRecord
from connectors.contract.errors import NotFound
from connectors.contract.intents import SendDirect
from tests.connectors.contract import AT, ChannelSuite, refuses
from tests.connectors.contract.channel_suite import MemoryFiles

FIXTURES = Path(__file__).parent / "fixtures"


class TestWebChat(ChannelSuite):
    connector_type = WebChat
    fixtures = FIXTURES
    pushes = False
    credentials = {"site": "https://www.hotel.example"}

    def deliveries(self) -> Iterator[tuple[str, dict[str, str], bytes]]:
        yield "message", {}, (FIXTURES / "message.json").read_bytes()

    def test_nobody_outside_may_use_its_address(self) -> None:
        _name, headers, body = next(self.deliveries())
        assert self.make().verify(headers, body, ["secret"], AT) is False

    def test_what_is_typed_is_no_address_to_match_by(self) -> None:
        (_name, event) = next(self.events())
        record = cast("DirectMessageRecord", event.direct)
        assert (record.guest.kind, record.guest.value, record.also) == (
            AddressKind.VISITOR,
            "k3j2h4kxm9qwzt",
            (),
        )
        assert record.external_id == "k3j2h4kxm9qwzt:5b0c3a52-8f0e-4a54-9a55-0e9f6d1f9a10"

    def test_addresses_are_normalised(self) -> None:
        """Told by our own pages, so never pushed."""
        assert [event.direct is not None for _name, event in self.events()] == [True]

    def test_sending_and_looking_call_nobody(self) -> None:
        intent = SendDirect(channel="webchat", to="k3j2h4kxm9qwzt", to_kind="visitor", body="Yes.")
        made = self.make()
        first, second = made.perform(refuses, intent), made.perform(refuses, intent)
        assert first.remote_id
        assert first.remote_id != second.remote_id
        assert made.ping(refuses) == "www.hotel.example"
        assert made.find(refuses, intent, AT, ()) is None

    def test_only_files_of_the_message_are_read(self) -> None:
        _name, headers, body = next(self.deliveries())
        made = self.make()
        assert isinstance(made.files, MemoryFiles)
        made.files.kept = {"2026/06/19/abc.png": b"png", "2026/06/19/other.png": b"secret"}
        assert made.part(headers, body, "2026/06/19/abc.png").content == b"png"
        with pytest.raises(NotFound):
            made.part(headers, body, "2026/06/19/other.png")
