"""What the parts of the live suite share: the subclass's description, the fixtures, and honest skipping."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

import pytest

from bellhop.core import clock
from connectors.contract.base import PmsConnector
from connectors.contract.capabilities import Capability, Push
from connectors.contract.events import Entity
from connectors.contract.intents import Intent
from connectors.contract.records import StayStatus
from connectors.outbound import health
from tests.connectors.contract.bench import Bench, Ear
from tests.connectors.contract.world import World
from tests.connectors.little_server import little_server
from tests.pms import IntakeServer


class Trial:
    """Subclasses set these, and override the fixture `world`.

    credentials      good ones for the world
    wrong            refused ones
    limited          good ones that may read and not write; None with `limited_why`
    statuses         the connector's whole table: the PMS's word → ours
    page_sizes       module variables that hold a page's size, made small (`package.module.NAME`)
    repeats_why      why pages may overlap, so that an item can come twice (it is never left out)
    optional_fields  fields of a stay, as the wire words them, that may be missing
    overlap          by how much reads by time of change reach back behind the cursor
    cannot           kinds of intent that the connector does not perform although it writes the entity, and why
    lacks            faults that this world doesn't have, and why
    """

    connector_type: ClassVar[type[PmsConnector]]
    credentials: ClassVar[Mapping[str, str]]
    wrong: ClassVar[Mapping[str, str]]
    limited: ClassVar[Mapping[str, str] | None] = None
    limited_why: ClassVar[str] = ""
    statuses: ClassVar[Mapping[str, StayStatus]]
    page_sizes: ClassVar[tuple[str, ...]] = ()
    repeats_why: ClassVar[str] = ""
    optional_fields: ClassVar[tuple[str, ...]] = ()
    overlap: ClassVar[timedelta] = timedelta(0)
    cannot: ClassVar[Mapping[type[Intent], str]] = {}
    lacks: ClassVar[Mapping[str, str]] = {}

    def sign(self, body: bytes, secret: str, at: datetime) -> dict[str, str] | None:
        """Headers of a genuine delivery; None where the vendor signs nothing."""
        raise NotImplementedError

    @pytest.fixture
    def world(self) -> World:
        raise NotImplementedError

    @pytest.fixture
    def bench(self, db: None, world: World, settings: Any) -> Iterator[Bench]:
        yield from self._bench(world, settings)

    @pytest.fixture
    def shared_bench(self, transactional_db: None, world: World, settings: Any) -> Iterator[Bench]:
        """One whose rows other threads see as well."""
        yield from self._bench(world, settings)

    def _bench(self, world: World, settings: Any) -> Iterator[Bench]:
        settings.BELLHOP_ALLOWED_PRIVATE_HOSTS = [world.base_url.split("/")[2]]
        clock.forget()
        health._noted.clear()
        world.reset()
        yield Bench(world, self.connector_type.slug, self.credentials)
        world.heal()
        clock.forget()

    @pytest.fixture
    def ear(self, shared_bench: Bench, intake_server: IntakeServer, settings: Any) -> Iterator[Ear]:
        with little_server() as endpoint:
            settings.BELLHOP_PUBLIC_URL = endpoint.url
            intake_server.forget_clock()
            yield Ear(shared_bench, endpoint, intake_server)

    def needs(self, entity: Entity, what: str) -> Capability:
        """Skip, with the declared reason, where the connector can't `read`, `write` or `push` it. No reason: fail."""
        capability = self.connector_type.capabilities.of(entity)
        can = capability.push != Push.NONE if what == "push" else getattr(capability, what)
        if not can:
            self.skip(capability.why, f"{entity} can't be {what}: declare why")
        return capability

    def needs_fault(self, name: str) -> None:
        if name in self.lacks:
            self.skip(self.lacks[name], f"the world lacks {name}: say why")

    @staticmethod
    def skip(why: str, otherwise: str) -> None:
        assert why.strip(), otherwise
        pytest.skip(why)
