"""The sandbox's own clock: real time plus an offset that people and tests move."""

import time
from datetime import UTC, datetime


class Clock:
    """Tells the sandbox's time. Moving it makes tokens expire and webhook retries fall due."""

    def __init__(self, offset: float = 0.0) -> None:
        self.offset = offset

    def epoch(self) -> float:
        """Seconds since 1970, offset included."""
        return time.time() + self.offset

    def now(self) -> datetime:
        """The same as an aware UTC datetime."""
        return datetime.fromtimestamp(self.epoch(), UTC)

    def iso(self) -> str:
        """The same as `2026-01-26T15:51:27.000Z`."""
        return iso(self.now())


def iso(moment: datetime) -> str:
    """ISO 8601, UTC, milliseconds, `Z`: sorts as text in time order."""
    utc = moment.astimezone(UTC)
    return utc.strftime("%Y-%m-%dT%H:%M:%S.") + f"{utc.microsecond // 1000:03d}Z"


def parse_iso(text: str) -> datetime:
    """Read an ISO 8601 instant; one without a zone is taken as UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
