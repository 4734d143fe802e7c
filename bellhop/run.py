"""`make run`: one command that starts Bellhop, looks after its processes, and stops them all.

The supervisor loads Django once and forks web, worker and beat from itself: they start at once and share memory.
It opens no database connection and starts no thread, so a fork copies nothing that must not be copied.
"""

from __future__ import annotations

import contextlib
import gc
import http.client
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

from bellhop import env
from bellhop.start import folders as data_folders
from bellhop.start import roles
from bellhop.start.accounts import Account, server_account
from bellhop.start.children import Child, Executed, Forked, Ledger, end_all
from bellhop.start.folders import Folders
from bellhop.start.keys import installation_keys
from bellhop.start.screen import Screen, StartMistake
from bellhop.start.servers import Postgres, Redis, postgres_bin, redis_binary

PROJECT = Path(__file__).resolve().parent.parent
LOG_LIMIT = 20_000_000
LOGINS = ("agent", "agent2", "housekeeper", "marketer", "manager", "admin")


class StopAsked(Exception):
    """Somebody asked us to end."""


class Supervisor:
    """Everything that runs, from the first server to the last child."""

    def __init__(self, folders: Folders, account: Account | None, screen: Screen) -> None:
        self.folders, self.screen = folders, screen
        self.ledger = Ledger(folders.data / "processes.json")
        self.port = env.port("BELLHOP_PORT", 8000)
        self.sandbox_port = env.port("BELLHOP_SANDBOX_PORT", 8001)
        self.demo = env.flag("BELLHOP_DEMO", default=account is not None)
        self.postgres = self.redis = None
        if account is not None:
            place = (folders.sockets, account)
            self.postgres = Postgres(postgres_bin(account, folders.binaries), folders.postgres, *place)
            self.redis = Redis(redis_binary(account, folders.binaries), folders.redis, *place)
        self.servers: list[Child] = []
        self.children: list[Child] = []
        self._worker_name = ""
        self._stopping = False
        self._wake_read, self._wake_write = os.pipe()

    # ── Start ──

    def clear_the_way(self) -> None:
        """End what a killed supervisor left, recorded or not."""
        names = self.ledger.end_orphans()
        for server in (self.postgres, self.redis):
            for process in server.running() if server is not None else []:
                if server is not None and process.is_running():
                    server.stop(process)
        if names:
            self.screen.say(f"Ended what an earlier run left behind: {', '.join(names)}.")

    def start(self) -> None:
        """Servers and sandbox first, Django while they come up, then the database, then the processes."""
        self.screen.say("Starting PostgreSQL, Redis and the sandbox." if self.postgres else "Starting.")
        if self.redis is not None:
            self._run(self.servers, Child("Redis", self._start_redis))
        if self.demo:
            self._run(self.children, Child("Sandbox PMS", self._start_sandbox))
        if self.postgres is not None:
            made = self.postgres.initialise()
            self._run(self.servers, Child("PostgreSQL", self._start_postgres, ended_by=signal.SIGINT))
            if made:
                self.screen.say("Made a new database.")
        _load_django()
        if self.postgres is not None and self.redis is not None:
            self._wait("PostgreSQL", self.postgres.ready)
            self._wait("Redis", self.redis.ready)
        self.screen.say("Preparing the tables.")
        self._once("setup", roles.database)
        self.screen.say("Starting web, worker and scheduler.")
        self._run(self.children, Child("Web", lambda: self._fork("web", roles.web)))
        self._run(self.children, Child("Worker", self._start_worker))
        self._run(
            self.children,
            Child("Scheduler", lambda: self._fork("beat", roles.beat)),
        )
        self._wait("The web server", lambda: _answers(self.port, "/healthz"))
        if self.demo and _has_seed():
            self._wait("The sandbox", lambda: _answers(self.sandbox_port, "/"))
            self.screen.say("Setting up the demo.")
            self._once("seed", roles.seed)

    def _run(self, group: list[Child], child: Child) -> None:
        group.append(child)
        child.run()
        self._note()

    def _fork(self, name: str, run: Callable[[], None]) -> Forked:
        return Forked(name, run, self._log(name) if self.postgres is not None else None)

    def _once(self, name: str, run: Callable[[], None]) -> None:
        """Run a step in a process of its own, so that this one never opens a connection."""
        step = self._fork(name, run)
        while not step.ended():
            self._pause(0.02)
        if step.failed:
            where = f"see {self._log(name)}" if self.postgres is not None else "see above"
            raise StartMistake(f"the step “{name}” failed; {where}.")

    def _start_worker(self) -> Forked:
        predecessor, self._worker_name = self._worker_name, f"worker-{socket.gethostname()}-{time.time_ns()}"
        name = self._worker_name
        return self._fork("worker", lambda: roles.worker(name, predecessor))

    def _start_postgres(self) -> Executed:
        assert self.postgres is not None
        with self._log("postgres").open("ab") as log:
            return Executed(self.postgres.start(log))

    def _start_redis(self) -> Executed:
        assert self.redis is not None
        with self._log("redis").open("ab") as log:
            return Executed(self.redis.start(log))

    def _start_sandbox(self) -> Executed:
        command = [sys.executable, "-m", "connectors.sandbox", "--port", str(self.sandbox_port)]
        with self._log("sandbox").open("ab") as log:
            return Executed(
                subprocess.Popen(
                    [*command, "--data", str(self.folders.sandbox)],
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=PROJECT, start_new_session=True,
                )
            )  # fmt: skip

    def _log(self, name: str) -> Path:
        return self.folders.logs / f"{name}.log"

    def _wait(self, what: str, condition: Callable[[], bool], patience_s: float = 60.0) -> None:
        deadline = time.monotonic() + patience_s
        while not condition():
            if time.monotonic() > deadline:
                raise StartMistake(
                    f"{what} did not answer within {patience_s:.0f} s; see {self.folders.logs}."
                )
            self._pause(0.03)
            self._look_after()

    # ── Run ──

    def watch(self) -> None:
        """Look after everything until somebody asks us to stop."""
        while True:
            self._pause(1.0 if not self._waiting() else 0.05)
            self._look_after()

    def _look_after(self) -> None:
        told = [sentence for child in [*self.servers, *self.children] if (sentence := child.look_after())]
        for sentence in told:
            self.screen.say(sentence)
        if told:
            self._note()

    def _waiting(self) -> bool:
        return any(child.process is None for child in [*self.servers, *self.children])

    def _note(self) -> None:
        self.ledger.write([*self.servers, *self.children])

    def _pause(self, seconds: float) -> None:
        """Sleep until the time is over or a signal comes. Raises StopAsked."""
        readable, _, _ = select.select([self._wake_read], [], [], seconds)
        if readable:
            os.read(self._wake_read, 512)
        if self._stopping:
            raise StopAsked

    # ── Stop ──

    @contextlib.contextmanager
    def signals(self) -> Iterator[None]:
        """Ctrl-C, SIGTERM and a closed terminal stop us; a child's end wakes us."""

        def stop(_number: int, _frame: FrameType | None) -> None:
            self._stopping = True

        def wake(_number: int, _frame: FrameType | None) -> None:
            """Only to have the wake-up pipe written."""

        os.set_blocking(self._wake_write, False)
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, stop)
        signal.signal(signal.SIGCHLD, wake)
        yield

    def stop(self) -> None:
        """First what uses the servers, then the servers."""
        end_all(self.children, patience_s=10.0)
        end_all(self.servers, patience_s=20.0)
        self.ledger.clear()


