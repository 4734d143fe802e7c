"""The first import of much history: calls as a share of what bulk work may make, and the worker's memory."""

from __future__ import annotations

import time

import psutil

from benchmarks.figures import Figure
from benchmarks.history import World
from benchmarks.stack import Bench
from tests.harness.waiting import eventually

BULK = 0.8
POSTS_EACH = 50
SCALE = 5
"""Of the published limit (15 calls in 10 s): fifty thousand messages in some three minutes."""
MIB = 1024 * 1024


def run(bench: Bench) -> list[Figure]:
    """Fifty thousand messages (a tenth with --quick) in conversations of fifty, from Hostaway."""
    total = 50_000 if bench.sizes.messages >= 1_000_000 else 5_000
    bench.quiet()  # a catch-up that an outage before left behind would read half of it
    world = World(bench, bench.product(), SCALE)
    world.make(total // POSTS_EACH, POSTS_EACH)
    before = world.messages()
    worker = psutil.Process(world.product.pid("Worker"))
    sizes: list[tuple[int, float]] = []
    world.forget_calls()
    world.plan_reading()
    began, cpu = time.monotonic(), _cpu(worker)

    def is_over() -> bool:
        sizes.append((world.messages() - before, worker.memory_full_info().pss / MIB))
        return world.is_read()

    eventually(is_over, 900, 1.0)
    took, cpu = time.monotonic() - began, _cpu(worker) - cpu
    read = world.messages() - before
    assert read >= total, f"{read} of {total} messages were read."
    early = max(size for count, size in sizes if count <= total // 5)
    return [
        Figure(goal="", what=f"import of {total:,} messages", unit="share of bulk's rate",
               products=(world.share(world.calls(), int(world.allowed * BULK)),), passes_at=0.8, goal_at=0.95,
               more=True, note=f"{read / took:,.0f} messages/s, worker {cpu / read * 1000:.2f} ms of CPU each"),
        Figure(goal="", what="told to wait (429) meanwhile", unit="calls", products=(world.refused(),),
               passes_at=0, goal_at=0),
        Figure(goal="", what="worker's memory at most", unit="MiB PSS", products=(max(s for _, s in sizes),)),
        Figure(goal="", what=f"growth from {total // 5:,} to {total:,} messages", unit="MiB PSS",
               products=(max(0.0, max(s for _, s in sizes) - early),), passes_at=30, goal_at=10),
    ]  # fmt: skip


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
