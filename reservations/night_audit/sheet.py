"""An audit as it is read: numbered blocks of rows of cells in the reader's language, for screen, print, PDF, CSV and
e-mail alike. A section without rows says 0: it is never left out (ux A2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reservations.models import NightAudit, NightAuditAddendum, Property
from reservations.night_audit import rows as writing
from reservations.night_audit import words
from reservations.night_audit.facts import Fact, Section
from reservations.night_audit.rows import Reader, Row, Writer
from reservations.night_audit.words import Times


@dataclass(frozen=True, slots=True)
class Block:
    """One section. `of`: what 0 is out of, or what the rows are a part of; `summary`: a sentence before the rows."""

    key: Section
    number: int
    title: str
    heads: tuple[str, ...]
    rows: tuple[Row, ...]
    of: str = ""
    summary: str = ""

    @property
    def is_table(self) -> bool:
        return self.number <= WIDE

    @property
    def count_line(self) -> str:
        """ "0 of 388 messages"; empty where rows say it, or the sentence of departures."""
        if self.of or not (self.rows or self.key == Section.DEPARTURES):
            return f"{len(self.rows)} {self.of}".strip()
        return ""

    @property
    def number_heads(self) -> list[tuple[str, bool]]:
        """Heads, and whether their column holds numbers."""
        first = self.rows[0] if self.rows else ()
        return [(head, bool(first) and first[n].is_number) for n, head in enumerate(self.heads)]


@dataclass(frozen=True, slots=True)
class Figure:
    label: str
    count: int
    section: Section


@dataclass(frozen=True, slots=True)
class LateLine:
    """One late fact: under which title, whose, and what it is now."""

    title: str
    who: str
    unit: str
    what: str

    @property
    def plain(self) -> str:
        whose = ", ".join(part for part in (self.who, self.unit) if part)
        return ": ".join(part for part in (self.title, whose, self.what) if part)


@dataclass(frozen=True, slots=True)
class Late:
    """What one look for late facts found."""

    found_at: datetime
    lines: tuple[LateLine, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A whole paper. `is_early`: it ran before its date was over; `is_late`: long after, so that what stood open is
    as of the run."""

    audit: NightAudit
    place: Property
    blocks: tuple[Block, ...]
    figures: tuple[Figure, ...]
    late: tuple[Late, ...]
    is_early: bool
    is_late: bool

    @property
    def wide(self) -> list[Block]:
        return [block for block in self.blocks if block.is_table]

    @property
    def narrow(self) -> list[Block]:
        return [block for block in self.blocks if not block.is_table]


WIDE = 4
"""So many blocks are tables over the whole width; the others are short."""
LATE_AFTER_S = 3_600


def titles(row: NightAudit) -> dict[Section, str]:
    following = words.short_day(row.business_date.fromordinal(row.business_date.toordinal() + 1))
    return {
        Section.TIMES: _("Late check-outs and early check-ins"),
        Section.OPEN: _("Open requests"),
        Section.UNANSWERED: _("Unanswered at close"),
        Section.UNDELIVERED: _("Messages failed or unconfirmed"),
        Section.NOT_IN_PMS: _("Not in the PMS"),
        Section.INSTRUCTIONS: _("Arrivals %(day)s without delivered instructions") % {"day": following},
        Section.CANCELLED: _("Cancellations and what was stopped"),
        Section.SCORES: _("Survey scores of 6 or less"),
        Section.DRIFT: _("Drift on arrivals %(day)s") % {"day": following},
        Section.OUTAGES: _("Outages"),
        Section.DEPARTURES: _("Departures against the PMS"),
    }


def of(row: NightAudit, addenda: list[NightAuditAddendum], reader: Reader) -> Sheet:
    """The paper of an audit, with its property loaded; no statement."""
    times = Times(row.property.zone, row.business_date)
    writer = Writer(times, reader, min(row.ends_at, row.run_at))
    named = titles(row)
    blocks = tuple(
        _block(writer, section, number, named[section], row.facts.get(section.value) or {})
        for number, section in enumerate(Section, 1)
    )
    return Sheet(
        row,
        row.property,
        blocks,
        figures(row),
        tuple(_late(addenda, named, times)),
        row.run_at < row.ends_at,
        (row.run_at - row.ends_at).total_seconds() > LATE_AFTER_S,
    )


def _block(writer: Writer, section: Section, number: int, title: str, part: Fact) -> Block:
    rows = tuple(writer.row(section, fact) for fact in part.get("rows", []))
    of, summary = _of(section, part.get("of")), _summary(section, part, writer)
    return Block(section, number, title, writing.heads(section), rows, of, summary)


