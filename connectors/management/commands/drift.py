"""`manage.py drift CONNECTION`: compare with the PMS now, and print what differs."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from connectors.management.commands.connections import find
from connectors.models import Drift, DriftRun
from connectors.trust import drift_runs


class Command(BaseCommand):
    help = "Compare live stays, conversations and units with the PMS. What differs is kept and printed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("connection", help="public id or name")

    def handle(self, *_args: Any, **options: Any) -> None:
        connection = find(options["connection"])
        drift_runs.start(connection)
        drift_runs.run_due()
        run = DriftRun.objects.filter(connection=connection).order_by("-id").first()
        if run is None or run.finished_at is None:
            reason = run.error if run else "its first import isn't done"
            raise CommandError(f"Not compared to the end: {reason or 'the limit or the PMS makes it wait'}.")
        found = Drift.objects.filter(connection=connection, state=Drift.State.OPEN).order_by(
            "arrival_date", "pk"
        )
        for row in found:
            self.stdout.write(f"{row.label}  {row.entity}.{row.field}  {row.cause}  owner {row.owner}")
        self.stdout.write(
            f"Compared {run.fields} fields of {run.records} stays and {run.places} units and properties, and "
            f"{run.messages} messages; {len(found)} differ."
        )
