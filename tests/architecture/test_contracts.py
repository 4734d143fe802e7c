"""The import contracts in pyproject.toml must name what exists, or they check nothing."""

from __future__ import annotations

import tomllib
from typing import Any

from tests.architecture.source import PROJECT

APPS = ("bellhop/accounts", "connectors", "reservations", "inbox")


def _contracts() -> dict[str, dict[str, Any]]:
    settings = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    return {contract["name"]: contract for contract in settings["tool"]["importlinter"]["contracts"]}


def _existing(*rooms: str) -> set[str]:
    return {
        f"{app}/{room}".replace("/", ".")
        for app in APPS
        for room in rooms
        if (PROJECT / app / room).is_dir() or (PROJECT / app / f"{room}.py").is_file()
    }


def test_every_room_is_in_the_contract() -> None:
    contract = _contracts()["Models, services and handlers know no views, tasks, forms or sockets"]
    assert _existing("views", "web", "tasks", "forms", "live") <= set(contract["forbidden_modules"])
    rooms = ("models", "services", "handlers", "sequences", "surveys", "board", "night_audit")
    assert _existing(*rooms) <= set(contract["source_modules"])


def test_every_wiring_module_is_in_the_contract() -> None:
    contract = _contracts()["Nobody imports the wiring"]
    wiring = {f"bellhop.{path.stem}" for path in (PROJECT / "bellhop").glob("*.py")} - {"bellhop.__init__"}
    wiring -= {"bellhop.env"}  # typed readers of variables, of use to anybody
    assert wiring - {"bellhop.logs"} <= set(contract["forbidden_modules"])
