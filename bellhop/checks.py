"""Are the settings those of a server that people work on? Run at the start of web and worker, and by `manage.py check`.

A missing or short secret key needs no check: the settings don't load with one (`bellhop.start.keys`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage

from bellhop import env

TAG = "bellhop"
LOOPBACK = {"localhost", "127.0.0.1", "::1"}

log = structlog.get_logger(__name__)


@checks.register(TAG)
def installation(**_: Any) -> list[CheckMessage]:
    """What is judged only where DATABASE_URL says that this is a real installation."""
    return [] if settings.BELLHOP_EMBEDDED else list(_judged())


def _judged() -> Iterable[CheckMessage]:
    if settings.DEBUG:
        yield checks.Error(
            "BELLHOP_DEBUG is on.", hint="Its pages show settings to anybody: unset it.", id="bellhop.E001"
        )
    address = urlsplit(settings.BELLHOP_PUBLIC_URL)
    if address.hostname in LOOPBACK:
        yield checks.Warning(
            f"BELLHOP_PUBLIC_URL is {settings.BELLHOP_PUBLIC_URL}: only this machine can follow its links.",
            hint="Set it to the address that people and webhooks use.",
            id="bellhop.W001",
        )
    elif address.scheme != "https":
        yield checks.Warning(
            f"BELLHOP_PUBLIC_URL is {settings.BELLHOP_PUBLIC_URL}, without https.",
            hint="Sign-ins and webhooks travel in the open: put a proxy with TLS in front.",
            id="bellhop.W002",
        )
    if not settings.BELLHOP_EMAIL_HOST:
        yield checks.Warning(
            "BELLHOP_EMAIL_URL is not set: nobody is alerted by e-mail, and admins hand out links themselves.",
            hint="Set it to smtp://user:password@host:587.",
            id="bellhop.W003",
        )
    if settings.BELLHOP_DEMO:
        yield checks.Warning(
            "BELLHOP_DEMO is on: its logins are public and its clock can be moved.",
            hint="Unset it where real guests are.",
            id="bellhop.W004",
        )


def at_start() -> None:
    """Log the warnings. Raises EnvironmentMistake, which ends the process, with the first mistake."""
    for message in checks.run_checks(tags=[TAG]):
        if message.level >= checks.ERROR:
            raise env.EnvironmentMistake(f"{message.msg} {message.hint} ({message.id})")
        log.warning("settings", id=message.id, says=str(message.msg), hint=str(message.hint))
