"""`python -m tests.connectors.hammer DATABASE CONNECTION SECONDS PORT`: one process calling as fast as it may."""

from __future__ import annotations

import os
import sys
import threading
import time

import django


def main(name: str, connection_id: str, seconds: str, port: str) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.harness.settings")
    from django.conf import settings

    settings.DATABASES["default"]["NAME"] = name
    settings.BELLHOP_ALLOWED_PRIVATE_HOSTS = [f"127.0.0.1:{port}"]
    django.setup()
    from connectors.contract.errors import RateLimited
    from connectors.models import Connection
    from connectors.outbound import caller

    connection = Connection.objects.get(pk=connection_id)
    end = time.monotonic() + float(seconds)
    pause = threading.Event()

    def hammer(bulk: bool) -> None:
        call = caller.caller_for(connection, bulk=bulk)
        while time.monotonic() < end:
            try:
                call.connector.ping(call)
            except RateLimited as error:
                pause.wait(min(error.after_s or 0, 0.5))

    threads = [threading.Thread(target=hammer, args=(bulk,)) for bulk in (False, True, False)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main(*sys.argv[1:])
