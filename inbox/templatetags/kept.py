"""Messages as HTML, rendered once: a message is immutable but for what its sender does about it, and one whose receipts
have come to rest looks the same to everybody but its author and those who may open its case file."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import Any

from django import template
from django.template import Context
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from inbox.models import ReceiptState
from inbox.services.mirror import Keeping
from inbox.services.timeline import Entry

KEEP = 20_000
_AT_REST = {ReceiptState.SENT, ReceiptState.DELIVERED, ReceiptState.READ}
_kept: OrderedDict[tuple[Any, ...], SafeString] = OrderedDict()
_lock = Lock()

register = template.Library()


@register.simple_tag(takes_context=True)
def kept_message(context: Context) -> SafeString:
    """The `entry` of the context as `inbox/_message.html` shows it."""
    key = _key(context["entry"], context)
    if key is not None:
        with _lock:
            if key in _kept:
                _kept.move_to_end(key)
                return _kept[key]
    assert context.template is not None
    html = context.template.engine.get_template("inbox/_message.html").render(context)
    if key is not None:
        with _lock:
            _kept[key] = html
            while len(_kept) > KEEP:
                _kept.popitem(last=False)
    return html


def _key(entry: Entry, context: Context) -> tuple[Any, ...] | None:
    """None while anything about it may still be done or move."""
    message, thread = entry.item, context["thread"]
    keeping = context["keeping"] if entry.is_unkept else ""
    if keeping == Keeping.POSSIBLE or entry.attempts:
        return None
    if any(row.state not in _AT_REST for row in entry.receipts):
        return None
    receipts = tuple((row.pk, row.state, row.since) for row in entry.receipts)
    changes = (message.edited_body, message.deleted_at, message.reaction, message.warning)
    files = tuple((file["public_id"], file["state"]) for file in message.files)
    mine = message.author_user_id == context["me"].pk
    may_read_health = bool((context.get("may") or {}).get("health_read"))
    words = (get_language(), timezone.get_current_timezone_name(), context["pms"], thread.party_name)
    about = (
        message.pk,
        thread.public_id,
        thread.stay_id,
        frozenset(message.noted),
        message.remote_id,
        keeping,
    )
    return (*about, mine, may_read_health, receipts, changes, files, words)
