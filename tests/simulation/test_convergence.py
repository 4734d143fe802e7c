"""Promise: whatever happens on both sides and between them, both end the same (invariants 1 to 6, 8, 9; S1 to S6)."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import pytest

from tests.harness.stack import LiveStack
from tests.simulation import story

pytestmark = pytest.mark.flow
ACTIONS = 240


def test_both_sides_end_the_same(live_stack: LiveStack) -> None:
    seed = int(os.environ.get("BELLHOP_SEED") or f"{datetime.now(UTC):%Y%m%d}")
    live_stack.reset()
    story.tell(live_stack, seed, ACTIONS)
