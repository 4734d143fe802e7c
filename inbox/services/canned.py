"""Canned replies and the variables in them, filled with today's values of the stay (ux C6, C7)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.services import require
from bellhop.core.search import fold
from inbox.models import CannedReply, Thread
from reservations.models import Property
from reservations.services import scope

_VARIABLE = re.compile(r"\{\{\s*([\w.]+)\s*\}\}")
LIMIT = 20
VARIABLES = (
    "guest.first_name",
    "guest.name",
    "property.name",
    "unit.name",
    "unit.wifi",
    "unit.parking",
    "stay.code",
    "stay.arrival",
    "stay.departure",
    "stay.check_in",
    "stay.check_out",
    "agent.name",
    "agent.first_name",
)


def values(user: User, thread: Thread) -> dict[str, str]:
    """Variable → its value for this thread's stay; empty where there is none."""
    stay, guest = thread.stay, thread.guest
    name = (guest.full_name if guest else thread.party_name) or ""
    unit = stay.unit if stay else None
    check_in = stay.effective_check_in if stay else None
    check_out = stay.effective_check_out if stay else None
    return {
        "guest.first_name": name.split(" ")[0],
        "guest.name": name,
        "property.name": thread.property.name if thread.property else "",
        "unit.name": unit.name if unit else "",
        "unit.wifi": unit.wifi if unit else "",
        "unit.parking": unit.parking if unit else "",
        "stay.code": stay.code if stay else "",
        "stay.arrival": stay.arrival_date.strftime("%-d %B %Y") if stay and stay.arrival_date else "",
        "stay.departure": stay.departure_date.strftime("%-d %B %Y") if stay and stay.departure_date else "",
        "stay.check_in": check_in.strftime("%H:%M") if check_in else "",
        "stay.check_out": check_out.strftime("%H:%M") if check_out else "",
        "agent.name": user.full_name,
        "agent.first_name": user.full_name.split(" ")[0],
    }


def fill(body: str, known: dict[str, str]) -> str:
    """`body` with what is known filled in. Unknown and empty variables stay in braces, which sending refuses."""
    return _VARIABLE.sub(lambda match: known.get(match.group(1)) or match.group(0), body)


def matching(user: User, thread: Thread, text: str = "") -> list[tuple[CannedReply, str]]:
    """Replies this person may use here, by name or body, each with its filled text; the guest's language first."""
    rows = CannedReply.objects.filter(organization_id=user.organization_id).filter(
        Q(owner=user) | Q(owner__isnull=True), Q(property__isnull=True) | Q(property_id=thread.property_id)
    )
    wanted = fold(text)
    found = [
        row
        for row in rows.order_by("name", "id")[:500]
        if wanted in fold(row.name) or wanted in fold(row.body)
    ]
    found.sort(key=lambda row: (bool(row.language) and row.language != thread.language[:2], row.name))
    known = values(user, thread)
    return [(row, fill(row.body, known)) for row in found[:LIMIT]]


class CannedRefused(Exception):
    """The canned reply can't be kept; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a canned reply says, and for whom it is: `shared` with everybody, else one's own."""

    name: str
    body: str
    language: str = ""
    place: Property | None = None
    shared: bool = False


def editable(user: User) -> QuerySet[CannedReply]:
    """One's own, and the shared ones for who may edit those; within the properties one sees."""
    rows = CannedReply.objects.filter(organization_id=user.organization_id).select_related("property")
    ids = scope.property_ids(user)
    if ids is not None:
        rows = rows.filter(Q(property__isnull=True) | Q(property_id__in=ids))
    if user.may(Permission.CANNED_EDIT):
        return rows.filter(Q(owner=user) | Q(owner__isnull=True))
    return rows.filter(owner=user)


def keep(user: User, written: Written, reply: CannedReply | None = None) -> CannedReply:
    """Keep a new reply, or a changed one. Raises CannedRefused, and PermissionDenied for shared ones without the
    right to edit them."""
    if written.shared or (reply is not None and reply.owner_id != user.pk):
        require(user, Permission.CANNED_EDIT)
    name, body = " ".join(written.name.split())[:60], written.body.strip()
    if not name or not body:
        raise CannedRefused(_("It needs a name and a text."))
    unknown = sorted({name for name in _VARIABLE.findall(body) if name not in VARIABLES})
    if unknown:
        raise CannedRefused(_("There is no value called %(names)s.") % {"names": ", ".join(unknown)})
    reply = reply or CannedReply(organization_id=user.organization_id)
    reply.name, reply.body, reply.language = name, body, written.language
    reply.property, reply.owner = written.place, None if written.shared else user
    reply.save()
    return reply
