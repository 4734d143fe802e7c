"""Throw-away PostgreSQL and Redis for tests, benches and development: no fsync, removed at the end.

`python -m bellhop.start.throwaway FOLDER` starts both in FOLDER, prints their addresses, and runs until Ctrl-C.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen
from types import TracebackType

import psycopg

from bellhop.start import places
from bellhop.start.accounts import server_account
from bellhop.start.servers import Postgres, Redis, postgres_bin, redis_binary


class Throwaway:
    """Both servers in `folder` (made here, 0711, short path). Use as a context manager."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        account = server_account()
        folder.mkdir(mode=0o711, parents=True, exist_ok=True)
        data, sockets, redis = folder / "pg", folder / "run", folder / "redis"
        for owned in (data, sockets, redis):
            account.owns(owned)
        self.postgres = Postgres(postgres_bin(account, folder), data, sockets, account, durable=False)
        self.redis = Redis(redis_binary(account, folder), redis, sockets, account, durable=False)
        self._processes: dict[str, Popen[bytes]] = {}

    @property
    def database_url(self) -> str:
        return places.embedded_database_url(self.folder)

    @property
    def redis_url(self) -> str:
        return places.embedded_redis_url(self.folder)

    def __enter__(self) -> Throwaway:
        self.start_redis()
        self.postgres.initialise()
        self.start_postgres()
        with psycopg.connect(self._admin(), autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'bellhop'").fetchone():
                connection.execute("CREATE DATABASE bellhop")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.stop_postgres()
        self.stop_redis()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start_postgres(self) -> None:
        with (self.folder / "postgres.log").open("ab") as log:
            self._processes["postgres"] = self.postgres.start(log)

            def is_up() -> bool:
                # The backends of one that was just killed hold its memory for a moment: then the new one gives up.
                if self._processes["postgres"].poll() is not None:
                    self._processes["postgres"] = self.postgres.start(log)
                return self.postgres.ready()

            _until(is_up, "PostgreSQL", self.folder / "postgres.log")

    def start_redis(self) -> None:
        with (self.folder / "redis.log").open("ab") as log:
            self._processes["redis"] = self.redis.start(log)
        _until(self.redis.ready, "Redis", self.folder / "redis.log")

    def stop_postgres(self) -> None:
        if process := self._processes.pop("postgres", None):
            self.postgres.stop(process)

    def stop_redis(self) -> None:
        if process := self._processes.pop("redis", None):
            self.redis.stop(process)

    def kill(self, name: str) -> None:
        """kill -9 of "postgres" (the postmaster) or "redis"."""
        process = self._processes.pop(name)
        process.kill()
        process.wait(10)

    def _admin(self) -> str:
        return f"host={self.postgres.sockets} user=postgres dbname=postgres"


def _until(condition: Callable[[], bool], what: str, log: Path, patience_s: float = 30.0) -> None:
    deadline = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what} did not start; see {log}: {log.read_text(errors='replace')[-500:]}")
        time.sleep(0.02)


def main() -> None:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with Throwaway(Path(sys.argv[1]).resolve()) as servers:
        sys.stdout.write(
            f"export DATABASE_URL='{servers.database_url}'\nexport REDIS_URL='{servers.redis_url}'\n"
        )
        sys.stdout.write(
            f"export BELLHOP_SECRET_KEY={'throwaway-' * 4} BELLHOP_DEMO=1  # pid {os.getpid()}\n"
        )
        sys.stdout.flush()
        try:
            signal.pause()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
