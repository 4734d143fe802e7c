"""The whole suite."""

from __future__ import annotations

from tests.connectors.contract.effects import Effects
from tests.connectors.contract.failing import Failing
from tests.connectors.contract.hearing import Hearing
from tests.connectors.contract.offline import ConnectorSuite
from tests.connectors.contract.reading import Reading


class ConnectorContract(Reading, Effects, Hearing, Failing, ConnectorSuite):
    """Offline and live; a connector that passes may be trusted."""
