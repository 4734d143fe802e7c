"""List and thread with a million messages, statements per page, growth of hot questions (G9 to G12)."""

from __future__ import annotations

from benchmarks import million
from benchmarks.figures import Figure, Pairs, share
from benchmarks.limits import accounts
from benchmarks.load import load, request
from benchmarks.stack import Bench
from tests.harness.processes import PROJECT

PAGES_SQL = PROJECT / "benchmarks" / "limits" / "pages.sql"
PART = {"hx-request": "true", "hx-request-type": "partial"}
SLOW_MS = 2.0
"""Below this a question is too quick for its growth to say anything."""


def run(bench: Bench) -> list[Figure]:
    bench.quiet()
    big = million.ready(bench, bench.sizes.messages)
    small = million.ready(bench, bench.sizes.messages // 10)
    return [*_pages(bench, big), *_statements(bench, big), *_growth(bench, small, big)]


def _pages(bench: Bench, database: str) -> list[Figure]:
    cookie = bench.ask(database, "session")["cookie"]
    paths = bench.ask(database, "paths")
    pairs = Pairs()
    count = max(60, bench.sizes.requests // 50)

    def times(port: int, path: str, headers: dict[str, str]) -> dict[str, float]:
        done = load(port, [request("GET", path, headers)] * count, 1)
        return {"p50": share(done.times, 0.5), "p99": share(done.times, 0.99)}

    with bench.limit("queue") as limit, bench.web(database) as product:
        bench.query("limits", PAGES_SQL.read_text(encoding="utf-8"))
        bare = {"cookie": accounts.session(bench.limits_env())}
        ours = {"cookie": cookie}
        for round_ in range(bench.sizes.pairs + 1):
            first = times(limit.port, "/rows/", bare), times(limit.port, "/thread/", bare)
            second = (
                times(product.port, paths["list"], ours),
                times(product.port, paths["thread"], ours | PART),
            )
            if round_:
                pairs.limit(list=first[0]["p50"], thread=first[1]["p50"], part=first[0]["p50"])
                part = times(product.port, paths["list"], ours | PART)["p50"]
                pairs.product(list=second[0]["p50"], thread=second[1]["p50"], part=part)
    many = f"{bench.sizes.messages:,} messages"
    return [
        pairs.figure("list", "G9", "list page of 50 rows, p50", "ms", (1.6, 1.0), note=many),
        pairs.figure("part", "", "list alone, as htmx asks for it, p50", "ms", (None, None)),
        pairs.figure("thread", "G11", "thread of 50 messages, p50", "ms", (2.0, 1.2)),
    ]


def _statements(bench: Bench, database: str) -> list[Figure]:
    found = bench.ask(database, "statements")
    return [
        Figure(
            goal="G10", what=f"SQL statements: {name}", unit="", products=(number,), passes_at=8, goal_at=5
        )
        for name, number in found.items()
    ]


def _growth(bench: Bench, small: str, big: str) -> list[Figure]:
    """Each hot question on a tenth of the data and on all of it, in turn."""
    pairs = Pairs()
    for _ in range(bench.sizes.pairs):
        pairs.limit(**bench.ask(small, "hot"))
        pairs.product(**bench.ask(big, "hot"))
    figures = []
    for name in pairs.products:
        told = max(pairs.products[name]) >= SLOW_MS
        marks = (1.6, 1.25) if told else (None, None)
        figures.append(pairs.figure(name, "G12", f"{name} (limit: a tenth)", "ms", marks))
    return figures
