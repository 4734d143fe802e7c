"""The rows of each section as cells, in the reader's language."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from reservations.night_audit import words
from reservations.night_audit.facts import Fact, Section
from reservations.night_audit.words import Times


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who reads: `may_read_talk`, guests' words and links into conversations; `may_see_drift`, links to differences;
    `sees_all`, what belongs to no property."""

    may_read_talk: bool = False
    may_see_drift: bool = False
    sees_all: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """`was` is struck before `text`, `unit` follows it; `is_quote`: a guest's own words."""

    text: str
    was: str = ""
    unit: str = ""
    url: str = ""
    tone: str = ""
    is_number: bool = False
    is_quote: bool = False

    @property
    def value(self) -> str:
        """Without what it was."""
        return f"{self.text}, {self.unit}" if self.unit else self.text

    @property
    def plain(self) -> str:
        text = f"“{self.text}”" if self.is_quote and self.text else self.text
        text = f"{self.was} → {text}" if self.was else text
        return f"{text}, {self.unit}" if self.unit else text


Row = tuple[Cell, ...]


class Writer:
    """Rows of each section."""

    def __init__(self, times: Times, reader: Reader, close: datetime) -> None:
        self.times, self.reader, self.close = times, reader, close
        self._rows: dict[Section, Callable[[Fact], Row]] = {
            Section.TIMES: self._time,
            Section.OPEN: self._open,
            Section.UNANSWERED: self._unanswered,
            Section.UNDELIVERED: self._undelivered,
            Section.NOT_IN_PMS: self._not_in_pms,
            Section.INSTRUCTIONS: self._instruction,
            Section.CANCELLED: self._cancelled,
            Section.SCORES: self._score,
            Section.DRIFT: self._drift,
            Section.OUTAGES: self._outage,
            Section.DEPARTURES: self._departure,
        }

    def row(self, section: Section, fact: Fact) -> Row:
        """The cells under `heads(section)`."""
        return self._rows[section](fact)

    def _message(self, fact: Fact, text: str) -> Cell:
        """A link to the message, for who may read it."""
        if not self.reader.may_read_talk or not fact.get("thread"):
            return Cell(text)
        url = reverse("inbox:thread", args=["all", fact["thread"]])
        message = fact.get("message")
        return Cell(text, url=f"{url}?m={message}#m-{message}" if message else url)

    def _quote(self, text: str) -> Cell:
        """Guests' words, for who may read conversations."""
        if not self.reader.may_read_talk:
            return Cell(_("not shown to you")) if text else Cell("")
        return Cell(text, is_quote=True)

    def _time(self, fact: Fact) -> Row:
        asked = self.times.short(fact["asked_at"])
        return (
            Cell(fact["unit"]),
            Cell(_guest(fact)),
            self._change(fact),
            Cell(words.price(fact), is_number=True),
            self._message(fact, ", ".join(part for part in (asked, fact.get("channel", "")) if part)),
            Cell(words.decided(fact, self.times)),
            Cell(
                words.in_pms(fact, self.times),
                tone="bad" if fact["pms_state"] in {"failed", "unconfirmed"} else "",
            ),
        )

    def _change(self, fact: Fact) -> Cell:
        """ "out 11:00 → 13:00"; the day where it is not this one."""
        side = _("out") if fact["kind"] == "late_check_out" else _("in")
        day = words.short_day(fact["for"]) if fact["for"] != self.times.on.isoformat() else ""
        head = " ".join(part for part in (side, day) if part)
        if fact["state"] == "approved":
            return Cell(fact["agreed"] or "", was=f"{head} {fact['usual'] or ''}".strip())
        asked = _("%(side)s %(usual)s, asked %(wished)s") % {
            "side": head,
            "usual": fact["usual"] or "",
            "wished": fact["wished"] or words.DASH,
        }
        return Cell(asked)

    def _open(self, fact: Fact) -> Row:
        wish = " ".join(part for part in (words.kind(fact), fact["wished"] or "") if part)
        day = words.short_day(fact["for"]) if fact["for"] else ""
        note = fact["note"] if self.reader.may_read_talk else ""
        return (
            Cell(fact["unit"]),
            Cell(_guest(fact)),
            Cell(", ".join(part for part in (wish, day, note) if part)),
            self._message(fact, self.times.short(fact["asked_at"])),
            Cell(fact.get("with") or _("nobody")),
        )

    def _unanswered(self, fact: Fact) -> Row:
        quote = self._quote(fact["text"])
        link = self._message(fact, quote.text)
        return (
            Cell(fact["unit"]),
            Cell(_guest(fact)),
            Cell(quote.text, url=link.url, is_quote=quote.is_quote),
            Cell(self.times.waited(fact["since"], self.close), is_number=True),
            Cell(self._with(fact)),
        )

    def _with(self, fact: Fact) -> str:
        """Who has the conversation, and until when it sleeps."""
        name = fact["with"] or _("nobody")
        if not fact["snoozed_until"]:
            return name
        until = self.times.short(fact["snoozed_until"])
        return _("%(name)s, snoozed until %(at)s") % {"name": name, "at": until}

    def _undelivered(self, fact: Fact) -> Row:
        return (
            _whose(fact),
            self._message(fact, f"{words.author(fact)}, {self.times.short(fact['at'])}"),
            Cell(fact["channel"]),
            Cell(": ".join(part for part in (words.receipt(fact), fact["reason"]) if part), tone="bad"),
            Cell(words.then(fact["then"], self.times)),
        )

    def _not_in_pms(self, fact: Fact) -> Row:
        state = words.receipt(fact)
        return (
            _whose(fact),
            self._message(fact, f"{words.author(fact)}, {self.times.short(fact['at'])}"),
            Cell(f"{state}: {fact['reason']}" if fact["reason"] else state),
        )

    def _instruction(self, fact: Fact) -> Row:
        return (_whose(fact), Cell(words.instruction(fact)), Cell(fact["why"]))

    def _cancelled(self, fact: Fact) -> Row:
        by = fact["by"]
        cancelled = _("cancelled %(at)s") % {"at": self.times.short(fact["at"])}
        farewell = _("farewell planned for %(at)s") % {"at": self.times.short(fact["farewell_at"])}
        return (
            _whose(fact),
            Cell(_("%(what)s by %(by)s") % {"what": cancelled, "by": by} if by else cancelled),
            Cell(words.stopped(fact, self.times)),
            Cell(farewell if fact["farewell_at"] else ""),
        )

    def _score(self, fact: Fact) -> Row:
        return (
            Cell(_("%(score)d from %(who)s") % {"score": fact["score"], "who": _who(fact)}),
            self._quote(fact["words"]),
            Cell(_("with %(name)s") % {"name": fact.get("with") or _("nobody")}),
        )

    def _drift(self, fact: Fact) -> Row:
        url = reverse("connectors:drift-detail", args=[fact["drift"]]) if self.reader.may_see_drift else ""
        return (_whose(fact, url), Cell(words.drift(fact)))

    def _outage(self, fact: Fact) -> Row:
        until = self.times.short(fact["until"]) if fact["until"] else _("not over at close")
        span = f"{self.times.short(fact['since'])} {words.DASH} {until}"
        return (Cell(fact["connection"]), Cell(words.title(fact)), Cell(span))

    def _departure(self, fact: Fact) -> Row:
        differs = [words.difference(row, fact["pms"]) for row in fact["differs"]]
        tone = "bad" if differs or fact["state"] == "in_house" else ""
        return (_whose(fact), Cell(words.departure(fact), tone=tone), Cell("; ".join(differs)))


