"""What files a destination takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


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
