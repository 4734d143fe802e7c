"""One conversation with one party, and what each person has to do with it."""

from __future__ import annotations

import builtins
from datetime import date
from typing import TYPE_CHECKING, Any

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from bellhop.core.fields import PublicIdField
from bellhop.core.search import Findable

if TYPE_CHECKING:
    from reservations.models import Reservation


FAR = date(9999, 1, 1)


class ThreadStatus(models.TextChoices):
    OPEN = "open", _("Open")
    SNOOZED = "snoozed", _("Snoozed")
    CLOSED = "closed", _("Closed")


class Tag(models.Model):
    """A label of the organization."""

    public_id = PublicIdField()
    organization = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="tags")
    name = models.CharField(max_length=40)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["organization", "name"], name="tag_name_unique"),)

    def __str__(self) -> str:
        return self.name


class Thread(Findable):
    """One conversation. A remote conversation belongs to exactly one Thread (unique per connection).

    `waiting_since` is the oldest guest message that no person has answered, here or in the PMS (ux L6). `version` grows
    with every change, so that a rendered row can be cached by it. Guest messages up to `no_answer_until` need none.
    `stay` is the current one of `stays`; `arrives_on` is its arrival, so that an index can sort by it.
    A merged one lies empty and leads to `merged_into`; what comes in on a blocked one opens nothing.
    `channel` is the one last used by the guest, `channel_raw` and `pms_channel` the one by which the PMS reaches them.
    From `emergency_at` on it is flagged because of what `emergency_message_id` tells of (`emergency`), until a person
    ended that at `emergency_over_at`.
    `conversation_told` is the digest of what the PMS last said about the conversation, once nothing of it is open: the
    same again needs no work.
    """

    found_by = "party_name"

    public_id = PublicIdField()
    organization = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="threads")
    connection = models.ForeignKey("connectors.Connection", models.PROTECT, related_name="+", null=True)
    conversation_id = models.CharField(max_length=200, blank=True, default="")
    property = models.ForeignKey("reservations.Property", models.PROTECT, related_name="+", null=True)
    guest = models.ForeignKey("reservations.Guest", models.PROTECT, related_name="threads", null=True)
    stay = models.ForeignKey("reservations.Reservation", models.PROTECT, related_name="+", null=True)
    arrives_on = models.DateField(default=FAR)
    stays = models.ManyToManyField("reservations.Reservation", related_name="threads")
    party_name = models.CharField(max_length=200, blank=True, default="")
    channel = models.CharField(max_length=20, blank=True, default="")
    channel_raw = models.CharField(max_length=60, blank=True, default="")
    pms_channel = models.CharField(max_length=20, blank=True, default="", db_default="")
    conversation_told = models.CharField(max_length=32, blank=True, default="")
    language = models.CharField(max_length=20, blank=True, default="")

    merged_into = models.ForeignKey("self", models.SET_NULL, related_name="merged", null=True)
    blocked_at = models.DateTimeField(null=True)
    status = models.CharField(max_length=8, choices=ThreadStatus, default=ThreadStatus.OPEN)
    snoozed_until = models.DateTimeField(null=True)
    woken_at = models.DateTimeField(null=True)
    snoozed_before = models.DateTimeField(null=True)
    assignee = models.ForeignKey("accounts.User", models.SET_NULL, related_name="+", null=True)
    team = models.ForeignKey("accounts.Team", models.SET_NULL, related_name="+", null=True)
    tags = models.ManyToManyField(Tag, related_name="threads")

    emergency_at = models.DateTimeField(null=True)
    emergency = models.CharField(max_length=12, blank=True, default="", db_default="")
    emergency_message_id = models.BigIntegerField(null=True)
    emergency_over_at = models.DateTimeField(null=True)

    waiting_since = models.DateTimeField(null=True)
    no_answer_until = models.DateTimeField(null=True)
    last_activity_at = models.DateTimeField()
    last_message_id = models.BigIntegerField(null=True)
    last_inbound_id = models.BigIntegerField(null=True)
    preview = models.CharField(max_length=200, blank=True, default="")
    preview_author = models.CharField(max_length=80, blank=True, default="")
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["connection", "conversation_id"],
                condition=~models.Q(conversation_id=""),
                name="thread_conversation_unique",
            ),
        )
        indexes = (
            models.Index(
                fields=["organization", "waiting_since", "id"],
                name="thread_waiting",
                condition=models.Q(status="open", waiting_since__isnull=False),
            ),
            models.Index(fields=["organization", "-last_activity_at", "-id"], name="thread_recent"),
            models.Index(
                fields=["organization", "status", "-last_activity_at", "-id"], name="thread_by_status"
            ),
            models.Index(fields=["organization", "arrives_on", "id"], name="thread_by_arrival"),
            models.Index(
                fields=["assignee", "-last_activity_at", "-id"],
                name="thread_mine",
                condition=~models.Q(status="closed"),
            ),
            models.Index(
                fields=["organization", "-last_activity_at", "-id"],
                name="thread_unassigned",
                condition=models.Q(assignee__isnull=True) & ~models.Q(status="closed"),
            ),
            models.Index(
                fields=["snoozed_until"], name="thread_snoozed", condition=models.Q(status="snoozed")
            ),
            models.Index(fields=["guest"], name="thread_by_guest"),
            models.Index(
                fields=["team", "-last_activity_at", "-id"],
                name="thread_of_team",
                condition=models.Q(team__isnull=False) & ~models.Q(status="closed"),
            ),
            GinIndex(fields=["search"], name="thread_search"),
            models.Index(fields=["stay"], name="thread_by_stay"),
        )

    def __str__(self) -> str:
        return self.party_name or self.public_id

    def choose_stay(self, stay: Reservation | None) -> None:
        """Make `stay` the current one, in memory."""
        self.stay = stay
        self.arrives_on = (stay.arrival_date if stay else None) or FAR

    @builtins.property
    def order_key(self) -> str:
        """The order key of Commands: one line per thread and connection (invariant 5)."""
        return f"thread:{self.pk}"


