"""Web chat as a way to somebody: as long as they can read there, else by the address that they left."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from connectors.contract.direct import AddressKind, Channel
from inbox.models import ChatVisitor
from inbox.services.chat import visitors


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """`label`: the chat or whose portal link; `refusal`: why nothing sent there would be read."""

    label: str
    refusal: str
    email: str
    phone: str

    @property
    def is_reading(self) -> bool:
        return not self.refusal


def of(public_ids: Sequence[str]) -> dict[str, Known]:
    """What is known of visitors by their address on the channel, in one statement."""
    rows = ChatVisitor.objects.filter(public_id__in=public_ids)
    return {row.public_id: _known(row) for row in rows.select_related("portal_link__stay__property")}


def _known(visitor: ChatVisitor) -> Known:
    by_link = visitor.verified_by == ChatVisitor.By.PORTAL
    gone = (
        _("the link is no longer good") if by_link else _("they ended the chat, or stayed away for a month")
    )
    recipient = visitor.email or visitor.phone
    portal = _("Guest portal (%(to)s)") % {"to": recipient} if recipient else _("Guest portal")
    return Known(
        label=portal if by_link else "",
        refusal="" if visitors.is_reading(visitor) else gone,
        # Whoever gets a portal link is reached there anyway: that address is the guest's own.
        email="" if by_link else visitor.email,
        phone="" if by_link else visitor.phone,
    )


def given(known: Iterable[Known]) -> list[tuple[Channel, str, str]]:
    """(channel, kind, address) of what they left."""
    found: list[tuple[Channel, str, str]] = []
    for one in known:
        found += [(Channel.EMAIL, AddressKind.EMAIL.value, one.email)] if one.email else []
        found += [(Channel.SMS, AddressKind.PHONE.value, one.phone)] if one.phone else []
    return list(dict.fromkeys(found))