def figures(row: NightAudit) -> tuple[Figure, ...]:
    """The counts on top, frozen with the rest."""
    found = row.figures
    named = (
        (_("Late check-outs"), "late_check_outs", Section.TIMES),
        (_("Early check-ins"), "early_check_ins", Section.TIMES),
        (_("Open requests"), "open", Section.OPEN),
        (_("Unanswered"), "unanswered", Section.UNANSWERED),
        (_("Not delivered"), "failed", Section.UNDELIVERED),
        (_("Unconfirmed"), "unconfirmed", Section.UNDELIVERED),
        (_("Not in the PMS"), "not_in_pms", Section.NOT_IN_PMS),
        (_("Drift, next day"), "drift", Section.DRIFT),
    )
    return tuple(Figure(label, int(found.get(name, 0)), section) for label, name, section in named)


def _late(
    addenda: list[NightAuditAddendum], named: dict[Section, str], times: Times
) -> list[Late]:  # fmt: skip
    found = []
    for found_at, rows in groupby(addenda, key=lambda row: row.found_at.replace(microsecond=0)):
        lines = tuple(_late_line(row, named, times) for row in rows)
        found.append(Late(found_at, lines))
    return found


def _late_line(row: NightAuditAddendum, named: dict[Section, str], times: Times) -> LateLine:
    section = Section(row.section)
    fact = row.before or row.row
    title, who, unit = named[section], fact.get("guest") or fact.get("connection", ""), fact.get("unit", "")
    if row.kind == NightAuditAddendum.Kind.GONE:
        return LateLine(title, who, unit, _("no longer belongs to this property or date"))
    told = words.now(section, row.row, times)
    if row.kind == NightAuditAddendum.Kind.ADDED:
        told = _("became known late: %(what)s") % {"what": told} if told else _("became known late")
    return LateLine(title, who, unit, told)


def _of(section: Section, of: int | None) -> str:
    """What a number is out of."""
    if of is None:
        return ""
    return {
        Section.NOT_IN_PMS: ngettext("of %(n)d message", "of %(n)d messages", of) % {"n": of},
        Section.INSTRUCTIONS: ngettext("of %(n)d arrival", "of %(n)d arrivals", of) % {"n": of},
        Section.SCORES: ngettext("of %(n)d answer", "of %(n)d answers", of) % {"n": of},
        Section.DEPARTURES: "",
    }[section]


def _summary(section: Section, part: Fact, writer: Writer) -> str:
    counts = part.get("counts") or {}
    if section == Section.OPEN:
        asked = counts.get("asked", 0)
        return ngettext("%(n)d asked on the date.", "%(n)d asked on the date.", asked) % {"n": asked}
    if section == Section.UNANSWERED:
        return " ".join(_answered(counts, writer.reader))
    if section == Section.INSTRUCTIONS and counts.get("sent"):
        told = _("%(delivered)d delivered, %(sent)d sent without a report of delivery.")
        return told % {"delivered": counts["delivered"], "sent": counts["sent"]}
    if section == Section.OUTAGES and part.get("about"):
        return _longest(part["about"], writer.times)
    return _departures(part, counts) if section == Section.DEPARTURES else ""


def _longest(lag: Fact, times: Times) -> str:
    told = {"lag": words.seconds(lag["lag_s"]), "name": lag["connection"], "at": times.short(lag["at"])}
    return _("Longest lag %(lag)s: %(name)s, %(at)s.") % told


def _answered(counts: Fact, reader: Reader) -> Iterator[str]:
    answered, unplaced = counts.get("answered", 0), counts.get("unplaced", 0)
    if answered:
        told = ngettext(
            "%(n)d answered on the date, the median after %(wait)s.",
            "%(n)d answered on the date, the median after %(wait)s.",
            answered,
        )
        yield told % {"n": answered, "wait": words.minutes(counts["median"])}
    if unplaced and reader.sees_all:
        yield ngettext(
            "Beside them %(n)d waits who belongs to no property.",
            "Beside them %(n)d wait who belong to no property.",
            unplaced,
        ) % {"n": unplaced}


def _departures(part: Fact, counts: Fact) -> str:
    differs = sum(bool(row["differs"]) or row["state"] == "in_house" for row in part.get("rows", []))
    lines = [
        _("%(of)d due out, %(left)d left, %(extended)d extended.")
        % {"of": part.get("of") or 0, "left": counts.get("left", 0), "extended": counts.get("extended", 0)},
        _("Without a word of the PMS: %(n)d.") % {"n": counts["untold"]} if counts.get("untold") else "",
        _("Differences: %(n)d.") % {"n": differs},
    ]
    return " ".join(line for line in lines if line)
