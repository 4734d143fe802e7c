"""One whole simulation, told by its seed."""

from __future__ import annotations

import contextlib
import sys
from collections import Counter

from tests.harness.stack import LiveStack
from tests.harness.waiting import eventually
from tests.simulation import comparison, plan, rules, run, settling

SHOWN = 12
PATIENCE_S = 45


def tell(stack: LiveStack, seed: int, count: int) -> None:
    """Play `count` actions on a stack as after its seed. Raises AssertionError with what differs, and the seed."""
    say(f"Simulation with BELLHOP_SEED={seed}, {count} actions.")
    actions = plan.make(seed, count)
    played = run.begin(stack, seed)
    try:
        played.play(actions)
        settling.settle(played)
        problems = _problems(played)
    except Exception as error:
        error.add_note(f"BELLHOP_SEED={seed}, {count} actions")
        raise
    finally:
        run.end(played)
    kinds = Counter(said.kind for said in played.said.values())
    share = max(rules.shares(played))
    say(
        f"Said: {dict(kinds)}; decided: {len(played.decided)}; refused: {len(played.refused)}; limits: {share:.0%}."
    )
    shown = "\n".join(problems[:SHOWN])
    assert not problems, f"BELLHOP_SEED={seed}, {count} actions: {len(problems)} problems\n{shown}"


def _problems(played: run.Run) -> list[str]:
    """What still differs after a while: the last webhooks may just be on their way."""
    found: list[str] = []

    def none_left() -> bool:
        found[:] = comparison.differences(played)
        return not found

    with contextlib.suppress(AssertionError):
        eventually(none_left, PATIENCE_S, 1.0)
    return found + rules.broken(played)


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
