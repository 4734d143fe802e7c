"""Sequences with a million messages ahead: looking for what is due, planning anew, ten thousand at one minute."""

from __future__ import annotations

from benchmarks import million
from benchmarks.figures import Figure
from benchmarks.stack import Bench

AT_ONCE = 10_000
# The fastest published limit of one connection (WhatsApp, 80 a second), of which bulk work may use four fifths.
FASTEST_BULK = 64.0


def run(bench: Bench) -> list[Figure]:
    """In the database, in one transaction that is undone."""
    bench.quiet()
    database = million.ready(bench, bench.sizes.messages)
    at_once = AT_ONCE if bench.sizes.messages >= 1_000_000 else AT_ONCE // 10
    told = bench.measure(database, "benchmarks.planned", str(at_once))
    rows = f"{told['rows']:,} rows"
    return [
        Figure(goal="", what=f"scan with nothing due, {rows}", unit="ms in the database",
               products=(told["scan"],), passes_at=5.0, goal_at=1.0),
        Figure(goal="", what="a stay with ten messages planned anew", unit="ms",
               products=(told["replan"],), passes_at=200.0, goal_at=50.0,
               note=f"{told['replan_statements']} statements"),
        Figure(goal="", what="forecast of a fortnight, 500 lines", unit="ms", products=(told["forecast"],),
               passes_at=3_000.0, goal_at=1_000.0),
        Figure(goal="", what=f"{at_once:,} due at one minute, judged and committed by one worker", unit="per s",
               products=(told["rate"],), passes_at=12.0, goal_at=FASTEST_BULK, more=True,
               note=f"{told['sent']:,} within a minute"),
        Figure(goal="", what=f"look for work, {told['waiting']:,} held by the bulk's share", unit="ms",
               products=(told["claim"],), passes_at=50.0, goal_at=10.0),
        Figure(goal="", what="a reply behind one of them, written and the one before it claimed", unit="ms",
               products=(told["reply"],), passes_at=1_000.0, goal_at=200.0,
               note="" if told["in_order"] else "NOT pulled forward"),
    ]  # fmt: skip
