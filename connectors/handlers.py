"""What this app listens to: a bare list of event → function."""

from __future__ import annotations

from bellhop.core.events import subscribe
from connectors.events import CommandMoved, ConnectionRecovered
from connectors.inbound import regular
from connectors.outbound import outage
from connectors.trust import drift


def register() -> None:
    subscribe(ConnectionRecovered, outage.on_recovered)
    subscribe(CommandMoved, regular.on_command)
    subscribe(CommandMoved, drift.on_command)
