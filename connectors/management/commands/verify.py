"""`manage.py verify CONNECTION --reservation ID`: can we write back, and does it stand there?"""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from connectors.contract.errors import ConnectorError
from connectors.management.commands.connections import find
from connectors.trust.verify import NotATest, verify


class Command(BaseCommand):
    help = "Write a message, a note and a custom field to a test reservation, and read each back."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("connection", help="public id or name")
        parser.add_argument(
            "--reservation", required=True, help="remote id or confirmation code of a test reservation"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        passed = True
        try:
            for step in verify(find(options["connection"]), options["reservation"]):
                passed = passed and step.passed
                self.stdout.write(f"{'ok  ' if step.passed else 'FAIL'}  {step.name}: {step.evidence}")
        except (NotATest, ConnectorError) as error:
            raise CommandError(str(error)) from error
        if not passed:
            raise CommandError("The write-back test did not pass.")
