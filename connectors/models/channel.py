"""What a channel's provider keeps for us."""

from __future__ import annotations

import re
from typing import Final

from django.db import models

from connectors.models.connection import Connection

BLANK: Final = re.compile(r"\{\{\s*(\w+)\s*\}\}")


class ChannelTemplate(models.Model):
    """A text that the provider has to approve, as last told. `category` is the provider's word (it decides what
    consent is needed), `seen_at` when it was last listed or told of."""

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="templates")
    name = models.CharField(max_length=200)
    language = models.CharField(max_length=20)
    remote_id = models.CharField(max_length=200, blank=True, default="")
    category = models.CharField(max_length=40, blank=True, default="")
    status = models.CharField(max_length=10)
    body = models.TextField(blank=True, default="")
    reason = models.CharField(max_length=300, blank=True, default="")
    seen_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["connection", "name", "language"], name="channel_template_unique"
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} ({self.language})"

    @property
    def blanks(self) -> list[str]:
        """The names of its blanks, each once, in their order; where all are numbers, by number."""
        found = list(dict.fromkeys(BLANK.findall(self.body)))
        return sorted(found, key=int) if all(name.isdigit() for name in found) else found
