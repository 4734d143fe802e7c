"""PostgreSQL and Redis for the benchmarks: durable as in production, and kept, so that big data is made once."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType

import psycopg

from bellhop.start.throwaway import Throwaway

FOLDER = Path(os.environ.get("BELLHOP_BENCH_DATA", "/var/tmp/bellhop-bench"))  # noqa: S108 (kept, on a disk)


class Servers(Throwaway):
    """fsync on, full pages on, Redis with an append-only file. Leaves its folder when it ends."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.postgres.durable = self.redis.durable = True

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.stop_postgres()
        self.stop_redis()

    def url(self, database: str) -> str:
        """The address of another database of the cluster."""
        return self.database_url.replace("/bellhop?", f"/{database}?")

    def admin(self, statement: str) -> None:
        """Run one statement outside any transaction, such as CREATE DATABASE."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[call-overload]

    def has(self, database: str) -> bool:
        with psycopg.connect(self.url("postgres")) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database])
            return found.fetchone() is not None

    def make_anew(self, database: str) -> str:
        """An empty database of that name; its address."""
        self.admin(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
        self.admin(f"CREATE DATABASE {database}")
        return self.url(database)
