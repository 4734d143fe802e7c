"""The parts of the start that can be asked alone: keys, addresses, folders, back-off, the ledger, stale pid files."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bellhop import env, logs
from bellhop.start import children, folders, places
from bellhop.start.accounts import server_account
from bellhop.start.children import Child, Executed, Ledger
from bellhop.start.keys import installation_keys
from bellhop.start.screen import StartMistake
from bellhop.start.servers import ServerMistake
from bellhop.start.throwaway import Throwaway
from tests.harness.waiting import eventually


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder that the servers' account can reach, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        yield Path(folder) / "servers"


# ── Keys ──


def test_the_key_file_is_made_once_and_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BELLHOP_SECRET_KEY", raising=False)
    first = installation_keys(tmp_path / "data", embedded=True)
    assert installation_keys(tmp_path / "data", embedded=True) == first
    assert (tmp_path / "data" / "secret").stat().st_mode & 0o777 == 0o600
    assert len(first[0]) >= 48


def test_several_keys_are_read_newest_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BELLHOP_SECRET_KEY", f"{'new' * 10}, {'old' * 10}")
    assert installation_keys(tmp_path, embedded=False) == ["new" * 10, "old" * 10]


@pytest.mark.parametrize("value", ["", "short"])
def test_a_real_database_needs_a_good_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("BELLHOP_SECRET_KEY", value)
    with pytest.raises(env.EnvironmentMistake, match="BELLHOP_SECRET_KEY"):
        installation_keys(tmp_path, embedded=False)


# ── Addresses ──


def test_a_database_address_may_name_a_socket_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:p%40ss@db.example:6432/bellhop?sslmode=require")
    found = env.database("DATABASE_URL", "")
    assert (found["HOST"], found["PORT"], found["PASSWORD"]) == ("db.example", "6432", "p@ss")
    assert found["OPTIONS"] == {"sslmode": "require"}
    monkeypatch.setenv("DATABASE_URL", places.embedded_database_url(Path("/a folder")))
    assert env.database("DATABASE_URL", "")["HOST"] == "/a folder/run"


@pytest.mark.parametrize("value", ["mysql://host/name", "postgresql://host"])
def test_another_database_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("DATABASE_URL", value)
    with pytest.raises(env.EnvironmentMistake, match="postgresql://"):
        env.database("DATABASE_URL", "")


# ── Logs ──


def test_credentials_never_get_into_the_log() -> None:
    event = {
        "event": "called",
        "headers": {"Authorization": "Bearer x", "accept": "*"},
        "tokens": [1],
        "api_key": "k",
    }
    assert logs.redact(None, "info", event) == {
        "event": "called",
        "headers": {"Authorization": logs.HIDDEN, "accept": "*"},
        "tokens": logs.HIDDEN,
        "api_key": logs.HIDDEN,
    }


# ── Folders ──


def test_a_long_path_gets_short_sockets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = tmp_path / ("long" * 30)
    monkeypatch.setenv("BELLHOP_DATA", str(data))
    prepared = folders.prepare(tmp_path, None)
    assert len(str(prepared.sockets / ".s.PGSQL.5432.lock")) <= places.SOCKET_NAME_LIMIT
    assert places.socket_folder(data) == prepared.sockets


def test_one_supervisor_holds_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BELLHOP_DATA", str(tmp_path / "data"))
    hold = (
        "import sys; from pathlib import Path; from bellhop.start import folders; "
        "lock = folders.hold(folders.prepare(Path('.'), None)); print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(StartMistake, match=f"process {other.pid}"):
            folders.hold(folders.prepare(tmp_path, None))
        assert other.stdin is not None
        other.stdin.close()
    folders.hold(folders.prepare(tmp_path, None)).close()


# ── Children ──


def _sleeper() -> Executed:
    return Executed(
        subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    )


def test_a_child_that_keeps_dying_is_started_later_each_time() -> None:
    child = Child("Child", lambda: Executed(subprocess.Popen(["false"])))
    child.run()
    delays = []
    for _ in range(3):
        eventually(child.look_after)
        delays.append(child.delay_s)
        eventually(child.look_after)
    assert delays == sorted(set(delays))
    assert delays[-1] <= children.LONGEST_DELAY_S


def test_the_next_start_ends_what_was_recorded(tmp_path: Path) -> None:
    child = Child("Child", _sleeper)
    child.run()
    assert child.process is not None
    Ledger(tmp_path / "processes.json").write([child])
    assert Ledger(tmp_path / "processes.json").end_orphans() == ["Child"]
    assert child.process.ended()


def test_a_reused_pid_is_left_alone(tmp_path: Path) -> None:
    child = Child("Child", _sleeper)
    child.run()
    assert child.process is not None
    ledger = tmp_path / "processes.json"
    Ledger(ledger).write([child])
    entries = json.loads(ledger.read_text())
    entries[0]["started"] -= 100
    ledger.write_text(json.dumps(entries))
    assert Ledger(ledger).end_orphans() == []
    assert not child.process.ended()
    children.end_all([child], patience_s=5)


# ── Servers ──


def test_a_stale_pid_file_with_a_living_pid_does_not_stop_the_start(short_folder: Path) -> None:
    """After a crash the pid in the file may be somebody else's by now."""
    with Throwaway(short_folder) as servers:
        servers.kill("postgres")
        eventually(lambda: not servers.postgres.running())
        pid_file = short_folder / "pg" / "postmaster.pid"
        lines = pid_file.read_text().splitlines()
        pid_file.write_text("\n".join(["1", *lines[1:]]) + "\n")
        servers.start_postgres()
        assert servers.postgres.ready()


def test_a_folder_of_another_major_version_is_refused(short_folder: Path) -> None:
    with Throwaway(short_folder) as servers:
        servers.stop_postgres()
        (short_folder / "pg" / "PG_VERSION").write_text("15\n")
        with pytest.raises(ServerMistake, match="PostgreSQL 15"):
            servers.postgres.initialise()


def test_the_servers_account_can_write_where_it_must(short_folder: Path) -> None:
    account = server_account()
    short_folder.mkdir(mode=0o711)
    account.owns(short_folder / "pg")
    assert account.can_write(short_folder / "pg")
    assert not account.can_write(short_folder / "nowhere")


def test_a_folder_that_only_holds_the_secret_moves_along(tmp_path: Path) -> None:
    """Whoever reads the settings first makes the secret; the first start must still find it, and be able to start."""
    wanted, home = tmp_path / ".bellhop", tmp_path / "home"
    wanted.mkdir(mode=0o700)
    (wanted / "secret").write_text("kept")
    folders._move_home(wanted, home)
    assert wanted.is_symlink()
    assert (wanted / "secret").read_text() == "kept"
    folders._move_home(wanted, home)
    assert (home / "secret").read_text() == "kept"
