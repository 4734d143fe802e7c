"""Facts in words: times by the property's clocks, states, names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bellhop.core.words import read_out
from reservations.models import PmsState, RequestKind, StayRequest
from reservations.night_audit.facts import Fact, Section

DASH = "\N{EN DASH}"
_DAYS_OF_A_WEEK = 6
_MANY_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Times:
    """How instants are read on the paper of a business date."""

    zone: ZoneInfo
    on: date

    def local(self, text: str | None) -> datetime | None:
        return datetime.fromisoformat(text).astimezone(self.zone) if text else None

    def short(self, text: str | None) -> str:
        """ "Thu 07:58"; with the date where that is more than some days away."""
        moment = self.local(text)
        if moment is None:
            return ""
        is_near = abs((moment.date() - self.on).days) <= _DAYS_OF_A_WEEK
        return f"{formats.date_format(moment, 'D' if is_near else 'j M')} {moment:%H:%M}"

    def exact(self, text: str | None) -> str:
        """ "08:10:04"; with the day where that is another one."""
        moment = self.local(text)
        if moment is None:
            return ""
        day = "" if moment.date() == self.on else f"{formats.date_format(moment, 'D')} "
        return f"{day}{moment:%H:%M:%S}"

    def waited(self, since: str | None, until: datetime) -> str:
        """ "4 h 10", "35 min"."""
        if not since:
            return ""
        return minutes(max(0, int((until - datetime.fromisoformat(since)).total_seconds() // 60)))


def minutes(number: int) -> str:
    """ "35 min", "4 h 10", "3 d"."""
    hours, rest = divmod(number, 60)
    if hours >= 48:
        return _("%(days)d d") % {"days": hours // 24}
    if hours:
        return _("%(hours)d h %(minutes)02d") % {"hours": hours, "minutes": rest}
    return _("%(minutes)d min") % {"minutes": rest}


def seconds(number: int) -> str:
    """ "14 s"; from two minutes on as minutes."""
    return _("%(seconds)d s") % {"seconds": number} if number < _MANY_SECONDS else minutes(number // 60)


def long_day(value: date) -> str:
    return formats.date_format(value, "l j F Y")


def short_day(value: date | str | None) -> str:
    """ "Fri 19 Jun"."""
    if not value:
        return ""
    day = date.fromisoformat(value) if isinstance(value, str) else value
    return formats.date_format(day, "D j M")


def kind(fact: Fact) -> str:
    return str(RequestKind(fact["kind"]).label)


def price(fact: Fact) -> str:
    if fact["price"] is None:
        return _("free") if fact["state"] == StayRequest.State.APPROVED else DASH
    return f"{fact['price']} {fact['currency']}".strip()


def decided(fact: Fact, times: Times) -> str:
    """ "approved, Ana, 08:10"."""
    state = str(StayRequest.State(fact["state"]).label).lower()
    if not fact["decided_at"]:
        return state
    return ", ".join([state, fact["decided_by"] or _("in the PMS"), times.short(fact["decided_at"])])


def in_pms(fact: Fact, times: Times) -> str:
    """How the PMS has what was decided."""
    if not fact["pms_state"]:
        return _("nothing to write")
    state, reason = str(PmsState(fact["pms_state"]).label), str(fact["pms_reason"])
    if fact["pms_state"] == PmsState.DONE:
        how = {"note": _("as a note"), "task": _("as a task")}.get(fact["pms_way"], "")
        return " ".join(part for part in (times.exact(fact.get("pms_at")) or state, how) if part)
    return f"{state}: {reason}" if reason else state


def receipt(fact: Fact) -> str:
    """A receipt's word (ux R): the same as on messages."""
    return {
        "queued": _("Queued"),
        "sending": _("Sending"),
        "sent": _("Sent"),
        "delivered": _("Delivered"),
        "read": _("Read"),
        "failed": _("Not delivered"),
        "unconfirmed": _("May not have arrived"),
    }.get(fact["state"], str(fact["state"]))


def then(fact: Fact | None, times: Times) -> str:
    """ "E-mail 10:02, delivered": what reached the guest next."""
    if fact is None:
        return _("nothing")
    return f"{fact['channel']} {times.short(fact['at'])}, {receipt(fact).lower()}"


def author(fact: Fact) -> str:
    """Who wrote it: a name, a sequence's step, the guest."""
    if fact["by"]:
        return str(fact["by"])
    return {"guest": _("Guest"), "automatic": _("Automatic"), "pms_staff": _("PMS user")}.get(
        fact["author"], _("Agent")
    )


