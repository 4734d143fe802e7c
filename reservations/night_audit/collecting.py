"""All facts of a business date, in a number of statements that doesn't depend on how many there are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from reservations import ports
from reservations.models import RequestKind
from reservations.night_audit import requests, stays, trouble
from reservations.night_audit.days import Day
from reservations.night_audit.facts import Fact, Known, Part, Parts, Section
from reservations.ports import Said, Talk


def collect(day: Day, known: Known | None = None) -> tuple[Parts, Talk]:
    """The sections in their order, and what is said of conversations. What is `known` is among the facts whatever
    became of it."""
    named = known or {}
    talk = ports.audit_talk.get()(day, named)
    found: dict[Section, Part] = {
        **requests.collect(day, named),
        **talk.parts,
        Section.INSTRUCTIONS: stays.instructions(day, named),
        Section.CANCELLED: stays.cancelled(day, named),
        Section.SCORES: trouble.scores(day, named),
        Section.DRIFT: trouble.drift(day, named),
        Section.OUTAGES: trouble.outages(day),
        Section.DEPARTURES: stays.departures(day, named),
    }
    said = _said(fact for part in found.values() for fact in part.rows)
    parts = {
        section: replace(found[section], rows=tuple(_linked(fact, said) for fact in found[section].rows))
        for section in Section
    }
    return parts, talk


def _said(facts: Iterable[Fact]) -> Said:
    rows = list(facts)
    return ports.audit_said.get()(
        {row["stay"] for row in rows if row.get("stay")}, {row["said"] for row in rows if row.get("said")}
    )


def _linked(fact: Fact, said: Said) -> Fact:
    """With public ids in place of our own, so that a fact can be followed for ever."""
    kept = {name: value for name, value in fact.items() if name not in {"stay", "said"}}
    if (thread := said.threads.get(fact.get("stay") or 0)) is not None:
        kept = {"with": thread[1], "thread": thread[0], **kept}
    if (message := said.messages.get(fact.get("said") or 0)) is not None:
        kept |= {"thread": message[0], "message": message[1], "channel": message[2]}
    return kept


def figures(parts: Parts, talk: Talk) -> dict[str, Any]:
    """What lists and trends show: name → how many; `answers`: minutes, ascending."""
    kinds = [row["kind"] for row in parts[Section.TIMES].rows]
    return {
        "late_check_outs": kinds.count(RequestKind.LATE_CHECK_OUT),
        "early_check_ins": kinds.count(RequestKind.EARLY_CHECK_IN),
        "requests": parts[Section.OPEN].counts["asked"],
        "messages": talk.messages,
        "answers": list(talk.answers),
        **{section.value: len(parts[section].rows) for section in Section if section != Section.TIMES},
        "failed": sum(row["state"] == "failed" for row in parts[Section.UNDELIVERED].rows),
        "unconfirmed": sum(row["state"] == "unconfirmed" for row in parts[Section.UNDELIVERED].rows),
    }
