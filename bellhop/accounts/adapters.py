"""Sign-in by invitation only, in Bellhop's words, and second factors encrypted at rest."""

from __future__ import annotations

from typing import Any, ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from bellhop.accounts.models import User
from bellhop.accounts.web import remember_language
from bellhop.core import vault


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """People are added by an admin; nobody signs up."""

    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultAccountAdapter.error_messages,
        "account_inactive": _("This account is switched off."),
        "email_password_mismatch": _("E-mail and password do not match."),
        "enter_current_password": _("That is not the current password."),
        "incorrect_password": _("That is not the password."),
        "too_many_login_attempts": _("Too many tries. Wait five minutes, then try again."),
        "rate_limited": _("Too many tries. Wait a few minutes, then try again."),
    }

    def post_login(self, request: HttpRequest, user: User, **options: Any) -> HttpResponse:
        """A person's language is what their browser asked for the first time, until they choose another."""
        if not user.language:
            user.language = get_language() or settings.LANGUAGE_CODE
            user.save(update_fields=["language"])
        answer: HttpResponse = super().post_login(request, user, **options)
        remember_language(answer, user)
        return answer

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002
        return False


class MfaAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """The authenticator's shared secret is stored with the installation's key."""

    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _("That code does not fit. Wait for the next one."),
    }

    def encrypt(self, text: str) -> str:
        return vault.encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return vault.decrypt(encrypted_text.encode()).decode()
