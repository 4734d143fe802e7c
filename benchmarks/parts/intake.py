"""Webhook intake: rate and times (G1, G2, G3). No worker runs on either side: this is about the door."""

from __future__ import annotations

import json
import secrets

from benchmarks.figures import Figure, Pairs, share
from benchmarks.load import load, request
from benchmarks.payloads import EVENT, SIZE, signed
from benchmarks.stack import Bench, Web

DATABASE = "bench_intake"
AT_ONE = 4
"""A run at one connection has so many times fewer requests."""


def run(bench: Bench) -> list[Figure]:
    """Figures of the product's web process against ASGI with group commit."""
    bench.quiet()
    bench.servers.make_anew(DATABASE)
    bench.manage(DATABASE, "migrate", "-v", "0")
    bench.ask(DATABASE, "people")
    hook = bench.ask(DATABASE, "hook")
    pairs = Pairs()
    count = bench.sizes.requests

    def bodies(amount: int) -> list[bytes]:
        return [_body() for _ in range(amount)]

    def webhooks(amount: int) -> list[bytes]:
        return [signed(hook["path"], hook["secret"], body) for body in bodies(amount)]

    def plain(amount: int) -> list[bytes]:
        return [request("POST", "/", {"content-type": "application/json"}, body) for body in bodies(amount)]

    with (
        bench.limit("intake") as limit,
        bench.web(DATABASE) as product,
        bench.web(DATABASE, server="uvicorn") as uvicorn,
    ):
        for port, prepare in ((limit.port, plain), (product.port, webhooks), (uvicorn.port, webhooks)):
            load(port, prepare(count // 4), 16)
        for _ in range(bench.sizes.pairs):
            for connections in (16, 64, 1):
                amount = count if connections > 1 else count // AT_ONE
                pairs.limit(**_results(limit, plain(amount), connections))
                pairs.product(**_results(product, webhooks(amount), connections))
            pairs.product(uvicorn=load(uvicorn.port, webhooks(count), 16).rate)
            pairs.limit(uvicorn=pairs.products["rate16"][-1])
    _check_kept(bench, pairs)
    return _figures(pairs)


def _body() -> bytes:
    """As long as a usual webhook; intake doesn't look into it."""
    content = {"event": EVENT, "message": {"postId": secrets.token_hex(12), "body": "When can we come?"}}
    content["padding"] = "x" * (SIZE - len(json.dumps(content)) - 15)  # type: ignore[assignment]
    return json.dumps(content).encode()


def _results(web: Web, requests: list[bytes], connections: int) -> dict[str, float]:
    before = web.cpu()
    done = load(web.port, requests, connections)
    return {
        f"rate{connections}": done.rate,
        f"p50_{connections}": share(done.times, 0.5),
        f"p99_{connections}": share(done.times, 0.99),
        f"cpu{connections}": (web.cpu() - before) / len(requests) * 1e6,
    }


def _check_kept(bench: Bench, pairs: Pairs) -> None:
    """Every webhook that was answered is a row; a rate of lost ones would be worth nothing."""
    count, times = bench.sizes.requests, bench.sizes.pairs
    sent = 2 * (count // 4) + times * (3 * count + count // AT_ONE)
    [(kept,)] = bench.query(DATABASE, "SELECT count(*) FROM connectors_webhookdelivery")
    if kept != sent or not pairs.products:
        raise RuntimeError(f"{sent} webhooks were answered, {kept} are there.")


def _figures(pairs: Pairs) -> list[Figure]:
    figure = pairs.figure
    return [
        figure("rate16", "G1", "intake, 16 connections", "/s", (0.45, 0.65), more=True),
        figure("rate64", "G1", "intake, 64 connections", "/s", (0.45, 0.65), more=True),
        figure("p50_1", "G2", "intake p50, 1 connection", "ms", (1.6, 1.3)),
        figure("p99_16", "G2", "intake p99, 16 connections", "ms", (1.0, 0.5)),
        figure("cpu16", "", "intake, CPU of the web process per webhook", "us", (None, None)),
        figure("uvicorn", "G3", "intake on uvicorn (limit: own on Daphne)", "/s", (1.8, 2.3), more=True),
    ]
