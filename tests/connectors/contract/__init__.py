"""What every connector must do (docs/how-to/write-a-connector.md).

`ConnectorSuite` needs no network: facts, payloads, signatures, answers. `ConnectorContract` is that and the same
connector against a PMS that can be played with (`World`), over real HTTP and through Bellhop's own caller.
`ChannelSuite` is the first, for channels.
"""

import pytest

for _name in ("offline", "channel_suite", "reading", "effects", "hearing", "failing"):
    pytest.register_assert_rewrite(f"{__name__}.{_name}")

from tests.connectors.contract.bench import Bench  # noqa: E402 (asserts are rewritten first)
from tests.connectors.contract.channel_suite import (  # noqa: E402
    HOOK,
    ChannelSuite,
    MemoryFiles,
    refuses,
)
from tests.connectors.contract.offline import (  # noqa: E402
    AT,
    EFFECT,
    READ,
    SECRET_VALUE,
    ConnectorSuite,
    answer,
)
from tests.connectors.contract.suite import ConnectorContract  # noqa: E402
from tests.connectors.contract.world import SandboxWorld, World  # noqa: E402

__all__ = [
    "AT",
    "EFFECT",
    "HOOK",
    "READ",
    "SECRET_VALUE",
    "Bench",
    "ChannelSuite",
    "ConnectorContract",
    "ConnectorSuite",
    "MemoryFiles",
    "SandboxWorld",
    "World",
    "answer",
    "refuses",
]
