"""Fetching a file from wherever a link leads: every step through the SSRF-safe client (invariant 11)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urljoin, urlsplit

from bellhop.core import http

MAX_STEPS: Final = 4
TOTAL_S: Final = 60.0
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


def download(url: str, *, max_bytes: int, headers: Mapping[str, str] | None = None) -> http.Answer:
    """The last answer, whatever its status. Raises HttpError.

    Links of files lead on to stores of files. Each step is judged like the first; `headers`, which may hold a secret,
    go to the first host only.
    """
    first = urlsplit(url).netloc
    for _step in range(MAX_STEPS):
        own = headers if urlsplit(url).netloc == first else None
        answer = http.fetch("GET", url, headers=own, max_bytes=max_bytes, total_s=TOTAL_S)
        onward = answer.headers.get("location", "")
        if answer.status not in _REDIRECTS or not onward:
            return answer
        url = urljoin(url, onward)
    raise http.AddressRefused("the link leads on and on")
