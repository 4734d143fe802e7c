"""What files a destination takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from connectors.contract.intents import OutFile


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaLimits:
    """`types` maps a MIME type, or a family as `image/*`, to the bytes that one such file may have; what is not named
    is not taken. `count` files at most, `total` bytes together (None: no limit of its own). `caption`: a file and a
    text can be one message."""

    types: Mapping[str, int] = field(default_factory=dict)
    count: int = 0
    total: int | None = None
    caption: bool = True

    def limit_of(self, mime_type: str) -> int:
        """The bytes that a file of this type may have; 0: it isn't taken."""
        family = f"{mime_type.partition('/')[0]}/*"
        return self.types.get(mime_type, self.types.get(family, self.types.get("*/*", 0)))


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaProblem:
    """Why a destination can't carry files. `code`: "none" (it takes no files at all), "count", "total", and of the file
    `name`: "type", "size". `limit` is what there may be: files or bytes."""

    code: str
    name: str = ""
    limit: int = 0


def problems(files: Sequence[OutFile], limits: MediaLimits) -> list[MediaProblem]:
    """What stands in the way of sending these files there, worst first; empty where nothing does."""
    if not files:
        return []
    if not limits.types or not limits.count:
        return [MediaProblem(code="none")]
    found = []
    if len(files) > limits.count:
        found.append(MediaProblem(code="count", limit=limits.count))
    for file in files:
        limit = limits.limit_of(file.mime_type)
        if not limit:
            found.append(MediaProblem(code="type", name=file.name))
        elif file.size > limit:
            found.append(MediaProblem(code="size", name=file.name, limit=limit))
    if limits.total is not None and sum(file.size for file in files) > limits.total:
        found.append(MediaProblem(code="total", limit=limits.total))
    return found
