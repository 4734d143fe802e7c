"""`python -m tests.hand DATABASE PORT NAME WHAT`: a worker of its own, to be killed by a test.

WHAT is `claim` (takes the next Command and stops there), `plan` (takes the next message of a sequence and stops before
its commit) or `drain` (carries out what is due).
"""

from __future__ import annotations

import os
import signal
import sys

import django


def main(database: str, port: str, name: str, what: str) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.harness.settings"
    from django.conf import settings

    settings.DATABASES["default"]["NAME"] = database
    settings.BELLHOP_ALLOWED_PRIVATE_HOSTS = [f"127.0.0.1:{port}"]
    settings.BELLHOP_WORKER_NAME = name
    django.setup()
    from connectors.outbound import claim, delivery

    if what == "plan":
        _plan()
    if what == "claim":
        claim.take()
        sys.stdout.write("claimed\n")
        sys.stdout.flush()
        signal.pause()
    delivery.drain()


def _plan() -> None:
    """Everything is done for one message but the commit."""
    from django.db import transaction

    from reservations.sequences import sending

    with transaction.atomic():
        assert sending.send_due()
        sys.stdout.write("planned\n")
        sys.stdout.flush()
        signal.pause()


if __name__ == "__main__":
    main(*sys.argv[1:])
