"""The whole product as real processes (web, worker, scheduler, sandbox), against servers that a test may hurt."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import psycopg
import pytest
import redis

from bellhop.start.servers import processes_in
from bellhop.start.throwaway import Throwaway
from tests.harness.processes import PROJECT, Program, free_ports
from tests.harness.sandbox import Sandbox
from tests.harness.waiting import eventually

PASSWORD = "bellhop-demo"


class KeptSession(NamedTuple):
    """The contents of a session that a person signed in to, and when (monotonic seconds)."""

    data: str
    made_at: float


class LiveStack:
    """`python -m bellhop.run` with DATABASE_URL and REDIS_URL, seeded with the demo.

    Processes are named as the supervisor names them: "Web", "Worker", "Scheduler", "Sandbox PMS".
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.servers = Throwaway(folder / "servers")
        self.port, self.sandbox_port = free_ports(2)
        self.url = f"http://127.0.0.1:{self.port}"
        self.sandbox = Sandbox(self.sandbox_port)
        self.data = folder / "data"
        self.sessions: dict[str, KeptSession] = {}
        self.env = {
            "DATABASE_URL": self.servers.database_url,
            "REDIS_URL": self.servers.redis_url,
            "BELLHOP_SECRET_KEY": "a-key-for-live-tests-of-no-value",
            "BELLHOP_DEMO": "1",
            "BELLHOP_DATA": str(self.data),
            "BELLHOP_PORT": str(self.port),
            "BELLHOP_SANDBOX_PORT": str(self.sandbox_port),
            "BELLHOP_PUBLIC_URL": self.url,
            "DJANGO_SETTINGS_MODULE": "bellhop.settings",
        }
        self.program = Program("bellhop.run", log=folder / "run.log", env=self.env)

    # ── Life ──

    def start(self) -> None:
        """First start: servers, tables, seed."""
        self.servers.__enter__()
        self._seed()

    def _seed(self) -> None:
        self._run()
        self._raise_limits()
        eventually(self._has_settled, timeout=120)

    def _raise_limits(self) -> None:
        """The published limits times 50 on both sides, so that no test waits for the next minute."""
        for world in ("", "/hostaway", "/cloudbeds"):
            answer = self.sandbox.control.patch(f"/_control{world}/settings", json={"limit_scale": 50})
            answer.raise_for_status()
        self.query("UPDATE connectors_connection SET limit_scale = 50")
        self.query("UPDATE connectors_syncrun SET next_try_at = NULL")

    def _has_settled(self) -> bool:
        [(planned, running)] = self.query(
            "SELECT count(*), count(*) FILTER (WHERE finished_at IS NULL) FROM connectors_syncrun"
        )
        subscribed = self.query(
            "SELECT 1 FROM connectors_connectionhealth WHERE subscription_due_at > now() + interval '1 hour'"
        )
        return bool(planned and subscribed) and not running

    def _run(self) -> None:
        self.program.start()
        self.program.says("Ready.")

    def stop(self) -> None:
        self.program.stop()
        self.servers.__exit__(None, None, None)

    def reset(self) -> None:
        """Everything as it was right after the seed: database, Redis, sandbox. The first time it is seeded anew, and
        kept."""
        self.program.stop()
        self._admin("DROP DATABASE bellhop WITH (FORCE)")
        self.flush_redis()
        shutil.rmtree(self.data / "sandbox")
        pristine = self.folder / "pristine"
        if not pristine.exists():
            self._admin("CREATE DATABASE bellhop")
            self._seed()
            self.program.stop()
            self._admin("CREATE DATABASE pristine TEMPLATE bellhop")
            shutil.copytree(self.data / "sandbox", pristine)
        else:
            # Copied by file: a copy by WAL lets sequences repeat themselves if the server is killed soon after.
            self._admin("CREATE DATABASE bellhop TEMPLATE pristine STRATEGY file_copy")
            shutil.copytree(pristine, self.data / "sandbox")
        self._run()

    def _admin(self, statement: str) -> None:
        with psycopg.connect(
            host=self.servers.postgres.sockets, user="postgres", dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(statement)  # type: ignore[call-overload]

    # ── Look ──

    def query(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Rows of a SELECT, or [] of a change, in a transaction of its own."""
        with psycopg.connect(self.servers.database_url) as connection:
            cursor = connection.execute(statement, parameters)  # type: ignore[call-overload]
            return cursor.fetchall() if cursor.description else []

    def manage(self, *arguments: str) -> str:
        """Output of `manage.py …` in the stack's environment; fails with it on an error."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=PROJECT, env={**os.environ, **self.env}, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def pid(self, name: str) -> int:
        """Raises KeyError while it is being started again."""
        entries = json.loads((self.data / "processes.json").read_text(encoding="utf-8"))
        return {entry["name"]: int(entry["pid"]) for entry in entries}[name]

    # ── Hurt ──

    def kill(self, name: str) -> None:
        """kill -9; returns when the supervisor has started it again."""
        old = self.pid(name)
        os.kill(old, signal.SIGKILL)
        eventually(lambda: self.pid(name) != old)

    def stop_redis(self) -> None:
        self.servers.kill("redis")

    def start_redis(self) -> None:
        self.servers.start_redis()

    def pause_redis(self) -> None:
        """Connected, but silent: SIGSTOP."""
        for process in self._redis():
            process.suspend()

    def wake_redis(self) -> None:
        for process in self._redis():
            process.resume()

    def _redis(self) -> list[psutil.Process]:
        found = processes_in(self.servers.folder / "redis", "redis-server")
        assert found, "There is no Redis to be paused."
        return found

    def flush_redis(self) -> None:
        redis.Redis.from_url(self.servers.redis_url).flushall()

    def kill_postgres(self) -> None:
        self.servers.kill("postgres")

    def start_postgres(self) -> None:
        self.servers.start_postgres()


@pytest.fixture(scope="session")
def live_stack() -> Iterator[LiveStack]:
    """One stack for all tests of this process; a test that needs it untouched calls `reset()` first."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    stack = LiveStack(Path(os.environ["BELLHOP_TEST_FOLDER"]) / f"live{worker}")
    try:
        stack.start()
        yield stack
    finally:
        stack.stop()
