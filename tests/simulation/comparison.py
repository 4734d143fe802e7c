"""Both sides next to each other: message for message, note for note, field for field."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from tests.simulation.front_desk import FIELD, PROPERTY, Played
from tests.simulation.run import Run, Said

STATUSES = {
    "guesty": {"confirmed": "confirmed", "canceled": "cancelled", "inquiry": "inquiry", "reserved": "tentative"},
    "hostaway": {"new": "confirmed", "modified": "confirmed", "ownerStay": "confirmed", "cancelled": "cancelled"},
    "cloudbeds": {
        "confirmed": "confirmed", "not_confirmed": "tentative", "canceled": "cancelled",
        "checked_in": "checked_in", "checked_out": "checked_out", "no_show": "no_show",
    },
}  # fmt: skip
HERE = """SELECT body, remote_id FROM inbox_message
WHERE body LIKE %s AND withdrawn_at IS NULL ORDER BY sent_at, sequence, id"""
STAYS = """SELECT r.remote_id, r.arrival_date::text, r.departure_date::text, r.status, g.full_name, r.custom_fields
FROM reservations_reservation r JOIN connectors_connection c ON c.id = r.connection_id
LEFT JOIN reservations_guest g ON g.id = r.guest_id WHERE c.slug = %s"""
NOTES = "SELECT n.body, n.pms_state FROM inbox_note n WHERE n.body LIKE %s"
Ids = dict[str, list[str]]


def differences(run: Run) -> list[str]:
    """One line for each: what, both values, what was done with the stay."""
    return [*_messages(run), *_notes(run), *_fields(run)]


def _line(what: str, here: Any, there: Any, stay: Played | None) -> str:
    done = "; ".join(stay.done) if stay else "nothing"
    return f"{what}: Bellhop has {here!r}, the PMS has {there!r} (done: {done})"


# ── Messages ──
def _messages(run: Run) -> list[str]:
    here, there = _here(run), _there(run)
    found = [
        line for said in run.said.values() if _is_talk(said) for line in _message(run, said, here, there)
    ]
    strays = (here.keys() | there.keys()) - run.said.keys()
    found += [_line(f"{body!r} was never said", here.get(body), there.get(body), None) for body in strays]
    return found + _order(run, list(there))


def _is_talk(said: Said) -> bool:
    return not said.kind.endswith("notes")


def _here(run: Run) -> Ids:
    found: Ids = defaultdict(list)
    for body, remote_id, *_ in run.stack.query(HERE, f"{run.tag}%"):
        found[str(body)].append(str(remote_id))
    return found


def _there(run: Run) -> Ids:
    found: Ids = defaultdict(list)
    for desk in run.desks.values():
        for post in desk.ask("/messages", limit=1_000_000)["messages"]:
            if post["body"].startswith(run.tag) and post["direction"] in {"inbound", "outbound"}:
                found[post["body"]].append(str(post["id"]))
    return found


def _message(run: Run, said: Said, here: Ids, there: Ids) -> list[str]:
    """Once on each side, under one id. What a person saw arrive has the id only if an echo told it."""
    mine, theirs = here.get(said.body, []), there.get(said.body, [])
    same = mine == theirs or (mine == [""] and said.body in run.decided)
    if same and len(mine) == len(theirs) == 1:
        return []
    return [_line(f"{said.world} {said.body!r} in {said.stay.conversation}", mine, theirs, said.stay)]


def _order(run: Run, there: list[str]) -> list[str]:
    """Per thread, what each author said stands in the order in which it was said, on both sides; what was sent again by
    decision stands where it then came."""
    here = list(_here(run))
    lines: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for said in run.said.values():
        both = said.body in here and said.body in there
        if _is_talk(said) and both and said.body not in run.decided:
            lines[said.world, said.stay.conversation, said.kind].append(said.body)
    found = []
    for (world, conversation, kind), wanted in lines.items():
        mine = sorted(wanted, key=here.index)
        theirs = sorted(wanted, key=there.index)
        if mine != wanted or theirs != wanted:
            stay = run.said[wanted[0]].stay
            found.append(_line(f"order of {kind} in {world} {conversation}", mine, theirs, stay))
    return found


# ── Notes ──
def _notes(run: Run) -> list[str]:
    here: dict[str, list[str]] = defaultdict(list)
    for body, state in run.stack.query(NOTES, f"%{run.tag}%"):
        here[str(body)].append(str(state))
    found = []
    for said in run.said.values():
        if not _is_talk(said):
            there = max(place.count(said.body) for place in run.desks[said.world].notes(said.stay))
            mine = [state for body, state in here.items() if said.body in body]
            if there != 1 or len(mine) != 1 or len(mine[0]) != 1:
                found.append(
                    _line(f"{said.world} note {said.body!r} on {said.stay.id}", mine, there, said.stay)
                )
    return found


# ── Stays ──
def _fields(run: Run) -> list[str]:
    found = []
    for world, desk in run.desks.items():
        played = {stay.id: stay for stay in desk.stays}
        here = {str(row[0]): row[1:] for row in run.stack.query(STAYS, world)}
        for row in desk.reservations():
            stay = played.get(row["id"])
            if row["status"] in STATUSES[world] and row["extra"].get("property_id", PROPERTY) == PROPERTY:
                found += _stay(world, row, here.get(row["id"]), stay)
    return found


def _stay(world: str, row: dict[str, Any], mine: tuple[Any, ...] | None, stay: Played | None) -> list[str]:
    if mine is None:
        return [_line(f"{world} stay {row['id']}", None, row["code"], stay)]
    status = STATUSES[world][row["status"]]
    if status == "confirmed" and row["presence"] != "not_set":
        status = row["presence"]
    pairs = {
        "arrival": (mine[0], row["arrival"]),
        "departure": (mine[1], row["departure"]),
        "status": (mine[2], status),
        "guest": (mine[3], row["guest_name"]),
    }
    if stay and stay.custom:
        pairs[f"custom field {FIELD[world]}"] = (
            stay.custom if stay.custom in mine[4].values() else mine[4],
            stay.custom,
        )
    return [
        _line(f"{world} stay {row['id']}, {name}", here, there, stay)
        for name, (here, there) in pairs.items()
        if here != there
    ]
