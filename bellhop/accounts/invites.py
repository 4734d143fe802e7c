"""Inviting people: a link by e-mail that lives for seven days, sent anew or taken back (ux U2)."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from bellhop.accounts.models import Invite, User
from bellhop.accounts.services import audit, require_manages
from bellhop.core import clock, mail

LIVES = timedelta(days=7)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@transaction.atomic
def send(admin: User, person: User, *, address: str = "") -> str:
    """Invite a person who has no password yet; an earlier link ends. The link goes by e-mail; where no mail server is
    configured it is returned, to be shown once. Raises PermissionDenied."""
    require_manages(admin, person)
    token, now = secrets.token_urlsafe(24), clock.now()
    link = f"{settings.BELLHOP_PUBLIC_URL}{reverse('accounts:invite', args=[token])}"
    mailed = _mail(admin, person, link) is not None
    values = {"digest": _digest(token), "mailed": mailed, "sent_at": now, "expires_at": now + LIVES}
    Invite.objects.update_or_create(user=person, defaults=values)
    audit(admin.organization_id, admin, "person.invited", f"user:{person.public_id}", address=address)
    return "" if mailed else link


def _mail(admin: User, person: User, link: str) -> object:
    with translation.override(person.language or admin.language or None):
        subject = _("%(organization)s invites you to Bellhop") % {"organization": admin.organization.name}
        body = _(
            "Hello %(name)s,\n\n%(admin)s has made you an account. Set your password here; the link works for seven"
            " days:\n\n%(link)s\n"
        )
        values = {"name": person.full_name, "admin": admin.full_name, "link": link}
        return mail.enqueue(person.email, subject, body % values, organization_id=admin.organization_id)


@transaction.atomic
def revoke(admin: User, person: User, *, address: str = "") -> None:
    """Take an invitation back: its link ends. Raises PermissionDenied."""
    require_manages(admin, person)
    deleted, _rows = Invite.objects.filter(user=person).delete()
    if deleted:
        audit(
            admin.organization_id, admin, "person.invite_revoked", f"user:{person.public_id}", address=address
        )


def accepted(token: str) -> User | None:
    """Whose link this is; None where it is unknown, too old, taken back, or used: a password has been set."""
    invite = Invite.objects.select_related("user").filter(digest=_digest(token)).first()
    if invite is None or invite.expires_at <= clock.now() or not invite.user.is_active:
        return None
    return None if invite.user.has_usable_password() else invite.user


def password_link(person: User) -> str:
    """A path that lets a person set a password once; it lives for an hour (PASSWORD_RESET_TIMEOUT)."""
    key = default_token_generator.make_token(person)
    return reverse(
        "account_reset_password_from_key", kwargs={"uidb36": user_pk_to_url_str(person), "key": key}
    )


@transaction.atomic
def send_password_link(admin: User, person: User, *, address: str = "") -> str:
    """A link to set a new password, by e-mail; where no mail server is configured it is returned, to be shown once."""
    require_manages(admin, person)
    link = f"{settings.BELLHOP_PUBLIC_URL}{password_link(person)}"
    audit(admin.organization_id, admin, "person.link", f"user:{person.public_id}", address=address)
    with translation.override(person.language or None):
        subject = _("Set your Bellhop password")
        body = _("%(admin)s sends you a link to set your Bellhop password. It works once:\n\n%(link)s\n")
        values = {"admin": admin.full_name, "link": link}
        sent = mail.enqueue(person.email, subject, body % values, organization_id=admin.organization_id)
    return "" if sent is not None else link


def waiting(people: list[User]) -> dict[int, Invite]:
    """Person → their invitation, of those who have not come in yet."""
    rows = Invite.objects.filter(user__in=[person for person in people if not person.has_usable_password()])
    return {invite.user_id: invite for invite in rows}
