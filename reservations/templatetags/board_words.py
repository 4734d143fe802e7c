"""Words and signs of the housekeeping board."""

from __future__ import annotations

from datetime import date
from typing import Final

from django import template
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from reservations.board.cards import GOING, REFUSED, STARTED, WELCOME, Card, Extra, Group, Mark, Party
from reservations.models import RequestKind, UnitState

register = template.Library()

_STATES: Final = {
    **dict(UnitState.choices),
    GOING: gettext_lazy("Started"),
    "dnd": gettext_lazy("Do not disturb"),
    REFUSED: gettext_lazy("No service wanted"),
    "": gettext_lazy("Not said"),
}
_ACTS: Final = {
    STARTED: gettext_lazy("Start"),
    REFUSED: gettext_lazy("No service wanted"),
    WELCOME: gettext_lazy("Service wanted after all"),
}
_ICONS: Final = {
    "": "question", "dirty": "circle", "pickup": "broom", GOING: "broom", STARTED: "play", "clean": "tick",
    "inspected": "shield", "out_of_order": "wrench", "out_of_service": "dash", "dnd": "dnd", REFUSED: "dnd",
    WELCOME: "bed",
}  # fmt: skip
_GROUPS: Final = {
    Group.DEPARTURES: gettext_lazy("Departures"),
    Group.STAY_OVERS: gettext_lazy("Stay-overs"),
    Group.ARRIVALS: gettext_lazy("Arrivals"),
    Group.VACANT: gettext_lazy("Vacant"),
}


@register.filter
def state_words(state: str) -> str:
    """A state as it is said; a PMS's own word as it stands."""
    return str(_STATES.get(state, state.replace("_", " ")))


@register.filter
def state_icon(state: str) -> str:
    return _ICONS.get(state, "circle")


@register.filter
def act_words(act: str) -> str:
    """What a tap does."""
    return str(_ACTS.get(act, _STATES.get(act, act)))


@register.filter
def next_words(card: Card) -> str:
    """The one tap of a card: when it may begin, where somebody is still in."""
    if card.next_act == STARTED and card.out is not None and not card.out.over:
        return _("Start from %(at)s") % {"at": f"{card.out.at:%H:%M}"}
    if card.next_act == UnitState.DIRTY:
        return _("Back in use")
    return act_words(card.next_act)


@register.filter
def group_words(group: str) -> str:
    return str(_GROUPS[Group(group)])


@register.filter
def day_words(day: date | None) -> str:
    """ "Fri 19 Jun" """
    return formats.date_format(day, "D j M") if day else ""


@register.filter
def mark_words(mark: Mark) -> str:
    """What changed, in a sentence."""
    words = {
        "out": _("Out %(now)s, was %(was)s."),
        "in": _("Next guest comes %(now)s, was %(was)s."),
        "leaves": _("Leaves %(now)s, was %(was)s."),
        "arrives": _("Arrives %(now)s, was %(was)s."),
        "cancelled": _("The stay was cancelled."),
        "moved_to": _("The stay moved to %(now)s."),
        "moved_out": _("The stay is not in this unit any more."),
        "moved_from": _("A stay moved here from %(was)s."),
    }
    return words.get(mark.what, _("Something changed.")) % {"now": _told(mark.now), "was": _told(mark.was)}


def _told(text: str) -> str:
    """A time as it stands, a date in words."""
    if len(text) != len("2026-06-19"):
        return text
    return day_words(date.fromisoformat(text))


@register.filter
def mark_by(mark: Mark) -> str:
    """Who did it, and when."""
    at = f"{mark.at:%H:%M}" if mark.at else ""
    if not mark.by:
        return _("Told by the PMS %(at)s") % {"at": at}
    said = _("Taken back by %(name)s %(at)s") if mark.withdrawn else _("Approved by %(name)s %(at)s")
    return said % {"name": mark.by, "at": at}


@register.filter
def heads(party: Party) -> str:
    """ "2 adults, 1 child, 1 baby" """
    told = [
        (party.adults, ngettext("%d adult", "%d adults", party.adults)),
        (party.children, ngettext("%d child", "%d children", party.children)),
        (party.infants, ngettext("%d baby", "%d babies", party.infants)),
    ]
    return ", ".join(words % count for count, words in told if count)


@register.filter
def pet_words(pets: int) -> str:
    return ngettext("%d pet", "%d pets", pets) % pets


@register.filter
def night_words(party: Party) -> str:
    """ "3 nights", or which of them this is."""
    if not party.nights:
        return ""
    if party.night:
        return _("night %(night)d of %(nights)d") % {"night": party.night, "nights": party.nights}
    return ngettext("%d night", "%d nights", party.nights) % party.nights


@register.filter
def extra_words(extra: Extra) -> str:
    kind = str(RequestKind(extra.kind).label)
    return kind if extra.decided else _("%(what)s: asked, not decided") % {"what": kind}
