"""`manage.py verify CONNECTION --reservation ID`: can we write back, does it stand there, what if a sync fails?"""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from connectors.contract.errors import ConnectorError
from connectors.management.commands.connections import find
from connectors.models import Rehearsal
from connectors.trust import rehearsals
from connectors.trust.verify import NotATest


class Command(BaseCommand):
    help = "Rehearse on a test reservation: write what the PMS takes, read it back, lose an answer, repeat webhooks."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("connection", help="public id or name")
        parser.add_argument(
            "--reservation", required=True, help="remote id or confirmation code of a test reservation"
        )
        parser.add_argument("--json", action="store_true", help="print the report as JSON at the end")

    def handle(self, *_args: Any, **options: Any) -> None:
        connection = find(options["connection"])
        passed = True
        try:
            for step in rehearsals.run_here(connection, options["reservation"]):
                passed = passed and step.passed
                if not options["json"]:
                    self.stdout.write(f"{'ok  ' if step.passed else 'FAIL'}  {step.name}: {step.evidence}")
        except (NotATest, ConnectorError) as error:
            raise CommandError(str(error)) from error
        row = Rehearsal.objects.filter(connection=connection).order_by("-id")[0]
        self._report(row, as_json=options["json"])
        if not passed:
            raise CommandError("The write-back test did not pass.")

    def _report(self, row: Rehearsal, *, as_json: bool) -> None:
        report = rehearsals.as_json(row)
        if as_json:
            self.stdout.write(json.dumps(report, indent=2, ensure_ascii=False))
            return
        for call in row.calls:
            statuses = ", ".join(map(str, call["statuses"]))
            self.stdout.write(f"      {call['method']} {call['path']}: {call['count']} x {statuses}")
        for left in report["left"]:  # type: ignore[attr-defined]
            self.stdout.write(f"left  {left}")
