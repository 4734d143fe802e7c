"""A PMS of the running product's sandbox, limits scaled alike on both sides: much to read, and what was called."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from benchmarks.stack import Bench, Product
from tests.harness.waiting import eventually

LIMIT, WINDOW_S = 15, 10.0
"""What Hostaway publishes per address (the narrower one)."""
AT_ONCE = 50
KEPT_CALLS = "5000"
COUNTS = "SELECT count(*) FROM inbox_message WHERE connection_id = %s"


class World:
    """Hostaway: its windows are short enough to see several of them."""

    slug = "hostaway"

    def __init__(self, bench: Bench, product: Product, scale: float) -> None:
        self._bench, self.product = bench, product
        self.allowed = int(LIMIT * scale)
        self.control("PATCH", "/settings", {"limit_scale": scale})
        self._query("UPDATE connectors_connection SET limit_scale = %s WHERE slug = %s", scale, self.slug)
        [(self.connection,)] = self._query("SELECT id FROM connectors_connection WHERE slug = %s", self.slug)

    def _query(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        return self._bench.query(self.product.database, statement, *parameters)

    def control(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        answer = self.product.sandbox.control.request(
            method, f"/_control/{self.slug}{path}", json=body, timeout=120
        )
        answer.raise_for_status()
        return answer.json()

    # ── Before ──

    def make(self, conversations: int, posts_each: int) -> None:
        """New stays, each with a conversation of so many posts; nobody is told."""
        for begun in range(0, conversations, AT_ONCE):
            number = min(AT_ONCE, conversations - begun)
            bulk = {"new_conversations": number, "conversations": number, "posts_each": posts_each}
            self.control("POST", "/bulk", bulk)

    def plan_reading(self) -> None:
        """The first import begins anew; what is known already is not read again."""
        self._bench.ask(self.product.database, "import_again", self.slug)

    def read_all(self) -> None:
        self.plan_reading()
        eventually(self.is_read, 300, 0.3)

    def is_read(self) -> bool:
        [(open_ones,)] = self._query(
            "SELECT count(*) FROM connectors_syncrun WHERE connection_id = %s AND finished_at IS NULL"
            " AND purpose = 'backfill'",
            self.connection,
        )
        return not open_ones

    def messages(self) -> int:
        """How many we have."""
        return int(self._query(COUNTS, self.connection)[0][0])

    # ── An outage ──

    def probe_now(self) -> None:
        self._query(
            "UPDATE connectors_connectionhealth SET probe_at = now() WHERE connection_id = %s",
            self.connection,
        )

    def waiting(self) -> int:
        [(count,)] = self._query(
            "SELECT count(*) FROM connectors_command WHERE state IN ('waiting', 'in_flight', 'unknown')"
        )
        return int(count)

    # ── Afterwards ──

    def forget_calls(self) -> None:
        self.control("DELETE", "/requests")
        self.control("DELETE", "/peaks")

    def calls(self, method: str = "", path: str = "") -> list[float]:
        """When the PMS took each call, by its own clock, in order."""
        seen = self.control("GET", f"/requests?limit={KEPT_CALLS}")["requests"]
        wanted = [
            one
            for one in seen
            if one["status"] == 200 and one["method"] in (method or one["method"]) and path in one["path"]
        ]
        return sorted(datetime.fromisoformat(one["at"]).timestamp() for one in wanted)

    def refused(self) -> float:
        """How many calls were over the limit."""
        by_status = self.control("GET", "/requests?limit=1")["by_status"]
        return float(by_status.get("429", 0))

    @staticmethod
    def share(times: list[float], allowed: int) -> float:
        """Of the rate of `allowed` calls per window: who makes that many may make the next when a window is over, so
        whole windows are compared with the time that they really took."""
        windows = (len(times) - 1) // allowed
        assert windows, f"{len(times)} calls do not fill a window of {allowed}."
        return windows * WINDOW_S / (times[windows * allowed] - times[0])