class ThreadRead(models.Model):
    """How far one person has read a thread; unread is per person (ux L10)."""

    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="+")
    thread = models.ForeignKey(Thread, models.CASCADE, related_name="reads")
    last_read_id = models.BigIntegerField(default=0)
    marked_unread = models.BooleanField(default=False)
    at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["user", "thread"], name="thread_read_unique"),)

    def __str__(self) -> str:
        return f"{self.user_id} read {self.thread_id} to {self.last_read_id}"


class ThreadEvent(models.Model):
    """A one-line entry of a thread: assigned, closed, dates changed, linked… Words are made on screen from `data`."""

    thread = models.ForeignKey(Thread, models.CASCADE, related_name="events")
    kind = models.CharField(max_length=30)
    actor = models.ForeignKey("accounts.User", models.SET_NULL, related_name="+", null=True)
    data: Any = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=["thread", "-at", "-id"], name="thread_event_by_time"),)

    def __str__(self) -> str:
        return f"{self.kind} in {self.thread_id}"


class Draft(models.Model):
    """What a person has typed and not sent: one per person, thread and mode, on any device (ux C2).

    `seen_message_id` is the last message that was on screen when it began (stale-reply guard).
    """

    class Mode(models.TextChoices):
        REPLY = "reply", _("Reply")
        NOTE = "note", _("Note")

    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="+")
    thread = models.ForeignKey(Thread, models.CASCADE, related_name="drafts")
    mode = models.CharField(max_length=5, choices=Mode)
    body = models.TextField()
    seen_message_id = models.BigIntegerField(default=0)
    device = models.CharField(max_length=40, blank=True, default="")
    revision = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["user", "thread", "mode"], name="draft_unique"),)

    def __str__(self) -> str:
        return f"{self.mode} of {self.user_id} in {self.thread_id}"


class SavedView(models.Model):
    """A named filter of a person, or shared with the organization."""

    public_id = PublicIdField()
    organization = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="saved_views")
    owner = models.ForeignKey("accounts.User", models.CASCADE, related_name="saved_views")
    name = models.CharField(max_length=60)
    shared = models.BooleanField(default=False)
    query = models.CharField(max_length=1000)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["owner", "name"], name="saved_view_name_unique"),)

    def __str__(self) -> str:
        return self.name
