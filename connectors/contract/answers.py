"""Judging an answer by its status: the table that every connector shares.

reads    408, 425, 5xx → Retryable; 429 → RateLimited
effects  408, 425, 5xx → OutcomeUnknown (it may have happened); 429 → RateLimited (it surely did not)
both     401, 403 → NotAuthorized; 404, 410 → NotFound; other 3xx and 4xx → Rejected
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from connectors.contract.errors import (
    ConnectorError,
    NotAuthorized,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Retryable,
    Unreadable,
)
from connectors.contract.http import Request, Response

_NOT_NOW = frozenset({408, 425})
_LONGEST = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What the provider said about a failure, read from its body by the connector."""

    message: str = ""
    code: str = ""
    request_id: str = ""


def error_for(
    request: Request, response: Response, problem: Problem, status: int | None = None
) -> ConnectorError:
    """The error that `status` (default: the HTTP status) stands for. The provider's words go to the log
    side only."""
    status = status or response.status
    facts = {
        "detail": f"HTTP {status}: {problem.message}"[:_LONGEST].rstrip(": "),
        "code": problem.code or f"http_{status}",
        "request_id": problem.request_id,
    }
    if status == 429:
        return RateLimited(after_s=retry_after(response), **facts)
    if status in _NOT_NOW or status >= 500:
        if request.effect:
            return OutcomeUnknown(**facts)
        return Retryable(after_s=retry_after(response), **facts)
    if status in {401, 403}:
        return NotAuthorized(**facts)
    return NotFound(**facts) if status in {404, 410} else Rejected(**facts)


def retry_after(response: Response) -> float | None:
    """Seconds of `Retry-After`, given as such or as a date (then counted from the answer's own `Date`)."""
    given = response.headers.get("retry-after", "").strip()
    if not given:
        return None
    try:
        return max(0.0, float(given)) if given[:1].isdigit() else max(0.0, _until(given, response))
    except (TypeError, ValueError):
        return None


def _until(given: str, response: Response) -> float:
    return (_date(given) - _date(response.headers.get("date", given))).total_seconds()


def _date(value: str) -> datetime:
    moment = parsedate_to_datetime(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def require_json(request: Request, response: Response) -> object:
    """The decoded body of a 2xx, None where it is empty.

    Raises Unreadable for a read, OutcomeUnknown for an effect: a proxy's page doesn't tell whether it
    happened.
    """
    if not response.body.strip():
        return None
    try:
        return response.json()
    except Unreadable as error:
        if request.effect:
            raise OutcomeUnknown(detail=error.detail, code="unreadable") from error
        raise
