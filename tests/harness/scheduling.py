"""Which tests share a worker process: by file, and those of the live stack by what they do to it.

xdist's own `loadgroup` finds groups by a suffix of node ids, which pytest 9.2 no longer lets it add.
"""

from __future__ import annotations

from pathlib import PurePath

import pytest
from xdist.scheduler import LoadScopeScheduling

# Each is a live stack; what gets hurt stays apart from what people look at. The longest begins first.
GROUPS = {
    "looks": ("test_accessibility", "test_trust_screens", "test_night_audit"),
    "flows": (
        "test_inbox",
        "test_promise",
        "test_board",
        "test_board_phone",
        "test_story",
        "test_screens",
        "test_sign_in",
        "test_keyboard",
        "test_attachments",
        "test_web_chat",
        "test_channels",
        "test_survey",
        "test_sequence_numbers",
        "test_sequence_story",
        "test_work_orders",
    ),
    "hurt": ("test_mid_flight", "test_faults", "test_stack", "test_convergence"),
}
GROUP_OF = {stem: group for group, stems in GROUPS.items() for stem in stems}
# Files that take long come before the many short ones, so that the workers end together.
LONG = (
    "test_cancelled_is_silent",
    "test_burst",
    "test_run",
    "test_against_sandbox",
    "test_work_at_the_pms",
    "test_three_at_once",
    "test_contract",
    "test_forecast",
)
FIRST = [*GROUPS, *LONG]


def group_of(node_id: str) -> str:
    """The name of what runs in one process."""
    path = node_id.partition("::")[0]
    return GROUP_OF.get(PurePath(path).stem, path)


def place_of(node_id: str) -> int:
    """Which groups and files come first."""
    group = group_of(node_id)
    name = group if group in GROUPS else PurePath(group).stem
    return FIRST.index(name) if name in FIRST else len(FIRST)


class ByFile(LoadScopeScheduling):
    """Files in the order of `place_of`, each to the worker that is free next."""

    def __init__(self, config: pytest.Config, log: object = None) -> None:
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)
