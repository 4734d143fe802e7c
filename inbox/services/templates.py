"""Texts that a channel's provider approved, filled in for one guest."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from connectors.contract.intents import Template
from connectors.models import ChannelTemplate
from connectors.models.channel import BLANK
from inbox.services.refusals import ReplyRefused

if TYPE_CHECKING:
    from inbox.services.ways import Choice


@dataclass(frozen=True, slots=True)
class ChosenTemplate:
    """`pk` of the template, and what is to stand in its blanks, by name or number."""

    pk: int
    values: dict[str, str] = field(default_factory=dict)


def text_of(choice: Choice, chosen: ChosenTemplate | None) -> str:
    """What the guest will read. Raises ReplyRefused where there is no such template, or a blank is empty or unfit."""
    template = _find(choice, chosen)
    values = _values(template, chosen)
    return BLANK.sub(lambda found: values[found[1]], template.body)


def intent_of(choice: Choice, chosen: ChosenTemplate | None) -> Template:
    """The same as the provider takes it. Raises ReplyRefused."""
    template = _find(choice, chosen)
    values = _values(template, chosen)
    names = template.blanks
    counted = names == [str(place + 1) for place in range(len(names))]
    return Template(
        name=template.name,
        language=template.language,
        remote_id=template.remote_id,
        names=() if counted else tuple(names),
        values=tuple(values[name] for name in names),
    )


def _find(choice: Choice, chosen: ChosenTemplate | None) -> ChannelTemplate:
    found = next((one for one in choice.templates if chosen is not None and one.pk == chosen.pk), None)
    if found is None:
        raise ReplyRefused(_("The reply window is closed: choose a template."))
    return found


def _values(template: ChannelTemplate, chosen: ChosenTemplate | None) -> dict[str, str]:
    """Parameters may be neither empty nor have line breaks, tabs or more than four blanks in a row
    (https://developers.facebook.com/documentation/business-messaging/whatsapp/templates)."""
    given = chosen.values if chosen is not None else {}
    found = {name: " ".join(given.get(name, "").split()) for name in template.blanks}
    if not all(found.values()):
        raise ReplyRefused(_("Fill in every blank of the template."))
    return found
