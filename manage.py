#!/usr/bin/env python
"""Django's entry point."""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bellhop.settings")
    import bellhop.celery  # noqa: F401 (what a command wakes goes through this app)

    execute_from_command_line(sys.argv)
