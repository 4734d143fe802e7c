"""The door of every view: signed in, and with the permission that the page needs."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from bellhop.accounts import keys
from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.services import require
from bellhop.core import mail

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def page(permission: Permission) -> Callable[[View[P]], View[P]]:
    """A view for people whose role names `permission`: anonymous ones sign in first, others get 403."""

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def checked(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            require(user_of(request), permission)
            return view(request, *args, **kwargs)

        with_login = login_required(checked)

        @wraps(view)
        def door(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            # A part of a page must not be replaced by the sign-in page: the browser says it in place.
            if request.headers.get("HX-Request") and not request.user.is_authenticated:
                return HttpResponse(status=401)
            return with_login(request, *args, **kwargs)

        return cast("View[P]", door)

    return decorate


def user_of(request: HttpRequest) -> User:
    """The signed-in person."""
    return cast("User", request.user)


def address_of(request: HttpRequest) -> str:
    """Where a request came from, for the audit log."""
    return str(request.META.get("REMOTE_ADDR") or "")[:64]


def remember_language(answer: HttpResponse, user: User) -> None:
    """Pages follow the cookie, which this sets to the person's language."""
    answer.set_cookie(
        settings.LANGUAGE_COOKIE_NAME, user.language, max_age=settings.SESSION_COOKIE_AGE,
        secure=settings.LANGUAGE_COOKIE_SECURE, samesite="Lax",
    )  # fmt: skip


def context(request: HttpRequest) -> dict[str, Any]:
    """Template context: what the person may do, as `may.threads_reply`, their keys, whether this is a demo."""
    user = request.user
    granted = user.granted if user.is_authenticated else frozenset()
    own = keys.of(user) if user.is_authenticated else {}
    return {
        "keys": own,
        "keys_json": json.dumps(own),
        "key_lines": [(action, key, keys.ACTIONS[action][1]) for action, key in own.items() if key],
        "may": {permission.value.replace(".", "_"): permission.value in granted for permission in Permission},
        "mail_configured": mail.is_configured(),
        "demo": settings.BELLHOP_DEMO,
    }
