"""The other side's addresses on channels of our own, as they wrote from them."""

from __future__ import annotations

from django.db import models

from reservations.models.guest import ContactKind


class ChannelAddress(models.Model):
    """One address that a channel's connection knows: a number, a mailbox, a visitor. `last_inbound_at` is when a
    person last wrote from it (what a channel's reply window counts from), `ours` the address of ours that they wrote
    to."""

    organization = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="+")
    connection = models.ForeignKey("connectors.Connection", models.PROTECT, related_name="+")
    channel = models.CharField(max_length=10)
    kind = models.CharField(max_length=15, choices=[*ContactKind.choices, ("visitor", "Visitor")])
    address = models.CharField(max_length=254)
    name = models.CharField(max_length=120, blank=True, default="")
    ours = models.CharField(max_length=254, blank=True, default="")
    last_inbound_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "channel addresses"
        constraints = (
            models.UniqueConstraint(
                fields=["connection", "channel", "address"], name="channel_address_unique"
            ),
        )
        indexes = (models.Index(fields=["organization", "address"], name="channel_address_value"),)

    def __str__(self) -> str:
        return f"{self.channel} address {self.pk}"
