"""The search box over many messages (G13)."""

from __future__ import annotations

from benchmarks import million
from benchmarks.figures import Figure, Pairs
from benchmarks.stack import Bench


def run(bench: Bench) -> list[Figure]:
    """A common word, one in fifty thousand, one that only the oldest messages have, one that is nowhere, a name."""
    bench.quiet()
    database = million.ready(bench, bench.sizes.messages)
    words = {
        "breakfast": "common",
        "zebra": "rare",
        "lighthouse": "oldest",
        "xylophone": "none",
        "Silva": "name",
    }
    pairs = Pairs()
    for _ in range(bench.sizes.pairs):
        pairs.limit(**bench.ask(database, "bare_search", *words))
        pairs.product(**bench.ask(database, "search", *words))
    return [
        pairs.figure(
            word,
            "G13",
            f"search, {kind} word",
            "ms",
            (2.0, 1.2) if kind in {"oldest", "none"} else (3.0, 1.5),
        )
        for word, kind in words.items()
    ]
