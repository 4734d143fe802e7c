"""What every channel connector must do, without a network: the common suite, and what a channel adds to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.contract.channel import ChannelConnector
from connectors.contract.connector import QUERY, Settings
from connectors.contract.direct import Address, AddressKind, DeliveryReport, DirectMessageRecord
from connectors.contract.errors import NotFound, Unreadable, Unsupported
from connectors.contract.events import CanonicalEvent, Entity, EventKind
from connectors.contract.http import Request, Response
from connectors.contract.intents import AddNote, MarkRead, SendDirect
from connectors.contract.records import AttachmentRecord
from tests.connectors.contract.offline import AT, ConnectorSuite

HOOK = "https://bellhop.example/hooks/token"
DIRECT = {
    EventKind.DIRECT_MESSAGE,
    EventKind.MESSAGE_CHANGED,
    EventKind.DELIVERY_REPORT,
    EventKind.CONSENT_TOLD,
    EventKind.ADDRESS_MOVED,
    EventKind.TEMPLATE_TOLD,
    EventKind.ALERT,
    EventKind.IGNORED,
}


@dataclass
class MemoryFiles:
    """A store of files in memory."""

    kept: dict[str, bytes] = field(default_factory=dict)

    def read(self, key: str) -> bytes:
        return self.kept[key]

    def link(self, key: str, name: str, lives_s: int) -> str:
        return f"https://bellhop.example/files/{key}/{name}?for={lives_s}"


def refuses(request: Request) -> Response:
    """A Call that must not be used."""
    raise AssertionError(f"{request.method} {request.path} was called")


class ChannelSuite(ConnectorSuite):
    """Subclasses set `connector_type`, `credentials` (good ones, for the fixtures' account), and tell `deliveries`:
    name, headers (with `QUERY`, unsigned) and body of everything that the provider sends. `twins` are deliveries that
    tell what another one tells; `pushes` is false where nothing comes by webhook."""

    connector_type: ClassVar[type[ChannelConnector]]  # type: ignore[assignment]
    credentials: ClassVar[Mapping[str, str]]
    twins: ClassVar[tuple[str, ...]] = ()
    pushes: ClassVar[bool] = True

    def make(self, **changes: str) -> ChannelConnector:  # type: ignore[override]
        told = {**self.credentials, **changes}
        return self.connector_type(Settings(credentials=told, hook_url=HOOK), files=MemoryFiles())

    def deliveries(self) -> Iterator[tuple[str, dict[str, str], bytes]]:
        raise NotImplementedError

    def webhooks(self) -> Iterator[tuple[str, bytes]]:
        for name, _, body in self.deliveries():
            yield name, body

    def events(self) -> Iterator[tuple[str, CanonicalEvent]]:
        connector = self.make()
        for name, headers, body in self.deliveries():
            for event in connector.parse(headers, body):
                yield name, event

    def _signed(self, at: datetime = AT) -> tuple[ChannelConnector, bytes, dict[str, str], list[str]]:
        if not self.pushes:
            pytest.skip("Nothing is pushed.")
        return super()._signed(at)  # type: ignore[return-value]

    # --- facts ---
    def test_each_channel_says_what_it_carries(self) -> None:
        assert self.connector_type.facts
        for channel, facts in self.connector_type.facts.items():
            assert facts.max_text > 0, channel
            media = facts.media
            assert bool(media.count) == bool(media.types), channel
            assert all(limit > 0 for limit in media.types.values()), channel
            assert facts.window_s is None or facts.templates, channel

    def test_its_addresses_are_of_channels_that_it_has(self) -> None:
        addresses = self.make().addresses()
        assert addresses
        assert set(addresses) <= set(self.connector_type.facts)

    def test_what_a_channel_is_for_is_declared(self) -> None:
        message = self.connector_type.capabilities.of(Entity.MESSAGE)
        assert message.write
        assert message.push != "none" or self.connector_type.poll_s
        shows_reading = self.connector_type.mark_read is not ChannelConnector.mark_read
        assert self.connector_type.performs == ((SendDirect, MarkRead) if shows_reading else (SendDirect,))

    def test_the_limit_key_tells_no_secret(self) -> None:
        fields = [one.name for one in self.connector_type.credential_fields if one.secret]
        hidden = [value for name, value in self.credentials.items() if name in fields and value]
        connector = self.make()
        said = [connector.limit_key(), connector.address_key(), repr(connector.settings), repr(connector)]
        assert not [one for one in hidden for word in said if one in word]

    # --- deliveries ---
    def test_every_fixture_is_understood(self) -> None:
        for name, event in self.events():
            assert event.kind in DIRECT, name
            assert event.dedupe_key, name
            says_nothing = event.kind == EventKind.IGNORED or bool(event.needs_read)
            assert (event.direct is None) == says_nothing, name
            assert not event.unknown, name

    def test_addresses_are_normalised(self) -> None:
        told = 0
        for name, event in self.events():
            match event.direct:
                case DirectMessageRecord():
                    for address in (event.direct.guest, *event.direct.also):
                        told += 1
                        assert is_normal(address), (name, address)
                case DeliveryReport(address=Address() as address):
                    told += 1
                    assert is_normal(address), (name, address)
        assert bool(told) == self.pushes

    def test_a_repeated_delivery_means_the_same_facts(self) -> None:
        first = [(name, event.dedupe_key) for name, event in self.events()]
        assert first == [(name, event.dedupe_key) for name, event in self.events()]

    def test_a_delivery_has_one_key(self) -> None:
        keys = {name: self.make().delivery_key(headers, body) for name, headers, body in self.deliveries()}
        assert len(set(keys.values())) == len(keys) - len(self.twins)
        assert keys == {
            name: self.make().delivery_key(headers, body) for name, headers, body in self.deliveries()
        }
        assert all(0 < len(key) <= 200 for key in keys.values())

    @settings(
        max_examples=120,
        derandomize=True,
        deadline=None,
        suppress_health_check=[HealthCheck.differing_executors],
    )
    @given(
        body=st.binary(max_size=200) | st.text(max_size=100).map(str.encode),
        kind=st.sampled_from(
            ["", "application/json", "application/x-www-form-urlencoded", "multipart/form-data", "é"]
        ),
        query=st.text(max_size=30),
        signature=st.text(max_size=60),
    )
    def test_garbage_breaks_nothing(self, body: bytes, kind: str, query: str, signature: str) -> None:
        connector = self.make()
        headers = {"content-type": kind, QUERY: query, "authorization": signature}
        if connector.signature_header:
            headers[connector.signature_header] = signature
        assert connector.delivery_key(headers, body)
        assert connector.verify(headers, body, ["secret"], AT) is False
        connector.answer_get(query, ["secret"])
        with suppress(Unreadable):
            connector.parse(headers, body)

    def test_a_damaged_payload_is_read_or_unreadable(self) -> None:
        """Each delivery cut short, and with one byte changed, at a few places."""
        connector = self.make()
        for _, headers, body in self.deliveries():
            for place in range(0, len(body), max(1, len(body) // 25)):
                for damaged in (body[:place], body[:place] + b"\xff" + body[place + 1 :]):
                    assert connector.delivery_key(headers, damaged)
                    with suppress(Unreadable):
                        connector.parse(headers, damaged)

    def test_without_an_address_of_ours_nothing_signed_over_it_is_good(self) -> None:
        connector = self.connector_type(Settings())
        for _, headers, body in self.deliveries():
            assert connector.verify(headers, body, [], AT) is False

    # --- effects ---
    def test_other_intents_are_not_its_business(self) -> None:
        note = AddNote(reservation_id="1", body="x")
        with pytest.raises(Unsupported):
            self.make().perform(refuses, note)
        with pytest.raises(Unsupported):
            self.make().find(refuses, note, AT)

    def test_files_elsewhere_are_not_fetched(self) -> None:
        """Invariant 11: neither with our credentials nor without."""
        for url in ("https://evil.example/x", "http://169.254.169.254/latest", "file:///etc/passwd", ""):
            with pytest.raises((NotFound, Unsupported)):
                self.make().fetch(refuses, AttachmentRecord(external_id="1", url=url))
            assert not url or not self.make().is_ours(url)


def is_normal(address: Address) -> bool:
    value = address.value
    match address.kind:
        case AddressKind.PHONE:
            return value.startswith("+") and value[1:].isdigit()
        case AddressKind.EMAIL:
            return value == value.casefold() and value.count("@") == 1
    return bool(value) and value == value.strip()
