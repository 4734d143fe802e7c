"""Promise: a seed that is printed at a failure plays the same plan again."""

from __future__ import annotations

from tests.simulation import plan


def test_a_seed_is_a_plan() -> None:
    assert plan.make(7, 240) == plan.make(7, 240)
    assert plan.make(7, 240) != plan.make(8, 240)


def test_every_plan_hurts_every_part_once() -> None:
    for seed in range(50):
        kinds = [action.kind for action in plan.make(seed, 240)]
        assert [kinds.count(damage) for damage in plan.DAMAGES] == [1, 1, 1]
        assert len(kinds) == 240
