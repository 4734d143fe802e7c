"""After an outage: how fast the replies that waited go out, as a share of what the PMS's published rate allows."""

from __future__ import annotations

from benchmarks.figures import Figure
from benchmarks.history import World
from benchmarks.stack import Bench
from tests.harness.waiting import eventually

CONVERSATIONS = 24
SCALE = 10
"""Of the published limit (15 calls in 10 s), so that hundreds of replies take half a minute."""
WINDOWS, QUICK_WINDOWS = 3, 1


def run(bench: Bench) -> list[Figure]:
    """Replies are written while Hostaway is down, then it comes back. People's work may use the whole rate."""
    world = World(bench, bench.product(), SCALE)
    windows = WINDOWS if bench.sizes.messages >= 1_000_000 else QUICK_WINDOWS
    count = windows * world.allowed + world.allowed // 4
    world.make(CONVERSATIONS, 1)
    world.read_all()
    world.control("PUT", "/faults/down", {"path": "/hostaway/*", "mode": "503"})
    bench.ask(world.product.database, "notice_outage", world.slug)
    written = bench.ask(world.product.database, "write_replies", world.slug, str(CONVERSATIONS), str(count))
    assert written["written"] == count, written
    world.forget_calls()
    world.control("DELETE", "/faults")
    world.probe_now()
    eventually(lambda: world.waiting() == 0, 60 + 20 * windows, 0.3)
    sends = world.calls("POST", "/messages")
    assert len(sends) == count, f"{len(sends)} of {count} replies were sent."
    every = world.calls()
    refused = world.refused()
    return [
        Figure(goal="", what=f"{count} replies after an outage, drain rate", unit="share of the rate",
               products=(world.share(sends, world.allowed),), passes_at=0.8, goal_at=0.95, more=True,
               note=f"with {len(every) - len(sends)} other calls meanwhile: {world.share(every, world.allowed):.2f}"),
        Figure(goal="", what="told to wait (429) meanwhile", unit="calls", products=(refused,),
               passes_at=0, goal_at=0),
    ]  # fmt: skip
