"""The sandbox's memory: one SQLite file, one row per record, columns derived from the record's fields."""

import dataclasses
import functools
import json
import sqlite3
import types
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar, cast

from connectors.sandbox.schema import INDEXES, TABLES

T = TypeVar("T")
R = TypeVar("R")
Params = Sequence[object]
Write = tuple[str, list[list[object]]]


class MissingError(LookupError):
    """There is no record of this kind with this id."""


@dataclasses.dataclass(frozen=True)
class _Column:
    name: str
    sql_type: str
    is_json: bool
    is_bool: bool
    empty: str = ""


def _once(function: Callable[[type[Any]], R]) -> Callable[[type[Any]], R]:
    """`functools.cache` for functions of a class, which type checkers don't take for hashable."""
    return cast("Callable[[type[Any]], R]", functools.cache(function))


@_once
def _columns(kind: type[Any]) -> tuple[_Column, ...]:
    hints = typing.get_type_hints(kind)
    return tuple(_column(spec.name, hints[spec.name]) for spec in dataclasses.fields(kind))


def _column(name: str, hint: Any) -> _Column:
    if isinstance(hint, types.UnionType):
        hint = next(part for part in typing.get_args(hint) if part is not type(None))
    base = typing.get_origin(hint) or hint
    sql = {int: "INTEGER", bool: "INTEGER", float: "REAL"}.get(base, "TEXT")
    return _Column(name, sql, base in (dict, list), base is bool, "[]" if base is list else "{}")


@_once
def _upsert(kind: type[Any]) -> str:
    names = [f'"{column.name}"' for column in _columns(kind)]
    marks = ", ".join("?" for _ in names)
    sets = ", ".join(f"{name} = excluded.{name}" for name in names if name != '"id"')
    return f'INSERT INTO "{kind.__name__}" ({", ".join(names)}) VALUES ({marks}) ON CONFLICT("id") DO UPDATE SET {sets}'  # noqa: S608 - names of our own classes


class Store:
    """Reads and writes records. Used from the event loop's thread only; every write belongs to a `tx`.

    `path` is None for a store in memory. `on_commit` is told every write of a transaction that was committed, so that
    it can be repeated on another store.
    """

    def __init__(
        self,
        path: Path | None,
        tables: Sequence[type[Any]] = TABLES,
        indexes: Mapping[type[Any], Sequence[str]] = INDEXES,
    ) -> None:
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._depth = 0
        self._writes: list[Write] = []
        self.version = 0
        self.on_commit: Callable[[list[Write]], None] | None = None
        self.tables = tables
        for kind in tables:
            self._create(kind, indexes.get(kind, ()))

    def _create(self, kind: type[Any], indexes: Sequence[str]) -> None:
        columns = ", ".join(
            f'"{column.name}" {column.sql_type}' + (" PRIMARY KEY" if column.name == "id" else "")
            for column in _columns(kind)
        )
        self._db.execute(f'CREATE TABLE IF NOT EXISTS "{kind.__name__}" ({columns})')
        self._add_new_columns(kind)
        for number, indexed in enumerate(indexes):
            name = f"{kind.__name__}_{number}"
            self._db.execute(f'CREATE INDEX IF NOT EXISTS "{name}" ON "{kind.__name__}" ({indexed})')

    def _add_new_columns(self, kind: type[Any]) -> None:
        """A file of an earlier version gets the columns that have come since, with their defaults."""
        there = {row[1] for row in self._db.execute(f'PRAGMA table_info("{kind.__name__}")')}
        for column in _columns(kind):
            if column.name not in there:
                default = f" DEFAULT '{column.empty}'" if column.is_json else ""
                self._db.execute(
                    f'ALTER TABLE "{kind.__name__}" ADD COLUMN "{column.name}" {column.sql_type}{default}'
                )

    def close(self) -> None:
        """Write the log back into the file and let go of it."""
        self._db.close()

    @contextmanager
    def tx(self) -> Iterator[None]:
        """All or nothing. A `tx` inside a `tx` belongs to the outer one."""
        if self._depth:
            yield
            return
        self._db.execute("BEGIN IMMEDIATE")
        self._depth = 1
        self._writes = []
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        else:
            self._db.execute("COMMIT")
            if self.on_commit:
                self.on_commit(self._writes)
        finally:
            self._depth = 0
            self.version += 1

    def copy_into(self, other: "Store") -> None:
        """Make the other store hold exactly what this one holds."""
        self._db.backup(other._db)  # noqa: SLF001 - the same class

    def put(self, record: Any) -> None:
        """Insert the record, or overwrite the one with its id."""
        self.put_all([record])

    def put_all(self, records: Sequence[Any]) -> None:
        """Insert or overwrite several records of one kind."""
        if records:
            kind = type(records[0])
            rows = [_row(record) for record in records]
            with self.tx():
                self._db.executemany(_upsert(kind), rows)
                if self.on_commit:
                    self._writes.append((_upsert(kind), rows))

    def get(self, kind: type[T], key: str | None) -> T | None:
        """The record with this id, or None."""
        if key is None:
            return None
        found = self.find(kind, "id = ?", (key,))
        return found[0] if found else None

    def need(self, kind: type[T], key: str) -> T:
        """The record with this id. Raises MissingError."""
        record = self.get(kind, key)
        if record is None:
            raise MissingError(f"no {kind.__name__} {key}")
        return record

    def find(
        self,
        kind: type[T],
        where: str = "1",
        params: Params = (),
        *,
        order: str = "rowid",
        limit: int = -1,
        skip: int = 0,
    ) -> list[T]:
        """Records that satisfy an SQL condition. `where` and `order` are code, values go into `params`."""
        sql = f'SELECT * FROM "{kind.__name__}" WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?'  # noqa: S608 - code, not values
        return [_record(kind, row) for row in self._db.execute(sql, (*params, limit, skip))]

    def count(self, kind: type[Any], where: str = "1", params: Params = ()) -> int:
        """How many records satisfy the condition."""
        sql = f'SELECT count(*) FROM "{kind.__name__}" WHERE {where}'  # noqa: S608 - code, not values
        return int(self._db.execute(sql, tuple(params)).fetchone()[0])

    def delete(self, kind: type[Any], where: str, params: Params = ()) -> int:
        """Delete what satisfies the condition; answers how many."""
        sql = f'DELETE FROM "{kind.__name__}" WHERE {where}'  # noqa: S608 - code, not values
        with self.tx():
            if self.on_commit:
                self._writes.append((sql, [list(params)]))
            return self._db.execute(sql, tuple(params)).rowcount

    def repeat(self, writes: Sequence["Write"]) -> None:
        """Apply what another store committed."""
        with self.tx():
            for sql, rows in writes:
                self._db.executemany(sql, rows)


def _row(record: Any) -> list[object]:
    values: list[object] = []
    for column in _columns(type(record)):
        value = getattr(record, column.name)
        values.append(json.dumps(value, ensure_ascii=False) if column.is_json else value)
    return values


@_once
def _special(kind: type[Any]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    columns = _columns(kind)
    return (
        tuple(place for place, column in enumerate(columns) if column.is_json),
        tuple(place for place, column in enumerate(columns) if column.is_bool),
    )


def _record(kind: type[T], row: Sequence[Any]) -> T:
    values, (jsons, bools) = list(row), _special(kind)
    for place in jsons:
        text = values[place]
        values[place] = [] if text == "[]" else {} if text == "{}" else json.loads(text)
    for place in bools:
        values[place] = bool(values[place])
    return kind(*values)
