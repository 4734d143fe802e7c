"""`manage.py connections add|list|pause|resume|rotate-secret|export`: connections from the terminal."""

from __future__ import annotations

import json
import os
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from bellhop.accounts.models import Organization
from bellhop.core import clock
from connectors import ports
from connectors.contract.errors import ConnectorError
from connectors.contract.registry import available, connector_class
from connectors.inbound import subscriptions
from connectors.models import Connection, Stage, SyncRun
from connectors.outbound import addresses, outbox
from connectors.trust import connecting


class Command(BaseCommand):
    help = "Add, list, pause and resume connections; export what they mirror."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        add = actions.add_parser("add", help="connect a PMS and import what it has")
        add.add_argument("slug", help=f"one of: {', '.join(sorted(available()))}")
        add.add_argument("--name", help="how it is called on screen (default: the PMS's name)")
        add.add_argument("--organization", help="slug (default: the first one)")
        add.add_argument("--base-url", default="", help="another address than the vendor's own")
        add.add_argument("--stage", choices=["sandbox", "live"], default="live")
        add.add_argument("--timezone", default="UTC", help="IANA zone for payloads that name none")
        add.add_argument("--credentials", help="JSON file; else BELLHOP_<SLUG>_<FIELD> or <SLUG>_<FIELD>")
        add.add_argument(
            "--limit-scale", type=float, default=1.0, help="factor on the published rates (sandbox only)"
        )
        add.add_argument("--wait", action="store_true", help="stay and show the import's progress")
        actions.add_parser("list", help="every connection with its state")
        for name in ("pause", "resume", "rotate-secret", "export"):
            action = actions.add_parser(name)
            action.add_argument("connection", help="public id or name")
            if name == "pause":
                action.add_argument("--reason", default="Paused from the terminal.")

    def handle(self, *_args: Any, **options: Any) -> None:
        getattr(self, f"_{options['action'].replace('-', '_')}")(options)

    def _add(self, options: dict[str, Any]) -> None:
        if options["limit_scale"] != 1.0 and options["stage"] != "sandbox":
            raise CommandError(
                "--limit-scale is for sandbox connections: a real provider's limits are what they are."
            )
        slug = options["slug"]
        if slug not in available():
            raise CommandError(f"No connector {slug!r}. There are: {', '.join(sorted(available()))}.")
        new = connecting.NewConnection(
            slug=slug,
            name=options["name"] or connector_class(slug).label,
            credentials=_credentials(slug, options["credentials"]),
            base_url=options["base_url"],
            stage=Stage(options["stage"]),
            timezone=options["timezone"],
            limit_scale=options["limit_scale"],
        )
        try:
            connection = connecting.connect(_organization(options["organization"]), new)
        except connecting.CannotConnect as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"Connected {connection.name} ({connection.public_id}) of {connection.organization.name}, "
            f"stage {connection.stage}."
        )
        self.stdout.write(f"Webhook URL: {addresses.hook_url(connection)}")
        self.stdout.write(
            "Bellhop subscribes itself where the PMS allows it; else register this address there."
        )
        if options["wait"]:
            self._show_import(connection)

    def _show_import(self, connection: Connection) -> None:
        shown = ""
        while True:
            runs = list(SyncRun.objects.filter(connection=connection, purpose="backfill").order_by("id"))
            text = "  ".join(_progress(run) for run in runs)
            if text != shown:
                self.stdout.write(text)
                shown = text
            if all(run.finished_at for run in runs):
                return
            time.sleep(0.5)

    def _list(self, _options: dict[str, Any]) -> None:
        rows = list(
            Connection.objects.select_related("health", "organization").order_by("organization", "name")
        )
        if not rows:
            self.stdout.write("No connection yet: manage.py connections add guesty")
        waiting = outbox.open_commands(row.pk for row in rows)
        for row in rows:
            count, oldest = waiting.get(row.pk, (0, None))
            age = f", oldest {(clock.now() - oldest).total_seconds():.0f} s" if oldest else ""
            self.stdout.write(
                f"{row.public_id}  {row.organization.slug}  {row.name}  {row.slug}  {row.stage}  {_state(row)}"
                f"  {count} waiting{age}"
            )

    def _pause(self, options: dict[str, Any]) -> None:
        connection = find(options["connection"])
        connecting.pause(connection, options["reason"])
        self.stdout.write(f"{connection.name} is paused.")

    def _resume(self, options: dict[str, Any]) -> None:
        connection = find(options["connection"])
        connecting.resume(connection)
        self.stdout.write(f"{connection.name} goes on.")

    def _rotate_secret(self, options: dict[str, Any]) -> None:
        connection = find(options["connection"])
        try:
            changed = subscriptions.rotate(connection)
        except ConnectorError as error:
            raise CommandError(
                f"{connection.name}: {error.user_message} Both secrets are accepted."
            ) from error
        said = "has a new webhook secret; the old one is accepted for a day" if changed else "makes its own"
        self.stdout.write(f"{connection.name} {said}.")

    def _export(self, options: dict[str, Any]) -> None:
        connection = find(options["connection"])
        for message in ports.mirrored_messages.get()(connection.pk):
            line = {
                "conversation": message.conversation,
                "external_id": message.external_id or None,
                "body": message.body,
                "direction": message.direction,
                "sent_at": message.sent_at.isoformat().replace("+00:00", "Z"),
            }
            self.stdout.write(json.dumps(line, ensure_ascii=False))


def find(text: str) -> Connection:
    """A connection by public id, else by name. Raises CommandError with what there is."""
    rows = list(Connection.objects.filter(public_id=text)) or list(Connection.objects.filter(name=text))
    if len(rows) == 1:
        return rows[0]
    names = (
        ", ".join(f"{row.public_id} ({row.name})" for row in Connection.objects.order_by("name"))
        or "none yet"
    )
    raise CommandError(f"{'Several' if rows else 'No'} connections called {text!r}. There are: {names}.")


def _organization(slug: str | None) -> Organization:
    """The one that is named, else the first that was made. Raises CommandError with those there are."""
    rows = Organization.objects.filter(slug=slug) if slug else Organization.objects.all()
    found = rows.order_by("id").first()
    if found is None:
        known = ", ".join(Organization.objects.order_by("slug").values_list("slug", flat=True))
        hint = f"There are: {known}." if known else "Make one: manage.py organizations add NAME."
        raise CommandError(f"No organization {slug!r}. {hint}" if slug else f"No organization yet. {hint}")
    return found


def _credentials(slug: str, file: str | None) -> dict[str, str]:
    if file:
        try:
            loaded = json.loads(Path(file).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise CommandError(f"{file} can't be read as JSON: {error}") from error
        if not isinstance(loaded, dict):
            raise CommandError(f"{file} must hold an object of names and values.")
        return {str(name): str(value) for name, value in loaded.items()}
    names = [field.name for field in connector_class(slug).credential_fields]
    variables = {name: f"{slug}_{name}".upper() for name in names}
    return {
        name: os.environ.get(f"BELLHOP_{variable}") or os.environ.get(variable, "")
        for name, variable in variables.items()
    }


def _state(row: Connection) -> str:
    if row.paused_at:
        return "paused"
    if row.health.credentials_refused_at:
        return "credentials refused"
    return f"down since {row.health.down_since:%H:%M}" if row.health.down_since else "up"


def _progress(run: SyncRun) -> str:
    total = f"/{run.total}" if run.total is not None else ""
    problem = f" ({run.error})" if run.error else ""
    return f"{run.entity} {run.done}{total}{' done' if run.finished_at else ''}{problem}"