def _whose(fact: Fact, url: str = "") -> Cell:
    """Whose it is, and where: in one cell, whatever direction the name is written in."""
    return Cell(_guest(fact), unit=fact["unit"], url=url)


def _guest(fact: Fact) -> str:
    if fact.get("erased"):
        return _("erased")
    return fact["guest"] or _("nobody known")


def _who(fact: Fact) -> str:
    return ", ".join(part for part in (_guest(fact), fact["unit"]) if part)


def heads(section: Section) -> tuple[str, ...]:
    unit, guest = _("Unit"), _("Guest")
    return {
        Section.TIMES: (unit, guest, _("Change"), _("Price"), _("Asked"), _("Decided"), _("In the PMS")),
        Section.OPEN: (unit, guest, _("Asked for"), _("Since"), _("With")),
        Section.UNANSWERED: (unit, guest, _("Message"), _("Waiting"), _("With")),
        Section.UNDELIVERED: (guest, _("Message"), _("Channel"), _("Why"), _("Then")),
        Section.NOT_IN_PMS: (guest, _("Message"), _("State")),
        Section.INSTRUCTIONS: (guest, _("Instructions"), _("Why")),
        Section.CANCELLED: (guest, _("Cancelled"), _("Stopped"), _("Farewell")),
        Section.SCORES: (_("Score"), _("Words"), _("With")),
        Section.DRIFT: (guest, _("Difference")),
        Section.OUTAGES: (_("Connection"), _("What"), _("When")),
        Section.DEPARTURES: (guest, _("State"), _("Differences")),
    }[section]
