"""`make run`, the way a person uses it: real processes, real signals, a folder of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from tests.harness.processes import Program, answers, free_ports
from tests.harness.waiting import eventually

pytestmark = pytest.mark.start
OURS = ("DATABASE_URL", "REDIS_URL", "BELLHOP_SECRET_KEY", "BELLHOP_DEMO", "DJANGO_SETTINGS_MODULE")


class Product:
    """`python -m bellhop.run` with everything embedded, in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self.sandbox_port = free_ports(2)
        self.env = dict.fromkeys(OURS, "") | {
            "DJANGO_SETTINGS_MODULE": "bellhop.settings",
            "BELLHOP_DATA": str(folder),
            "BELLHOP_PORT": str(self.port),
            "BELLHOP_SANDBOX_PORT": str(self.sandbox_port),
        }
        self.url = f"http://127.0.0.1:{self.port}"

    def program(self, **env: str) -> Program:
        log = self.folder.parent / f"run-{len(list(self.folder.parent.glob('run-*')))}.log"
        return Program("bellhop.run", log=log, env=self.env | env)

    def refused(self, **env: str) -> str:
        """What it says when it can't start."""
        program = self.program(**env)
        program.start()
        assert program.wait() == 1
        return program.output().strip()

    def processes(self) -> dict[str, psutil.Process]:
        entries = json.loads((self.folder / "processes.json").read_text(encoding="utf-8"))
        return {entry["name"]: psutil.Process(entry["pid"]) for entry in entries}

    def query(self, statement: str) -> list[tuple[object, ...]]:
        sockets = self.folder.resolve() / "run"
        with psycopg.connect(host=str(sockets), user="postgres", dbname="bellhop") as connection:
            cursor = connection.execute(statement)  # type: ignore[call-overload]
            return cursor.fetchall() if cursor.description else []


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Product]:
    folder = tmp_path / "data"
    yield Product(folder)
    if folder.is_symlink():
        shutil.rmtree(folder.resolve(), ignore_errors=True)


def _gone(processes: dict[str, psutil.Process]) -> bool:
    return not any(
        process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in processes.values()
    )


def test_a_whole_life(product: Product) -> None:
    """Start, second start refused, kill -9 of a child and of the supervisor, start again, stop: no data lost."""
    first = product.program()
    first.start()
    first.says("Ready.")
    for shown in (
        product.url,
        f"http://127.0.0.1:{product.sandbox_port}",
        "agent@demo.example",
        "bellhop-demo",
    ):
        assert shown in first.output()
    assert answers(f"{product.url}/accounts/login/")
    assert answers(f"http://127.0.0.1:{product.sandbox_port}/")
    assert "already runs" in product.refused()

    before = product.processes()
    assert set(before) == {"PostgreSQL", "Redis", "Sandbox PMS", "Web", "Worker", "Scheduler"}
    before["Worker"].send_signal(signal.SIGKILL)
    first.says("Worker started again.")
    before["PostgreSQL"].send_signal(signal.SIGKILL)
    first.says("PostgreSQL started again.")
    eventually(lambda: answers(f"{product.url}/readyz"))
    renamed = (
        "UPDATE accounts_organization SET name = 'Kept' WHERE name = 'Mill Lane Lettings' RETURNING name"
    )
    assert product.query(renamed) == [("Kept",)]

    orphans = product.processes()
    first.kill()
    second = product.program()
    second.start()
    second.says("Ready.")
    assert "Ended what an earlier run left behind" in second.output()
    assert _gone(orphans)
    organizations = product.query("SELECT name FROM accounts_organization")
    assert ("Kept",) in organizations
    assert len(organizations) == 2

    last = product.processes()
    os.kill(second.pid, signal.SIGINT)
    assert second.wait() == 0
    assert _gone(last)
    assert not answers(f"{product.url}/healthz")
    assert not (product.folder / "processes.json").exists()


def test_a_port_in_use_is_said(product: Product) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        said = product.refused(BELLHOP_PORT=str(taken.getsockname()[1]))
    assert "BELLHOP_PORT" in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize(
    ("variable", "value", "word"),
    [
        ("BELLHOP_PORT", "http", "whole number"),
        ("BELLHOP_PUBLIC_URL", "bellhop.example.com", "https://"),
        ("BELLHOP_DATA", "/proc/bellhop", "BELLHOP_DATA"),
        ("DATABASE_URL", "postgresql://user@host/bellhop", "REDIS_URL"),
    ],
)
def test_a_mistake_is_one_sentence(product: Product, variable: str, value: str, word: str) -> None:
    said = product.refused(**{variable: value})
    assert word in said
    assert len(said.splitlines()) == 1


def test_a_real_database_needs_a_key(product: Product) -> None:
    said = product.refused(
        DATABASE_URL="postgresql://user@host/bellhop", REDIS_URL="redis://host", BELLHOP_DEMO="0"
    )
    assert "BELLHOP_SECRET_KEY" in said
