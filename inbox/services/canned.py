"""Canned replies and the variables in them, filled with today's values of the stay (ux C6, C7)."""

from __future__ import annotations

import re

from django.db.models import Q

from bellhop.accounts.models import User
from inbox.models import CannedReply, Thread
from inbox.services.search import fold

_VARIABLE = re.compile(r"\{\{\s*([\w.]+)\s*\}\}")
LIMIT = 20


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
