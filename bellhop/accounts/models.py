"""Organizations, people, roles, teams, the audit log."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, UserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.functional import cached_property

from bellhop.accounts.permissions import Permission
from bellhop.core.fields import PublicIdField


class Organization(models.Model):
    """The management company. Every row belongs to one, every query is scoped by it (invariant 10).

    `show_read_marks`: guests see that a person has read what they wrote, on channels that can show it.
    """

    public_id = PublicIdField()
    name = models.CharField(max_length=120)
    slug = models.SlugField(unique=True)
    reply_target_min = models.PositiveIntegerField(default=45)
    reply_in_others_threads = models.BooleanField(default=True)
    show_read_marks = models.BooleanField(default=True, db_default=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Role(models.Model):
    """A named set of permissions, per organization; the built-in ones are made with it."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="roles")
    name = models.CharField(max_length=60)
    permissions = ArrayField(models.CharField(max_length=40, choices=Permission), default=list)
    built_in = models.BooleanField(default=False)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["organization", "name"], name="role_name_unique"),)

    def __str__(self) -> str:
        return self.name


class Team(models.Model):
    """People who share a queue ("Front desk")."""

    public_id = PublicIdField()
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="teams")
    name = models.CharField(max_length=60)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["organization", "name"], name="team_name_unique"),)

    def __str__(self) -> str:
        return self.name


class People(UserManager["User"]):
    """Users sign in by e-mail address; the unused user name is filled from it."""

    def create_user(  # type: ignore[override]
        self, email: str, password: str | None = None, **fields: Any
    ) -> User:
        email = self.normalize_email(email).lower()
        user = self.model(email=email, username=email, **fields)
        user.set_password(password)
        user.save()
        return user


class User(AbstractUser):
    """A person of one organization. `all_properties` false limits them to their property scope (reservations).

    `keymap`: action → single letter, where it differs from the usual one. Until `muted_until` nothing pops up for them.
    """

    public_id = PublicIdField()
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="users")
    role = models.ForeignKey(Role, models.PROTECT, related_name="users")
    email = models.EmailField(unique=True)
    full_name = models.CharField(max_length=120)
    all_properties = models.BooleanField(default=True)
    teams = models.ManyToManyField(Team, related_name="members", blank=True)
    language = models.CharField(max_length=10, blank=True, default="")
    theme = models.CharField(max_length=5, blank=True, default="")
    density = models.CharField(max_length=7, blank=True, default="")
    undo_send_s = models.PositiveSmallIntegerField(default=5)
    enter_sends = models.BooleanField(default=False)
    single_keys = models.BooleanField(default=True)
    keymap: Any = models.JSONField(default=dict, blank=True)
    muted_until = models.DateTimeField(null=True)
    browser_notices = models.BooleanField(default=False)
    notices_show_text = models.BooleanField(default=False)

    objects: ClassVar[People] = People()
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["full_name"]

    def __str__(self) -> str:
        return self.full_name

    def get_full_name(self) -> str:
        return self.full_name

    @property
    def initials(self) -> str:
        words = self.full_name.split() or [self.email]
        return (words[0][:1] + (words[-1][:1] if len(words) > 1 else "")).upper()

    @cached_property
    def granted(self) -> frozenset[str]:
        """The named permissions of this person's role; one query per request at most."""
        return frozenset(self.role.permissions) if self.is_active else frozenset()

    def may(self, permission: Permission) -> bool:
        return permission.value in self.granted


class Invite(models.Model):
    """A person's first way in: a link that lives for seven days. Only its digest is kept; a password ends it."""

    user = models.OneToOneField(User, models.CASCADE, related_name="invite")
    digest = models.CharField(max_length=64, unique=True)
    mailed = models.BooleanField(default=False)
    sent_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"invite of {self.user_id}"


class AuditEntry(models.Model):
    """Who did what, before → after, when, from where. Only ever inserted."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="audit_entries")
    user = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    action = models.CharField(max_length=60)
    subject = models.CharField(max_length=120, blank=True, default="")
    before: Any = models.JSONField(null=True)
    after: Any = models.JSONField(null=True)
    address = models.CharField(max_length=64, blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=["organization", "-id"], name="audit_by_organization"),)

    def __str__(self) -> str:
        return f"{self.action} {self.subject}"
