"""Words of guests' requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template
from django.utils.translation import gettext as _

from reservations.models import RequestKind
from reservations.services import request_words, work_words
from reservations.services.request_words import Suggestion
from reservations.services.work_words import Trouble

register = template.Library()


@register.filter
def request_line(data: Mapping[str, Any]) -> str:
    """ "Late check-out 13:00 approved", from what a thread's line keeps."""
    kind = str(RequestKind(data["wish"]).label) if data.get("wish") in RequestKind.values else ""
    what = f"{kind} {data.get('at', '')}".strip()
    words = {
        "asked": _("%(what)s asked for"),
        "proposed": _("%(what)s proposed"),
        "approved": _("%(what)s approved"),
        "declined": _("%(what)s declined"),
        "withdrawn": _("%(what)s taken back"),
        "moved": _("%(what)s: the PMS says another time"),
    }
    return words.get(str(data.get("what")), "%(what)s") % {"what": what}


@register.filter
def asks_for(message: Any) -> list[Suggestion]:
    """What a guest's message seems to ask for and nobody has noted; `message` has the kinds that were, `noted`."""
    return [one for one in request_words.suggest(message.body) if one.kind not in message.noted]


@register.filter
def kind_words(kind: str) -> str:
    return str(RequestKind(kind).label)


@register.filter
def trouble_of(text: str) -> Trouble | None:
    """What a guest's message tells of, if something is broken."""
    return work_words.suggest(text)


@register.filter
def work_kind(kind: str) -> str:
    return {
        "maintenance": _("Maintenance"),
        "cleaning": _("Cleaning"),
        "check_in": _("Check-in"),
        "check_out": _("Check-out"),
        "office": _("Office"),
        "other": _("Other"),
    }.get(kind, kind)
