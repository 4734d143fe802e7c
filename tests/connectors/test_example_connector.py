"""The guide's example is a real package: found by its entry point, and it passes the suite as it stands there
(docs/how-to/write-a-connector.md)."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from connectors.contract import registry
from tests.pms import intake_server

EXAMPLE = Path(__file__).parents[2] / "docs" / "how-to" / "example-connector"
sys.path.insert(0, str(EXAMPLE))
try:
    TestLittleHotel = import_module("trial.test_littlehotel").TestLittleHotel
finally:
    sys.path.remove(str(EXAMPLE))

__all__ = ["TestLittleHotel", "intake_server"]


@pytest.fixture(autouse=True, scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What an installation leaves behind: the package's place on the path, and what its metadata says."""
    site = tmp_path_factory.mktemp("site")
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
    told = site / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    told.mkdir()
    head = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (told / "METADATA").write_text(head)
    points = project["entry-points"][registry.GROUP]
    lines = [f"[{registry.GROUP}]", *(f"{name} = {target}" for name, target in points.items())]
    (told / "entry_points.txt").write_text("\n".join(lines))
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(site)
        _forget()
        yield
    _forget()


def _forget() -> None:
    registry.available.cache_clear()
    registry.connector_class.cache_clear()


def test_it_is_found_by_its_entry_point() -> None:
    assert registry.connector_class("littlehotel").label == "Little Hotel"
