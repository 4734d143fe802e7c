"""The list's rows as HTML, rendered once per version and language and kept: pages and sockets share them.

What is personal in a row (unread, draft) is put in afterwards, by the page for itself and by the browser for frames.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from datetime import datetime
from threading import Lock

from django.template.loader import render_to_string
from django.utils import translation
from django.utils.safestring import SafeString, mark_safe

from inbox.models import Thread
from inbox.services import row_view
from inbox.services.row_view import RowView

KEEP = 5_000
_OPENING = '<li class="thread-row"'
_Key = tuple[int, int, str, bool, int | None, int, frozenset[str]]
_rows: OrderedDict[_Key, str] = OrderedDict()
_lock = Lock()


def anyones(thread: Thread, now: datetime, language: str, me: int | None = None) -> str:
    """The row as everybody sees it; to `me` their own words are "You:". `thread` as `listing.for_anyone` loads it."""
    return _kept(thread, row_view.of(thread, now, me), now, language, me)


def personal(thread: Thread, now: datetime, language: str, me: int) -> SafeString:
    """The row as one person sees it on a page. `thread` as `listing.for_rows` loads it."""
    row = row_view.of(thread, now, me)
    html = _kept(thread, row, now, language, me)
    marks = (" data-unread" if row.unread else "") + (" data-has-draft" if row.has_draft else "")
    return mark_safe(html.replace(_OPENING, _OPENING + marks, 1) if marks else html)  # noqa: S308 (our own template)


def _kept(thread: Thread, row: RowView, now: datetime, language: str, me: int | None) -> str:
    """Rows carry relative days and minutes, so one is good for its hour, and for a minute where somebody waits."""
    mine = me is not None and thread.preview_author.startswith(f"user:{me}:")
    hour = int(now.timestamp() // 3600)
    key = (thread.pk, thread.version, language, mine, row.waiting_minutes, hour, _problems(thread))
    with _lock:
        if key in _rows:
            _rows.move_to_end(key)
            return _rows[key]
    with translation.override(language):
        html = render_to_string("inbox/_row.html", {"row": replace(row, unread=False, has_draft=False)})
    with _lock:
        _rows[key] = html
        while len(_rows) > KEEP:
            _rows.popitem(last=False)
    return html


def _problems(thread: Thread) -> frozenset[str]:
    """Receipts change without counting the thread's version up."""
    return frozenset(thread.problem_states)  # type: ignore[attr-defined]
