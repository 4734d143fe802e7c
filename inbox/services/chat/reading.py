"""Who reads a guest's page, by the chat's token or by the portal's cookie, and what it shows now."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from connectors.contract.direct import Delivery
from inbox.models import ChatVisitor, PortalLink
from inbox.services.chat import portal, talking, visitors, waiting, widgets


@dataclass(frozen=True, slots=True)
class Reader:
    """A visitor; `link` where they came by the guest portal."""

    visitor: ChatVisitor
    link: PortalLink | None = None


def by_token(key: str, token: str) -> Reader | None:
    """The visitor of a widget whose token this is. Changes nothing."""
    widget = widgets.by_key(key)
    visitor = visitors.of_token(widget, token) if widget is not None else None
    return Reader(visitor) if visitor is not None else None


def by_link(public_id: str) -> Reader | None:
    """Who has the cookie of a good portal link. Changes nothing."""
    link = portal.by_id(public_id)
    return Reader(link.visitor, link) if link is not None else None


def again(reader: Reader) -> Reader | None:
    """The same, if they still may."""
    if reader.link is not None:
        return by_link(reader.link.public_id)
    visitor = ChatVisitor.objects.filter(pk=reader.visitor.pk).select_related("widget__connection").first()
    good = visitor is not None and visitors.is_reading(visitor) and widgets.is_open(visitor.widget)
    return Reader(visitor) if good and visitor is not None else None


def snapshot(reader: Reader, after: str = "") -> dict[str, Any]:
    """What their page shows: messages (those after `after`, and the newest ones anew), and what they should know."""
    if reader.link is not None:
        messages = portal.messages(reader.link, after)
    else:
        messages = talking.history(reader.visitor, after)
    state = waiting.state_of(reader.visitor.widget, reader.visitor)
    return {"messages": [asdict(message) for message in messages], "state": asdict(state)}


def thread_of(reader: Reader) -> tuple[int, str] | None:
    """(number, public id) of the thread whose changes concern them."""
    thread = visitors.thread_of(reader.visitor)
    return (thread.pk, thread.public_id) if thread is not None else None


def seen(reader: Reader, keys: object, state: object) -> None:
    """Their page tells what arrived, or what was looked at; nonsense is ignored."""
    if not isinstance(keys, list) or state not in {Delivery.DELIVERED.value, Delivery.READ.value}:
        return
    talking.seen(reader.visitor, [key for key in keys if isinstance(key, str)], Delivery(state))
