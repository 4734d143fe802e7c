"""What each forked process does. Imports of web server and worker happen in the child, Django's before the fork."""

from __future__ import annotations

import os
import time

import structlog

WORKER_THREADS = 16

log = structlog.get_logger(__name__)


def name_process(name: str) -> str:
    """Give this process its unique name: leases, signs of life and database sessions carry it."""
    from django.conf import settings

    unique = f"{name}-{os.getpid()}-{int(time.time())}"
    settings.BELLHOP_WORKER_NAME = unique
    settings.DATABASES["default"]["OPTIONS"]["application_name"] = unique
    return unique


def web() -> None:
    """Daphne on 127.0.0.1:BELLHOP_PORT."""
    from daphne.cli import CommandLineInterface
    from django.conf import settings

    name_process("web")
    arguments = ["-v", "0", "-b", "127.0.0.1", "-p", str(settings.BELLHOP_PORT), "--no-server-name"]
    CommandLineInterface().run([*arguments, "--application-close-timeout", "5", "bellhop.asgi:application"])


def worker(name: str, predecessor: str) -> None:
    """A Celery worker; what its dead predecessor had claimed is freed first, so that nothing waits for a lease."""
    from django.conf import settings
    from django.db import DatabaseError, connection

    from bellhop.celery import QUEUES, app
    from bellhop.core.wake import AT_ONCE
    from connectors.outbound import leases

    settings.BELLHOP_WORKER_NAME = name
    options = settings.DATABASES["default"]["OPTIONS"]
    options["application_name"] = name
    # A thread keeps its connection for the length of a task; heartbeat and leases need one each.
    threads = WORKER_THREADS + sum(AT_ONCE.values())
    options["pool"]["max_size"] = max(options["pool"]["max_size"], threads + 4)
    if predecessor:
        try:
            leases.release(predecessor)
        except DatabaseError as error:  # they end by themselves after ten seconds
            log.warning("leases_not_released", error=type(error).__name__)
        finally:
            connection.close()
    pool = ["-P", "threads", "-c", str(WORKER_THREADS), "-Q", ",".join(QUEUES), "-n", f"{name}@bellhop"]
    quiet = ["-l", "WARNING", "--without-gossip", "--without-mingle", "--without-heartbeat"]
    app.start(["--quiet", "worker", *pool, *quiet])


def beat() -> None:
    """Celery's scheduler."""
    from bellhop.celery import app

    name_process("beat")
    app.start(["--quiet", "beat", "--pidfile=", "-l", "WARNING"])


def database() -> None:
    """Make the database if there is none, and bring its tables up to this version where they are not."""
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    name_process("setup")
    if settings.BELLHOP_EMBEDDED:
        _create_database(settings.DATABASES["default"])
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", interactive=False, verbosity=0)


def _create_database(description: dict[str, str]) -> None:
    import psycopg

    link = psycopg.connect(
        host=description["HOST"], user=description["USER"], dbname="postgres", autocommit=True
    )
    with link as connection:
        name = description["NAME"]
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            connection.execute(f'CREATE DATABASE "{name}"')  # the name is ours, from `places`


def seed() -> None:
    """The demo organization, its people and its connection to the sandbox; does nothing if all is there."""
    from django.core.management import call_command

    name_process("seed")
    call_command("seed_demo")
