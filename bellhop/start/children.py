"""One supervised process each: started, restarted with back-off, ended; and the ledger that outlives the supervisor."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import psutil

FIRST_DELAY_S = 0.1
LONGEST_DELAY_S = 10.0
STEADY_S = 30.0
"""A child that lived this long starts again without delay."""


class Process(Protocol):
    """What a forked and an executed process have in common."""

    @property
    def pid(self) -> int: ...
    def ended(self) -> bool: ...


class Executed:
    """Another program (PostgreSQL, Redis, the sandbox)."""

    def __init__(self, popen: subprocess.Popen[bytes]) -> None:
        self._popen = popen

    @property
    def pid(self) -> int:
        return self._popen.pid

    def ended(self) -> bool:
        return self._popen.poll() is not None


class Forked:
    """A function in a copy of this process: what is imported already is shared, so it starts at once."""

    def __init__(self, name: str, run: Callable[[], None], log: Path | None) -> None:
        context = multiprocessing.get_context("fork")
        self._process = context.Process(target=_in_child, args=(name, run, log), name=name)
        self._process.start()

    @property
    def pid(self) -> int:
        return self._process.pid or 0

    @property
    def failed(self) -> bool:
        return bool(self._process.exitcode)

    def ended(self) -> bool:
        return self._process.exitcode is not None


def _in_child(name: str, run: Callable[[], None], log: Path | None) -> None:
    """A new session (Ctrl-C reaches only the supervisor), default signals, output into the log."""
    os.setsid()
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    if log is not None:
        target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(target, 1)
        os.dup2(target, 2)
        os.close(target)
    _set_title(f"bellhop-{name}")
    run()


def _set_title(title: str) -> None:
    """Show `title` in process lists; Linux only, and at most 15 characters are kept."""
    comm = Path("/proc/self/comm")
    if comm.exists():
        comm.write_text(title[:15], encoding="ascii")


@dataclass
class Child:
    """A process that must be there, and how to start it again. `ended_by` is the signal that asks it to end."""

    name: str
    start: Callable[[], Process]
    ended_by: signal.Signals = signal.SIGTERM
    process: Process | None = None
    started_at: float = 0.0
    delay_s: float = FIRST_DELAY_S
    again_at: float = 0.0
    starts: int = field(default=0)

    def run(self) -> None:
        self.started_at = time.monotonic()
        self.starts += 1
        self.again_at = 0.0
        self.process = self.start()

    def look_after(self) -> str | None:
        """Start again what has ended, later each time. Returns a sentence when something happened."""
        now = time.monotonic()
        if self.process is None:
            if now < self.again_at:
                return None
            self.run()
            return f"{self.name} started again."
        if not self.process.ended():
            return None
        lived = now - self.started_at
        self.delay_s = FIRST_DELAY_S if lived >= STEADY_S else min(self.delay_s * 2, LONGEST_DELAY_S)
        self.again_at = now + self.delay_s
        self.process = None
        return f"{self.name} ended unexpectedly; starting it again in {self.delay_s:.1f} s."

    def ask_to_end(self) -> None:
        if self.process is not None and not self.process.ended():
            send(self.process.pid, self.ended_by)


def send(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def end_all(children: Iterable[Child], patience_s: float) -> None:
    """Ask all of them at once, wait, kill what is left."""
    alive = [child for child in children if child.process is not None]
    for child in alive:
        child.ask_to_end()
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline and any(not _ended(child) for child in alive):
        time.sleep(0.02)
    for child in alive:
        if child.process is not None and not child.process.ended():
            send(child.process.pid, signal.SIGKILL)
    while any(not _ended(child) for child in alive):
        time.sleep(0.02)


def _ended(child: Child) -> bool:
    return child.process is None or child.process.ended()


class Ledger:
    """The pids and start times of what runs, on disk, so that the next start can end what a kill -9 left behind."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def write(self, children: Iterable[Child]) -> None:
        entries = []
        for child in children:
            if child.process is None or child.process.ended():
                continue
            try:
                started = psutil.Process(child.process.pid).create_time()
            except psutil.NoSuchProcess:
                continue
            entries.append(
                {
                    "name": child.name,
                    "pid": child.process.pid,
                    "started": started,
                    "signal": int(child.ended_by),
                }
            )
        draft = self._file.with_suffix(".new")
        draft.write_text(json.dumps(entries), encoding="utf-8")
        draft.replace(self._file)

    def end_orphans(self, patience_s: float = 10.0) -> list[str]:
        """End what an earlier supervisor left. Returns the names of what was ended."""
        found: list[tuple[str, psutil.Process, int]] = []
        for entry in self._read():
            try:
                process = psutil.Process(entry["pid"])
                if (
                    abs(process.create_time() - entry["started"]) < 1
                    and process.status() != psutil.STATUS_ZOMBIE
                ):
                    found.append((entry["name"], process, entry["signal"]))
            except psutil.NoSuchProcess:
                continue
        for _, process, number in found:
            send(process.pid, signal.Signals(number))
        _, stubborn = psutil.wait_procs([process for _, process, _ in found], timeout=patience_s)
        for process in stubborn:
            send(process.pid, signal.SIGKILL)
        psutil.wait_procs(stubborn, timeout=5)
        self.clear()
        return [name for name, _, _ in found]

    def clear(self) -> None:
        self._file.unlink(missing_ok=True)

    def _read(self) -> list[dict[str, Any]]:
        try:
            entries: list[dict[str, Any]] = json.loads(self._file.read_text(encoding="utf-8"))
        except (FileNotFoundError, json.JSONDecodeError):
            return []
        return entries
