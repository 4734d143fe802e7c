"""`python -m benchmarks [PART …] [--quick]`: measure, print a table, write benchmarks/out.json."""

from __future__ import annotations

import argparse
import os
import platform
import signal
import sys
import time
import traceback
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

from benchmarks import figures, stack
from benchmarks.figures import Figure
from benchmarks.stack import Bench, Sizes

PARTS = {
    "intake": "webhooks in: rate and times",
    "latency": "webhook to the browser",
    "send": "an agent's reply to the PMS, and to a colleague's screen",
    "board": "the housekeeping board",
    "drain": "replies that waited for the end of an outage",
    "backfill": "import of much history",
    "fanout": "one event to 200 browsers",
    "pages": "list and thread with a million messages",
    "search": "the search box with a million messages",
    "sequences": "sequences with a million messages ahead",
}
OUT = Path(__file__).with_name("out.json")


def _sizes(arguments: argparse.Namespace) -> Sizes:
    sizes = stack.QUICK if arguments.quick else stack.FULL
    scale = float(os.environ.get("BELLHOP_BENCH_SCALE", "1"))
    return replace(sizes, messages=max(10_000, int(sizes.messages * scale)))


def _measure(bench: Bench, name: str) -> list[Figure]:
    """A part that breaks is told in the table, and the others are measured all the same."""
    print(f"{name}: {PARTS[name]} …", file=sys.stderr, flush=True)
    began = time.monotonic()
    try:
        found: list[Figure] = import_module(f"benchmarks.parts.{name}").run(bench)
    except Exception as error:  # noqa: BLE001 (recorded as a figure)
        traceback.print_exc()
        return [Figure(goal="", what=name, unit="", note=f"{type(error).__name__}: {error}"[:200])]
    print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "parts", nargs="*", choices=[*PARTS, []], help="; ".join(f"{k}: {v}" for k, v in PARTS.items())
    )
    parser.add_argument("--quick", action="store_true", help="fewer requests, a tenth of the data")
    arguments = parser.parse_args()
    sizes = _sizes(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what was started is ended
    found: list[Figure] = []
    with stack.opened(sizes) as bench:
        for name in arguments.parts or PARTS:
            found += _measure(bench, name)
    print(figures.table(found))
    about = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "messages": sizes.messages,
        "pairs": sizes.pairs,
    }
    figures.store(found, about, OUT)


if __name__ == "__main__":
    main()
