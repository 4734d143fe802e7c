"""Where an installation keeps its data, and how its bundled servers are reached. Imports no Django."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from bellhop import env

SOCKET_NAME_LIMIT = 100
"""A Unix socket's path may have at most 107 bytes; PostgreSQL adds a lock file of its own next to it."""


def data_folder(project: Path) -> Path:
    """BELLHOP_DATA, relative to the project; as root `.bellhop` is a link, which is followed."""
    return (project / env.text("BELLHOP_DATA", ".bellhop")).resolve()


def socket_folder(data: Path) -> Path:
    """Where both servers' sockets are: `run/`, or the folder that `run.at` names (long paths, see `accounts`)."""
    note = data / "run.at"
    return Path(note.read_text(encoding="utf-8").strip()) if note.exists() else data / "run"


def embedded_database_url(data: Path) -> str:
    return f"postgresql://postgres@/bellhop?host={quote(str(socket_folder(data)), safe='')}"


def embedded_redis_url(data: Path) -> str:
    return f"unix://{quote(str(socket_folder(data)))}/redis.sock?db=0"
