"""The housekeeping board: an approval until it is on a phone, six hundred units, first paint on a slow phone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from urllib.parse import urlencode

from playwright.sync_api import sync_playwright

from benchmarks.figures import Figure, share
from benchmarks.load import Answer, Link, request
from benchmarks.parts.send import CSRF
from benchmarks.sockets import Socket
from benchmarks.stack import Bench, Product
from benchmarks.timing import Watch, steadily
from tests.harness import chromium

EVERY_S = 0.25
"""Far busier than any desk."""
HOUSEKEEPER = "housekeeper@demo.example"
PHONE = {"width": 390, "height": 844}
# "Slow 4G" of the browsers' tools, on a processor of a quarter of the speed.
SLOW = {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 93_750}
SLOWER = 4
PAINT = """() => new Promise(done => new PerformanceObserver(list => {
    const entry = list.getEntriesByName('first-contentful-paint')[0]
    if (entry) done(entry.startTime)
}).observe({type: 'paint', buffered: true}))"""


def run(bench: Bench) -> list[Figure]:
    """Marks only: there is no bare board to compare with."""
    product = bench.product()
    paints, sizes = _first_paint(bench, product)
    made = bench.measure(product.database, "benchmarks.board", "make")
    times = asyncio.run(_approvals(bench, product, made["requests"][: bench.sizes.events]))
    waits = bench.measure(product.database, "benchmarks.board", "waits")
    units = f"{waits['units']} units"
    return [
        _figure("approval to the board, p50", "ms", [share(times, 0.5)], 1_000, 500),
        _figure("approval to the board, p95", "ms", [share(times, 0.95)], 1_000, 500),
        _figure("first paint, slow phone, nothing kept", "ms", paints, 2_000, 1_500),
        _figure("transferred for it, compressed", "kB", sizes, 100, 75),
        _figure(f"statements of a board, {units}", "", [waits["statements"]], 8, 8),
        _figure(f"reading it, {units}", "ms", [waits["read"]], 400, 200),
        _figure(f"drawing every card anew, {units}", "ms", [waits["draw"]], 2_000, 1_000),
    ]


def _figure(what: str, unit: str, values: Sequence[float], passes_at: float, goal_at: float) -> Figure:
    return Figure(goal="", what=what, unit=unit, products=tuple(values), passes_at=passes_at, goal_at=goal_at)


async def _approvals(bench: Bench, product: Product, requests: Sequence[str]) -> list[float]:
    """From the agent's click until the frame is at the housekeeper's, each with a time of its own to look for."""
    watch = Watch()
    theirs = bench.ask(product.database, "session", HOUSEKEEPER)["cookie"]
    cookie = bench.ask(product.database, "session")["cookie"]
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "cookie": f"{cookie}; bellhop_csrf={CSRF}",
        "x-csrftoken": CSRF,
    }
    socket = await Socket.open(product.port, "/live/?room=board&lang=en", watch.on_frame, theirs)
    socket.send(json.dumps({"type": "hello", "n": None}))
    await asyncio.sleep(1)

    async def send(link: Link, number: int) -> Answer:
        at = f"{12 + number // 60}:{number % 60:02}"
        form = urlencode({"agreed": at}).encode()
        watch.begin(f"<b>{at}</b>".encode())
        return await link.ask(request("POST", f"/requests/{requests[number]}/approve/", headers, form))

    await steadily(product.port, EVERY_S, len(requests), send)
    await watch.all_seen()
    socket.close()
    return list(watch.times.values())


def _first_paint(bench: Bench, product: Product) -> tuple[list[float], list[float]]:
    """ms until something is read on a phone that was never there, and kB that came over the line."""
    name, _, value = bench.ask(product.database, "session", HOUSEKEEPER)["cookie"].partition("=")
    paints, sizes = [], []
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=chromium.find(), headless=True, args=list(chromium.FLAGS)
        )
        for round_ in range(bench.sizes.pairs + 1):
            url = f"http://127.0.0.1:{product.port}"
            context = launched.new_context(base_url=url, viewport=PHONE)  # type: ignore[arg-type]
            context.add_cookies([{"name": name, "value": value, "url": url}])
            page = context.new_page()
            line = context.new_cdp_session(page)
            came: list[float] = []
            line.on("Network.loadingFinished", lambda told, came=came: came.append(told["encodedDataLength"]))
            line.send("Network.enable")
            line.send("Network.emulateNetworkConditions", SLOW)
            line.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
            page.goto("/housekeeping/", wait_until="load")
            if round_:
                paints.append(float(page.evaluate(PAINT)))
                sizes.append(sum(came) / 1000)
            context.close()
        launched.close()
    return paints, sizes
