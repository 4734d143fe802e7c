"""Sign-in by invitation only, and second factors encrypted at rest."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.http import HttpRequest

from bellhop.core import vault


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """People are added by an admin; nobody signs up."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002
        return False


class MfaAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """The authenticator's shared secret is stored with the installation's key."""

    def encrypt(self, text: str) -> str:
        return vault.encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return vault.decrypt(encrypted_text.encode()).decode()
