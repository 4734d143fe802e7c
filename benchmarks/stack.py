"""What runs during a benchmark: servers, the product (whole, or its web process alone), programs of the bare stack."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import psutil
import psycopg

from benchmarks.servers import FOLDER, Servers
from tests.harness.processes import PROJECT, Program, free_port
from tests.harness.sandbox import Sandbox
from tests.harness.waiting import eventually

SECRET = "a-key-for-benchmarks-of-no-value"  # noqa: S105
LIMITS_SCALE = 50
TABLES = PROJECT / "benchmarks" / "limits" / "tables.sql"


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured. `pairs` of runs per figure; `requests` per run; `messages` in the big database."""

    pairs: int
    requests: int
    events: int
    messages: int


QUICK = Sizes(pairs=3, requests=1_000, events=30, messages=100_000)
FULL = Sizes(pairs=3, requests=5_000, events=120, messages=1_000_000)


class Bench:
    """One run. Everything that it started ends with it; the servers' data stays for the next."""

    def __init__(self, sizes: Sizes, servers: Servers) -> None:
        self.sizes = sizes
        self.servers = servers
        self.logs = FOLDER / "logs"
        self.logs.mkdir(exist_ok=True)
        self._limits_url = ""
        self._product: Product | None = None
        self._running = ExitStack()

    def env(self, database: str, **more: str) -> dict[str, str]:
        """The environment of a process of the product on one database."""
        return {
            "DATABASE_URL": self.servers.url(database),
            "REDIS_URL": self.servers.redis_url,
            "BELLHOP_SECRET_KEY": SECRET,
            "BELLHOP_DEMO": "1",
            "BELLHOP_DATA": str(FOLDER / "data"),
            "DJANGO_SETTINGS_MODULE": "bellhop.settings",
            **more,
        }

    def ask(self, database: str, question: str, *arguments: str) -> dict[str, Any]:
        """An answer of `benchmarks.inside`. Fails with its output."""
        answer: dict[str, Any] = json.loads(
            self._run(database, "-m", "benchmarks.inside", question, *arguments)
        )
        return answer

    def measure(self, database: str, module: str, *arguments: str) -> dict[str, Any]:
        """What a module of benchmarks prints about one database. Fails with its output."""
        answer: dict[str, Any] = json.loads(self._run(database, "-m", module, *arguments))
        return answer

    def manage(self, database: str, *arguments: str) -> None:
        self._run(database, "manage.py", *arguments)

    def _run(self, database: str, *command: str) -> str:
        env = {**os.environ, **self.env(database)}
        done = subprocess.run(
            [sys.executable, *command], cwd=PROJECT, env=env, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise RuntimeError(f"{command} failed:\n{done.stderr[-2000:]}")
        return done.stdout

    def query(self, database: str, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Rows of a SELECT, or [] of a change, in a transaction of its own."""
        with psycopg.connect(self.servers.url(database)) as connection:
            cursor = connection.execute(statement, parameters or None)  # type: ignore[call-overload]
            return cursor.fetchall() if cursor.description else []

    # ── The product ──

    def product(self) -> Product:
        """`python -m bellhop.run` on a fresh demo, settled, without undo time, limits scaled. Runs until `quiet`."""
        if self._product is None:
            self.servers.make_anew("bellhop")
            shutil.rmtree(FOLDER / "data" / "sandbox", ignore_errors=True)
            self._product = Product(self)
            self._running.enter_context(self._product.program)
            self._product.settle()
        return self._product

    def quiet(self) -> None:
        """End the product."""
        self._running.close()
        self._product = None

    @contextmanager
    def web(self, database: str, server: str = "daphne") -> Iterator[Web]:
        """The product's web process alone."""
        with self.serving("bellhop.asgi:application", self.env(database), server=server) as web:
            yield web

    # ── Programs of the bare stack ──

    def limits_env(self, **more: str) -> dict[str, str]:
        if not self._limits_url:
            self._limits_url = self.servers.make_anew("limits")
            self.query("limits", TABLES.read_text(encoding="utf-8"))
        settings = "benchmarks.limits.settings"
        return {
            "LIMITS_DATABASE": self._limits_url,
            "LIMITS_REDIS": self.servers.redis_url.replace("db=0", "db=1"),
            "DJANGO_SETTINGS_MODULE": settings,
            **more,
        }

    @contextmanager
    def limit(self, module: str, **env: str) -> Iterator[Web]:
        """An ASGI program of `benchmarks.limits` on Daphne."""
        with self.serving(f"benchmarks.limits.{module}:application", self.limits_env(**env)) as web:
            yield web

    @contextmanager
    def limit_program(self, module: str, *arguments: str, says: str, **env: str) -> Iterator[Program]:
        """A worker: `python -m MODULE …`, ready once it says so."""
        log = self.logs / f"{module}-{free_port()}.log"
        with Program(module, *arguments, log=log, env=self.limits_env(**env)) as program:
            program.says(says)
            yield program

    @contextmanager
    def sandbox(self) -> Iterator[Sandbox]:
        """A sandbox PMS for the bare stack: nobody subscribes there."""
        port = free_port()
        folder = FOLDER / "data" / "sandbox-limits"
        shutil.rmtree(folder, ignore_errors=True)
        arguments = ["--port", str(port), "--data", str(folder)]
        with Program("connectors.sandbox", *arguments, log=self.logs / "sandbox-limits.log"):
            eventually(lambda: listens(port), 30)
            found = Sandbox(port)
            scale(found)
            yield found

    @contextmanager
    def serving(self, application: str, env: dict[str, str], server: str = "daphne") -> Iterator[Web]:
        port = free_port()
        log = self.logs / f"{application.partition(':')[0]}-{port}.log"
        options = {
            "daphne": ["-v", "0", "-b", "127.0.0.1", "-p", str(port), "--no-server-name"],
            "uvicorn": [
                "--host",
                "127.0.0.1",
                "--port",
                str(port),
                "--log-level",
                "error",
                "--no-access-log",
            ],
        }[server]
        env = {**env, "BELLHOP_PORT": str(port), "BELLHOP_PUBLIC_URL": f"http://127.0.0.1:{port}"}
        with Program(server, *options, application, log=log, env=env) as program:
            eventually(lambda: listens(port) or _alive(program), 30)
            yield Web(port, program)


@dataclass(frozen=True, slots=True)
class Web:
    """A web process."""

    port: int
    program: Program

    def cpu(self) -> float:
        """Seconds of CPU that it has used."""
        times = psutil.Process(self.program.pid).cpu_times()
        return float(times.user + times.system)


class Product:
    """The whole product while it runs."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self.port, sandbox_port = free_port(), free_port()
        self.sandbox = Sandbox(sandbox_port)
        self.database = "bellhop"
        ports = {"BELLHOP_PORT": str(self.port), "BELLHOP_SANDBOX_PORT": str(sandbox_port)}
        env = bench.env(self.database, BELLHOP_PUBLIC_URL=f"http://127.0.0.1:{self.port}", **ports)
        self.program = Program("bellhop.run", log=bench.logs / "run.log", env=env)

    def settle(self) -> None:
        """Wait for the seed and the import, with limits raised so that nothing waits for the next minute."""
        self.program.says("Ready.", 90)
        scale(self.sandbox)
        bench = self._bench
        bench.query(self.database, "UPDATE connectors_connection SET limit_scale = %s", LIMITS_SCALE)
        bench.query(self.database, "UPDATE connectors_syncrun SET next_try_at = NULL")
        eventually(self._has_settled, 90, 0.3)
        bench.ask(self.database, "no_undo")

    def _has_settled(self) -> bool:
        [(planned, running)] = self._bench.query(
            self.database,
            "SELECT count(*), count(*) FILTER (WHERE finished_at IS NULL) FROM connectors_syncrun",
        )
        subscribed = self._bench.query(
            self.database,
            "SELECT 1 FROM connectors_connectionhealth WHERE subscription_due_at > now() + interval '1 hour'",
        )
        return bool(planned and subscribed) and not running

    def pid(self, name: str) -> int:
        """The process that the supervisor calls `name` ("Web", "Worker" …)."""
        entries = json.loads((FOLDER / "data" / "processes.json").read_text(encoding="utf-8"))
        return {entry["name"]: int(entry["pid"]) for entry in entries}[name]


def scale(sandbox: Sandbox) -> None:
    """The published limits times fifty in every world of the sandbox."""
    for world in ("", "/hostaway", "/cloudbeds"):
        path = f"/_control{world}/settings"
        sandbox.control.patch(path, json={"limit_scale": LIMITS_SCALE}).raise_for_status()


def listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _alive(program: Program) -> bool:
    if program.ended():
        raise RuntimeError(program.output()[-2000:])
    return False


@contextmanager
def opened(sizes: Sizes) -> Iterator[Bench]:
    """A bench with its servers running."""
    with ExitStack() as stack:
        servers = stack.enter_context(Servers(FOLDER))
        bench = Bench(sizes, servers)
        stack.callback(bench.quiet)
        yield bench
