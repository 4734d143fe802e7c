"""`manage.py seed_demo`: the demo's people, and their connection to the sandbox PMS."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from connectors.trust.connecting import CannotConnect
from inbox.services import demo, demo_connections

TRY_EVERY_S = 0.25


class Command(BaseCommand):
    help = "Make the demo organizations and people, and connect the sandbox PMS. Safe to repeat."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--wait", type=float, default=15.0, help="seconds to wait for the sandbox PMS")
        parser.add_argument("--people-only", action="store_true", help="don't connect the sandbox PMS")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            organization = demo.seed_people()
        except demo.NoDemoHere as error:
            raise CommandError(str(error)) from error
        if options["people_only"]:
            return
        until = time.monotonic() + options["wait"]
        while True:
            try:
                demo_connections.connect_sandbox(organization)
            except CannotConnect as error:
                if time.monotonic() > until:
                    raise CommandError(f"The sandbox PMS could not be connected: {error}") from error
                time.sleep(TRY_EVERY_S)
            else:
                return