def _load_django() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bellhop.settings")
    import django

    django.setup()
    import bellhop.celery
    import bellhop.urls  # noqa: F401 (all views, so that the forks share them)

    gc.collect()
    gc.freeze()


def _has_seed() -> bool:
    from django.core.management import get_commands

    return "seed_demo" in get_commands()


def _answers(port: int, path: str) -> bool:
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        link.request("GET", path)
        return link.getresponse().status < 500
    except OSError:
        return False
    finally:
        link.close()


def _shorten_logs(folder: Path) -> None:
    for file in folder.glob("*.log"):
        if file.stat().st_size > LOG_LIMIT:
            file.replace(file.with_suffix(".log.old"))


def _welcome(supervisor: Supervisor) -> str:
    url = env.http_url("BELLHOP_PUBLIC_URL", f"http://127.0.0.1:{supervisor.port}")
    lines = ["", f"  Bellhop      {url}"]
    if supervisor.demo:
        lines.append(f"  Sandbox PMS  http://127.0.0.1:{supervisor.sandbox_port}")
        lines += ["", "  Sign in with the password bellhop-demo as"]
        lines += [f"    {name}@demo.example" for name in LOGINS]
    lines += ["", f"  Logs: {supervisor.folders.logs}", "  Ctrl-C stops everything.", ""]
    return "\n".join(lines)


def _check_variables() -> bool:
    """Raises a SystemExit with one sentence for what can't be used, before anything starts. True if embedded."""
    embedded = not env.secret("DATABASE_URL")
    if embedded == bool(env.secret("REDIS_URL")):
        raise StartMistake("set both DATABASE_URL and REDIS_URL, or neither.")
    if env.port("BELLHOP_PORT", 8000) == env.port("BELLHOP_SANDBOX_PORT", 8001):
        raise StartMistake("BELLHOP_PORT and BELLHOP_SANDBOX_PORT must differ.")
    env.http_url("BELLHOP_PUBLIC_URL", "http://127.0.0.1")
    env.flag("BELLHOP_DEMO")
    if not embedded:
        env.database("DATABASE_URL", "")
        installation_keys(PROJECT, embedded=False)
    return embedded


def main() -> None:
    """Start, watch, stop. Exits with one sentence if something is in the way."""
    screen = Screen()
    embedded = _check_variables()
    account = server_account() if embedded else None
    folders = data_folders.prepare(PROJECT, account)
    lock = data_folders.hold(folders)
    supervisor = Supervisor(folders, account, screen)
    supervisor.clear_the_way()
    data_folders.require_free_port(supervisor.port, "BELLHOP_PORT")
    if supervisor.demo:
        data_folders.require_free_port(supervisor.sandbox_port, "BELLHOP_SANDBOX_PORT")
    _shorten_logs(folders.logs)
    with supervisor.signals():
        try:
            supervisor.start()
            screen.say("Ready.")
            screen.show(_welcome(supervisor))
            supervisor.watch()
        except StopAsked:
            screen.say("Stopping.")
        finally:
            supervisor.stop()
            lock.close()
    screen.say("Stopped.")


if __name__ == "__main__":
    main()
