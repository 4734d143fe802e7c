#!/usr/bin/env python
"""Django's entry point."""

import os
import sys

from django.conf import settings
from django.core.management import execute_from_command_line
from django.db import OperationalError

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bellhop.settings")
    import bellhop.celery  # noqa: F401 (what a command wakes goes through this app)

    try:
        execute_from_command_line(sys.argv)
    except OperationalError:
        if settings.BELLHOP_EMBEDDED and "--traceback" not in sys.argv:
            sys.exit("The bundled database isn't running: start it with `make run`, or set DATABASE_URL.")
        raise
