"""The data folder: found, made, probed, and held by one supervisor at a time."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import socket
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from bellhop import env
from bellhop.start import places
from bellhop.start.accounts import Account
from bellhop.start.screen import StartMistake

ROOT_HOME = Path("/var/lib/bellhop")
"""Where root keeps data: reachable for the servers' account even if the project is under a 0700 home."""


@dataclass(frozen=True, slots=True)
class Folders:
    """Everything under the data folder. `sockets` is elsewhere when the path is too long for a socket."""

    data: Path
    postgres: Path
    redis: Path
    sockets: Path
    sandbox: Path
    logs: Path
    binaries: Path


def prepare(project: Path, account: Account | None) -> Folders:
    """Make what is missing. `account` is None where no bundled server runs. Raises StartMistake with one sentence."""
    wanted = project / env.text("BELLHOP_DATA", ".bellhop")
    try:
        data = _data_folder(wanted, account)
        folders = Folders(
            data=data,
            postgres=data / "pg",
            redis=data / "redis",
            sockets=_socket_folder(data),
            sandbox=data / "sandbox",
            logs=data / "logs",
            binaries=data / "bin",
        )
        for folder in (folders.sandbox, folders.logs):
            folder.mkdir(mode=0o700, exist_ok=True)
        folders.binaries.mkdir(mode=0o711, exist_ok=True)
        if account is not None:
            for folder in (folders.postgres, folders.redis, folders.sockets):
                account.owns(folder)
    except OSError as error:
        raise StartMistake(
            f"{error.filename or wanted} can't be used: {error.strerror}. Set BELLHOP_DATA."
        ) from None
    if account is not None:
        _probe(folders, account)
    return folders


def _data_folder(wanted: Path, account: Account | None) -> Path:
    """`wanted`, followed if it is a link; as root a link to /var/lib/bellhop where the account can't come."""
    if account is not None and account.lent:
        default = not env.text("BELLHOP_DATA")
        # A tool that only read the settings may have made the default folder for its secret, without a database.
        undecided = not wanted.exists() or (default and not (wanted / "pg" / "PG_VERSION").exists())
        if undecided and (
            default or not account.can("/bin/sh", "-c", 'cd "$1"', "sh", _existing_parent(wanted))
        ):
            _move_home(wanted, ROOT_HOME / hashlib.sha256(str(wanted).encode()).hexdigest()[:12])
    data = wanted.resolve()
    data.mkdir(mode=0o711 if account is not None and account.lent else 0o700, parents=True, exist_ok=True)
    return data


def _move_home(wanted: Path, home: Path) -> None:
    """Make `wanted` a link to `home`; what lies in it already goes along. Raises OSError."""
    home.mkdir(mode=0o711, parents=True, exist_ok=True)
    if wanted.is_symlink():
        wanted.unlink()
    elif wanted.exists():
        for child in list(wanted.iterdir()):
            if not (home / child.name).exists():
                shutil.move(child, home / child.name)
        if any(wanted.iterdir()):
            wanted.rename(wanted.with_name(f"{wanted.name}.before"))
        else:
            wanted.rmdir()
    wanted.parent.mkdir(parents=True, exist_ok=True)
    wanted.symlink_to(home)


def _existing_parent(path: Path) -> Path:
    return next(parent for parent in path.parents if parent.exists())


def _socket_folder(data: Path) -> Path:
    """`run/`, or a short folder for the same data where a socket's name would be too long; noted in `run.at`."""
    usual = data / "run"
    if len(os.fsencode(usual / ".s.PGSQL.5432.lock")) <= places.SOCKET_NAME_LIMIT:
        return usual
    base = Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir())
    short = base / f"bellhop-{hashlib.sha256(str(data).encode()).hexdigest()[:12]}"
    (data / "run.at").write_text(f"{short}\n", encoding="utf-8")
    return short


def _probe(folders: Folders, account: Account) -> None:
    """Try to write as the servers' account; what a mode bit says is not enough."""
    for folder in (folders.postgres, folders.redis, folders.sockets):
        if folder.stat().st_uid != account.uid:
            raise StartMistake(f"{folder} belongs to another account; it must belong to {account.name}.")
        if not account.can_write(folder):
            raise StartMistake(
                f"{folder} can't be written by {account.name}, under which PostgreSQL runs; set BELLHOP_DATA to "
                f"another folder."
            )


def hold(folders: Folders) -> IO[str]:
    """Take the folder for this supervisor until the returned file is closed. Raises StartMistake if it is taken."""
    lock = (folders.data / "lock").open("a+", encoding="utf-8")
    try:
        # A record lock belongs to this process alone: the children don't inherit it, so it ends when this one does.
        fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        lock.seek(0)
        raise StartMistake(f"Bellhop already runs in {folders.data} ({lock.read().strip()}).") from None
    lock.seek(0)
    lock.truncate()
    lock.write(f"process {os.getpid()}")
    lock.flush()
    return lock


def require_free_port(port: int, variable: str) -> None:
    """Raises StartMistake where something listens on 127.0.0.1:port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise StartMistake(
                f"Port {port} can't be used ({error.strerror}); choose another with {variable}."
            ) from None
