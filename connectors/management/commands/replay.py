"""`manage.py replay`: process journal entries once more."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from connectors.inbound import journal
from connectors.management.commands.connections import find
from connectors.models import DeliveryState, WebhookDelivery


class Command(BaseCommand):
    help = "Replay webhooks from the journal: by number, or everything that is quarantined."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("deliveries", nargs="*", type=int, help="numbers of journal entries")
        parser.add_argument(
            "--quarantined", metavar="CONNECTION", help="all quarantined entries of a connection"
        )
        parser.add_argument("--dry-run", action="store_true", help="only list what would be replayed")

    def handle(self, *_args: Any, **options: Any) -> None:
        rows = WebhookDelivery.objects.select_related("connection").order_by("id")
        if options["quarantined"]:
            rows = rows.filter(connection=find(options["quarantined"]), state=DeliveryState.QUARANTINED)
        elif options["deliveries"]:
            rows = rows.filter(pk__in=options["deliveries"])
        else:
            raise CommandError("Name journal entries, or --quarantined CONNECTION.")
        missing = set(options["deliveries"]) - {row.pk for row in rows}
        if missing:
            raise CommandError(f"No journal entry {', '.join(map(str, sorted(missing)))}.")
        for row in rows:
            if options["dry_run"]:
                self.stdout.write(f"{row.pk}  {row.received_at:%Y-%m-%d %H:%M:%S}  {row.state}  {row.error}")
            else:
                self.stdout.write(f"{row.pk} again as {journal.replay(row).pk}")
