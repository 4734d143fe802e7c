"""`python -m tests.simulation --actions N --seed S --minutes M`: one simulation after another until time is up."""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from tests.harness.stack import LiveStack
from tests.simulation import story


def main() -> None:
    wishes = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    wishes.add_argument("--actions", type=int, default=400, help="of each simulation")
    wishes.add_argument(
        "--seed", type=int, default=int(time.time()), help="of the first; the next is one more"
    )
    wishes.add_argument("--minutes", type=float, default=10, help="no new simulation begins after these")
    given = wishes.parse_args()
    until, seed = time.monotonic() + given.minutes * 60, given.seed
    with tempfile.TemporaryDirectory(prefix="bellhop-simulation-") as folder:
        Path(folder).chmod(0o711)
        stack = LiveStack(Path(folder) / "live")
        try:
            stack.start()
            while seed == given.seed or time.monotonic() < until:
                if seed != given.seed:
                    stack.reset()
                story.tell(stack, seed, given.actions)
                seed += 1
        finally:
            stack.stop()
    story.say(f"{seed - given.seed} simulations, both sides the same each time.")


if __name__ == "__main__":
    main()
