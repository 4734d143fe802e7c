"""Bellhop's contract suite on a connector from another package: offline, and over HTTP against `wire`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from bellhop_littlehotel import LittleHotel
from bellhop_littlehotel.records import STATUSES

from tests.connectors.contract import ConnectorContract, World
from tests.connectors.little_server import little_server
from trial.wire import LittleHotelWorld, signed


class TestLittleHotel(ConnectorContract):
    connector_type = LittleHotel
    fixtures = Path(__file__).parent / "fixtures"
    credentials = {"api_key": "key-that-is-good"}
    wrong = {"api_key": "key-of-nobody"}
    limited = {"api_key": "key-that-reads"}
    statuses = STATUSES
    page_sizes = ("bellhop_littlehotel.PAGE",)
    optional_fields = ("guest", "arrives_at", "room")

    @pytest.fixture
    def world(self) -> Iterator[World]:
        with little_server() as server:
            yield LittleHotelWorld(server)

    def secrets(self) -> tuple[str, str]:
        return "one secret", "another"

    def sign(self, body: bytes, secret: str, at: datetime) -> dict[str, str]:
        return signed(body, secret, at)
