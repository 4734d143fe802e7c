"""A database with many messages, made once and kept: made anew when tables, size or this recipe changed."""

from __future__ import annotations

import hashlib
from pathlib import Path

import psycopg

from benchmarks.stack import Bench
from tests.harness.processes import PROJECT

RECIPE = Path(__file__).with_name("million.sql")
PER_THREAD = 10


def ready(bench: Bench, messages: int) -> str:
    """The name of the database with so many messages."""
    name = f"bench_{messages}"
    stamp = _stamp()
    if bench.servers.has(name) and _made_by(bench, name) == stamp:
        return name
    bench.servers.make_anew(name)
    bench.manage(name, "migrate", "-v", "0")
    bench.ask(name, "people")
    bench.query(name, recipe(messages))
    with psycopg.connect(bench.servers.url(name), autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
        connection.execute("CREATE TABLE bench_stamp (stamp text)")
        connection.execute("INSERT INTO bench_stamp VALUES (%s)", [stamp])
    return name


def recipe(messages: int) -> str:
    """The statements that fill a database which has the demo's people and one connection."""
    text = RECIPE.read_text(encoding="utf-8")
    return text.replace(":messages", str(messages)).replace(":threads", str(messages // PER_THREAD))


def _made_by(bench: Bench, name: str) -> str:
    try:
        [(stamp,)] = bench.query(name, "SELECT stamp FROM bench_stamp")
    except psycopg.errors.UndefinedTable:
        return ""
    return str(stamp)


def _stamp() -> str:
    """What the tables and rows were made by."""
    sources = [
        RECIPE,
        *sorted(PROJECT.glob("*/migrations/0*.py")),
        *sorted(PROJECT.glob("*/*/migrations/0*.py")),
    ]
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()