def instruction(fact: Fact) -> str:
    return {
        "none": _("no sequence sends them"),
        "planned": _("not due yet"),
        "held": _("held: a person decides"),
        "not_sent": _("not sent"),
        "not_arrived": _("not delivered"),
        "sent": _("sent, delivery not reported"),
        "delivered": _("delivered"),
    }[fact["state"]]


def stopped(fact: Fact, times: Times) -> str:
    """ "4 messages stopped at 21:04:01"."""
    if not fact["stopped"]:
        return _("nothing was to be stopped")
    count = ngettext("%(n)d message stopped", "%(n)d messages stopped", fact["stopped"]) % {
        "n": fact["stopped"]
    }
    return _("%(what)s at %(at)s") % {"what": count, "at": times.exact(fact["stopped_at"])}


def departure(fact: Fact) -> str:
    state = fact["state"]
    if state == "extended":
        return _("stays until %(day)s") % {"day": short_day(fact["to"])}
    return {
        "left": _("left"),
        "in_house": _("checked in, neither left nor extended in %(pms)s") % {"pms": fact["pms"]},
        "untold": _("%(pms)s tells no check-out") % {"pms": fact["pms"]},
        "cancelled": _("cancelled"),
    }[state]


def difference(row: Fact, pms: str) -> str:
    return _("%(field)s %(ours)s here, %(theirs)s in %(pms)s") % {
        "field": field(row["field"]),
        "ours": value(row["field"], row["ours"]),
        "theirs": value(row["field"], row["theirs"]),
        "pms": pms,
    }


def drift(fact: Fact) -> str:
    """Both values, and whose it is."""
    if fact["is_secret"]:
        told = _("%(field)s differs") % {"field": field(fact["field"])}
    else:
        told = difference(fact, fact["pms"])
    owner = fact["pms"] if fact["owner"] == "pms" else "Bellhop"
    return _("%(what)s; %(owner)s owns it") % {"what": told, "owner": owner}


def field(name: str) -> str:
    names = {
        "status": _("status"),
        "arrival_date": _("arrival"),
        "departure_date": _("departure"),
        "check_in_time": _("check-in"),
        "check_out_time": _("check-out"),
        "unit": _("unit"),
        "door_code": _("door code"),
        "money": _("amounts"),
    }
    return names.get(name, name.replace("_", " "))


def value(name: str, told: Any) -> str:
    """A mirrored value: days and clock times as the rest of the paper writes them."""
    if told in (None, "", [], {}):
        return _("nothing")
    if name.endswith("_date"):
        return short_day(str(told))
    return str(told)[:5] if name.endswith("_time") else str(told)


def title(fact: Fact) -> str:
    """An incident's title, in the reader's language."""
    return read_out(fact["title"], fact["words"])


def now(section: Section, fact: Fact, times: Times) -> str:
    """What a fact that an audit knew otherwise is by now."""
    state = str(fact.get("state", ""))
    if section in {Section.TIMES, Section.OPEN}:
        told = decided(fact, times)
        return f"{told}; {in_pms(fact, times)}" if fact["pms_state"] else told
    if section == Section.UNANSWERED:
        return _unanswered(fact, times)
    if section in {Section.UNDELIVERED, Section.NOT_IN_PMS}:
        return f"{receipt(fact)}, {times.short(fact['since'])}"
    if section == Section.OUTAGES:
        return _("over since %(at)s") % {"at": times.short(fact["until"])}
    if section == Section.DEPARTURES:
        differs = [difference(row, fact["pms"]) for row in fact["differs"]]
        return "; ".join([departure(fact), *differs])
    return {
        Section.INSTRUCTIONS: instruction(fact) if section == Section.INSTRUCTIONS else "",
        Section.CANCELLED: _("stands again") if state == "stands" else _("cancelled"),
        Section.DRIFT: _("still differs") if state == "open" else _("no longer differs"),
        Section.SCORES: _("more was written"),
    }[section]


def _unanswered(fact: Fact, times: Times) -> str:
    if fact["state"] == "answered":
        return _("answered by %(name)s, %(at)s") % {
            "name": fact["answered_by"] or _("a colleague"),
            "at": times.short(fact["answered_at"]),
        }
    return _("waits again") if fact["state"] == "waiting" else _("needs no answer any more")
