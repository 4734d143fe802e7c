"""The other side: a PMS in which a test can play guest, colleague and misfortune."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from tests.connectors.sandbox_process import SandboxProcess

Peak = tuple[int, int]
"""The most requests that were seen within one published window, and how many are allowed."""


class World(ABC):
    """One PMS under test. `stay` is a reservation's id as the wire shows it.

    Faults: `down` (`mode`: `503` or `cut`), `too_many` (`retry_after` in seconds or None), `html_error`, `truncated`,
    `huge`, `error_in_200`, `error_after_work`, `cut_after_work`, `drop_field` (`field`). Each takes `method`, `path`
    (with `*`) and `count`.
    """

    base_url: str
    test_stay: str

    @abstractmethod
    def reset(self) -> None:
        """As at the first start, without faults and endpoints, all limits far away."""

    @abstractmethod
    def fault(self, name: str, **parameters: Any) -> None: ...

    @abstractmethod
    def heal(self) -> None: ...

    @abstractmethod
    def book(self, guest_name: str) -> str:
        """A new stay; returns its id."""

    @abstractmethod
    def cancel(self, stay: str) -> None: ...

    @abstractmethod
    def set_dates(self, stay: str, arrival: str, departure: str) -> None: ...

    @abstractmethod
    def set_status(self, stay: str, word: str) -> None:
        """A status as the PMS words it, known or not."""

    @abstractmethod
    def guest_writes(self, stay: str, body: str) -> None: ...

    @abstractmethod
    def staff_writes_note(self, stay: str, body: str) -> None: ...

    @abstractmethod
    def owed(self) -> int:
        """How many webhooks are still to be sent."""

    @abstractmethod
    def count_from_now(self) -> None:
        """The published limits hold as they are published, and peaks are counted anew."""

    @abstractmethod
    def peaks(self) -> list[Peak]: ...


class SandboxWorld(World):
    """One PMS of Bellhop's own sandbox, by its control API (docs/sandbox.md)."""

    def __init__(self, process: SandboxProcess, slug: str, path: str, test_code: str) -> None:
        self.base_url = f"http://127.0.0.1:{process.port}{path}"
        self._process, self._slug, self._code = process, slug, test_code

    def control(self, route: str, method: str = "GET", /, **body: Any) -> Any:
        return self._process.control(f"{self._slug}/{route}", method, **body)

    def reset(self) -> None:
        self.control("reset", "POST")
        self.control(
            "settings", "PATCH", limit_scale=1000, secret_delay=0.01, retry_scale=0.01, clock_offset=0,
            token_delay=0, sending_seconds=0.01,
        )  # fmt: skip
        self.test_stay = str(self.control(f"reservations/{self._code}")["id"])

    def fault(self, name: str, **parameters: Any) -> None:
        self.control(f"faults/{name}", "PUT", **parameters)

    def heal(self) -> None:
        self.control("faults", "DELETE")

    def book(self, guest_name: str) -> str:
        return str(self.control("book", "POST", guest_name=guest_name)["reservation"]["id"])

    def cancel(self, stay: str) -> None:
        self.control(f"reservations/{stay}/cancel", "POST", by="GUEST")

    def set_dates(self, stay: str, arrival: str, departure: str) -> None:
        self.control(f"reservations/{stay}/dates", "POST", arrival=arrival, departure=departure)

    def set_status(self, stay: str, word: str) -> None:
        self.control(f"reservations/{stay}/status", "POST", status=word)

    def guest_writes(self, stay: str, body: str) -> None:
        self.control(f"reservations/{stay}/guest-writes", "POST", body=body)

    def staff_writes_note(self, stay: str, body: str) -> None:
        self.control(f"reservations/{stay}/staff-notes", "POST", body=body)

    def owed(self) -> int:
        return int(self.control("state")["deliveries"]["pending"])

    def count_from_now(self) -> None:
        self.control("settings", "PATCH", limit_scale=1)
        self.control("peaks", "DELETE")

    def peaks(self) -> list[Peak]:
        found: list[Mapping[str, Any]] = self.control("peaks")["peaks"]
        return [(peak["attempted"], peak["limit"]) for peak in found]
