"""`manage.py organizations add|list`: the first organization of an installation, with its admin."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from getpass import getpass
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.text import slugify

from bellhop.accounts.models import Organization, User
from bellhop.accounts.services import create_organization

PASSWORD = "BELLHOP_ADMIN_PASSWORD"  # noqa: S105 (the name of the variable)


class Command(BaseCommand):
    help = "Add an organization with its first admin, or list those there are."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("list")
        add = actions.add_parser("add", help=f"the password is read from {PASSWORD}, else asked for")
        add.add_argument("name")
        add.add_argument("--admin", required=True, help="e-mail address of its first admin")
        add.add_argument("--admin-name", required=True, help="full name of its first admin")

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["action"] == "list":
            for row in Organization.objects.order_by("name"):
                self.stdout.write(f"{row.slug}  {row.name}")
            return
        password = os.environ.get(PASSWORD) or getpass("Password of the admin: ")
        try:
            validate_email(options["admin"])
            validate_password(password)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        organization = _add(options["name"], options["admin"], options["admin_name"], password)
        self.stdout.write(f"{organization.name} ({organization.slug}); {options['admin']} may sign in.")


@transaction.atomic
def _add(name: str, email: str, full_name: str, password: str) -> Organization:
    slug = slugify(name)
    if not slug or Organization.objects.filter(slug=slug).exists():
        raise CommandError(
            f"There is an organization {slug!r} already." if slug else "The name has no letters."
        )
    if User.objects.filter(email__iexact=email).exists():
        raise CommandError(f"{email} has an account already.")
    organization = create_organization(name, slug)
    admin = organization.roles.get(name="Admin")
    User.objects.create_user(email, password, full_name=full_name, organization=organization, role=admin)
    return organization
