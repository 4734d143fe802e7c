"""The PMS's side of one world: its control API, and the stays that the simulation plays with."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import httpx

from tests.simulation.plan import Action

PLAYED = 14
SOURCES = {
    "guesty": ("airbnb2", "bookingCom", "homeaway2"),
    "hostaway": ("airbnbOfficial", "bookingcom", "homeaway"),
    "cloudbeds": ("booking", "airbnb", "vrbo"),
}
STATUS = {"guesty": "confirmed", "hostaway": "new", "cloudbeds": "confirmed"}
FIELD = {"guesty": "licence_plate", "hostaway": "reservation_802", "cloudbeds": "parking"}
PROPERTY = "300123"
"""The Cloudbeds property that the demo is connected to."""


class Refused(Exception):
    """The PMS doesn't do this now (a full house, say); the text says why."""


@dataclass
class Played:
    """A stay that is played with."""

    id: str
    conversation: str
    cancelled: bool = False
    custom: str = ""
    done: list[str] = field(default_factory=list)


class FrontDesk:
    """Guests and staff of one PMS. Ids differ from run to run, so stays are known by their place in `stays`."""

    def __init__(self, world: str, control: httpx.Client) -> None:
        self.world = world
        self._control = control
        rows = [row for row in self.reservations() if self._fits(row)]
        chosen = sorted(rows, key=lambda row: (row["arrival"], row["guest_name"]))[:PLAYED]
        self.stays = [self._played(row) for row in chosen]

    def _fits(self, row: dict[str, Any]) -> bool:
        return (
            row["status"] == STATUS[self.world]
            and row["platform"] in SOURCES[self.world]
            and row["presence"] == "not_set"
            and not row["code"].startswith("TEST")
            and row["extra"].get("property_id", PROPERTY) == PROPERTY
        )

    def _played(self, row: dict[str, Any]) -> Played:
        talks = self.world != "cloudbeds"
        return Played(row["id"], row["conversation_id"] if talks else "")

    # ── calls ──
    def ask(self, path: str, **query: Any) -> Any:
        return self._control.get(f"/_control/{self.world}{path}", params=query).raise_for_status().json()

    def do(self, method: str, path: str, /, **body: Any) -> Any:
        """Raises Refused."""
        answer = self._control.request(method, f"/_control/{self.world}{path}", json=body)
        if answer.status_code == 400:
            raise Refused(answer.json()["error"])
        return answer.raise_for_status().json()

    def reservations(self) -> list[dict[str, Any]]:
        return list(self.ask("/reservations", limit=100_000)["reservations"])

    def notes(self, stay: Played) -> list[str]:
        """The places where notes of the stay stand: its entries, its text."""
        kept = self.ask(f"/reservations/{stay.id}/notes")
        entries = "\n".join(str(entry.get("body", "")) for entry in kept["notes"])
        return [entries, str(kept["text"]), str(kept["by_kind"])]

    # ── deeds ──
    def stay_for(self, action: Action) -> Played:
        """The stay that an action picks; cancelled ones are left in peace."""
        alive = [stay for stay in self.stays if not stay.cancelled]
        return alive[int(action.pick * len(alive))]

    def book(self, action: Action) -> Played:
        source = SOURCES[self.world][action.amount % 3]
        made = self.do("POST", "/book", guest_name=f"Guest {action.number} Newly", source=source)
        stay = self._played(made["reservation"])
        self.stays.append(stay)
        return stay

    def dates(self, stay: Played, action: Action) -> None:
        arrival = date.today() + timedelta(days=20 + action.amount)  # noqa: DTZ011 (any day will do)
        departure = arrival + timedelta(days=1 + action.amount % 5)
        self.do(
            "POST",
            f"/reservations/{stay.id}/dates",
            arrival=arrival.isoformat(),
            departure=departure.isoformat(),
        )

    def cancel(self, stay: Played, _action: Action) -> None:
        self.do("POST", f"/reservations/{stay.id}/cancel", by="GUEST", reason="Other plans")
        stay.cancelled = True

    def custom_field(self, stay: Played, action: Action) -> None:
        value = f"SIM-{action.number}"
        self.do("POST", f"/reservations/{stay.id}/custom-field", field=FIELD[self.world], value=value)
        stay.custom = value

    def says(self, stay: Played, kind: str, body: str) -> str:
        """A word of guest or staff; the post's id."""
        path = f"/reservations/{stay.id}" if not stay.conversation else f"/conversations/{stay.conversation}"
        return str(self.do("POST", f"{path}/{kind.replace('_', '-')}", body=body)["message"]["id"])
