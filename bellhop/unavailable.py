"""A request that can't be served because the database is away gets 503, not 500: the browser may ask again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import gettext as _
from psycopg_pool import PoolTimeout

RETRY_AFTER_S = "5"


class DatabaseUnavailable(MiddlewareMixin):
    """Innermost middleware, so that it sees what a view raised."""

    get_response: Callable[[HttpRequest], HttpResponse] | Callable[[HttpRequest], Awaitable[HttpResponse]]

    def process_exception(self, _request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, OperationalError | InterfaceError | PoolTimeout):
            return None
        text = _("Bellhop's database doesn't answer. Try again in a moment.")
        return HttpResponse(
            text, status=503, content_type="text/plain", headers={"Retry-After": RETRY_AFTER_S}
        )
