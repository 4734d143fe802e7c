"""The list's rows as HTML, rendered once per version and language and kept: pages and sockets share them.

What is personal in a row (unread, draft) is put in afterwards, by the page for itself and by the browser for frames.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from threading import Lock

from django.template.loader import render_to_string
from django.utils import translation
from django.utils.safestring import SafeString, mark_safe

from inbox.models import Thread
from inbox.services import listing, row_view

KEEP = 5_000
_OPENING = '<li class="thread-row"'
_Key = tuple[int, int, str, bool, int | None, int, frozenset[str]]
_rows: OrderedDict[_Key, str] = OrderedDict()
_lock = Lock()


def anyones(thread: Thread, now: datetime, language: str, me: int | None = None) -> str:
    """The row as everybody sees it; to `me` their own words are "You:". `thread` as `listing.for_anyone` loads it."""
    key = _key(thread, now, language, me)
    return _kept(key) or _render(key, thread, now, me)


def page(threads: Sequence[Thread], now: datetime, language: str, me: int) -> list[SafeString]:
    """The rows of a `listing.page` as one person sees them; those that aren't kept are loaded in one statement."""
    html = {thread.pk: _kept(_key(thread, now, language, me)) for thread in threads}
    missing = [pk for pk, kept in html.items() if not kept]
    if missing:
        for thread in listing.for_anyone(Thread.objects.filter(pk__in=missing)):
            html[thread.pk] = _render(_key(thread, now, language, me), thread, now, me)
    return [_personal(thread, html[thread.pk]) for thread in threads if html[thread.pk]]


def _personal(thread: Thread, html: str) -> SafeString:
    marks = (" data-unread" if row_view.is_unread(thread) else "") + (
        " data-has-draft" if row_view.has_draft(thread) else ""
    )
    return mark_safe(html.replace(_OPENING, _OPENING + marks, 1) if marks else html)  # noqa: S308 (our own template)


def _key(thread: Thread, now: datetime, language: str, me: int | None) -> _Key:
    """Rows carry relative days and minutes, so one is good for its hour, and for a minute where somebody waits.
    Receipts change without counting the thread's version up."""
    mine = me is not None and thread.preview_author.startswith(f"user:{me}:")
    hour = int(now.timestamp() // 3600)
    problems: list[str] = thread.problem_states  # type: ignore[attr-defined]
    waited = row_view.minutes_waited(thread, now)
    return (thread.pk, thread.version, language, mine, waited, hour, frozenset(problems))


def _kept(key: _Key) -> str:
    """Empty where it must be rendered."""
    with _lock:
        if key in _rows:
            _rows.move_to_end(key)
        return _rows.get(key, "")


def _render(key: _Key, thread: Thread, now: datetime, me: int | None) -> str:
    row = replace(row_view.of(thread, now, me), unread=False, has_draft=False)
    with translation.override(key[2]):
        html = render_to_string("inbox/_row.html", {"row": row})
    with _lock:
        _rows[key] = html
        while len(_rows) > KEEP:
            _rows.popitem(last=False)
    return html
