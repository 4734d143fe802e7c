"""Threads over channels of our own: which addresses they run over, what an e-mail has beside its text, and merges."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models

from bellhop.core.fields import PublicIdField
from inbox.models.message import Message
from inbox.models.thread import Thread


class ThreadAddress(models.Model):
    """An address that a thread runs over. `linked`: a person said that it belongs here, so dates no longer decide.
    `verified` is false where somebody wrote into the thread from an address that is not known for its guest."""

    thread = models.ForeignKey(Thread, models.CASCADE, related_name="addresses")
    address = models.ForeignKey("reservations.ChannelAddress", models.CASCADE, related_name="+")
    linked = models.BooleanField(default=False)
    verified = models.BooleanField(default=True)
    since = models.DateTimeField()

    class Meta:
        verbose_name_plural = "thread addresses"
        constraints = (models.UniqueConstraint(fields=["thread", "address"], name="thread_address_unique"),)

    def __str__(self) -> str:
        return f"{self.address_id} in {self.thread_id}"


class MessageMail(models.Model):
    """What an e-mail has beside its text. `rfc_id` is its Message-ID with brackets (ours as we gave it), `provider_id`
    another id under which answers may name it; `references` are the ids before it, oldest first. `html` is as it came:
    sanitised when shown."""

    message = models.OneToOneField(Message, models.CASCADE, primary_key=True, related_name="mail")
    organization = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="+")
    rfc_id = models.CharField(max_length=250)
    provider_id = models.CharField(max_length=250, blank=True, default="")
    references: Any = ArrayField(models.CharField(max_length=250), default=list)
    subject = models.CharField(max_length=250, blank=True, default="")
    html = models.TextField(blank=True, default="")
    quoted = models.TextField(blank=True, default="")
    signature = models.TextField(blank=True, default="")

    class Meta:
        indexes = (
            models.Index(fields=["organization", "rfc_id"], name="mail_by_rfc_id"),
            models.Index(
                fields=["organization", "provider_id"],
                name="mail_by_provider_id",
                condition=~models.Q(provider_id=""),
            ),
        )

    def __str__(self) -> str:
        return self.subject or self.rfc_id


class ThreadMerge(models.Model):
    """A merge or split that a person may take back for 30 days: what was moved from one thread into another. `moved`
    holds the ids of messages, notes, events, addresses and stays."""

    public_id = PublicIdField()
    organization = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="+")
    source = models.ForeignKey(Thread, models.CASCADE, related_name="merges_out")
    target = models.ForeignKey(Thread, models.CASCADE, related_name="merges_in")
    kind = models.CharField(max_length=6, choices=[("merge", "Merge"), ("split", "Split")])
    moved: Any = models.JSONField(default=dict)
    actor = models.ForeignKey("accounts.User", models.SET_NULL, related_name="+", null=True)
    at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (models.Index(fields=["target", "-at"], name="merge_by_target"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.source_id} → {self.target_id}"
