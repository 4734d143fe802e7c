"""A connector in a package of its own is found by its entry point (docs/how-to/write-a-connector.md)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.contract import registry

MODULE = """
from connectors.pms.cloudbeds import Cloudbeds


class LittleHotel(Cloudbeds):
    slug = "littlehotel"
    label = "Little Hotel"
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As a wheel leaves it behind: a module, and what its metadata says."""
    told = tmp_path / "bellhop_littlehotel-1.dist-info"
    told.mkdir()
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: bellhop-littlehotel\nVersion: 1\n")
    (told / "entry_points.txt").write_text(
        "[bellhop.connectors]\n"
        "littlehotel = bellhop_littlehotel:LittleHotel\n"
        "guesty = bellhop_littlehotel:LittleHotel\n"
    )
    (tmp_path / "bellhop_littlehotel.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    forget()
    yield
    forget()


def forget() -> None:
    registry.available.cache_clear()
    registry.connector_class.cache_clear()


def test_an_installed_connector_is_found_and_replaces_none_of_ours(installed: None) -> None:
    assert registry.connector_class("littlehotel").label == "Little Hotel"
    assert registry.connector_class("guesty").label == "Guesty"


def test_without_it_the_error_names_those_that_exist() -> None:
    with pytest.raises(registry.UnknownConnector, match=r"cloudbeds, guesty, hostaway"):
        registry.connector_class("littlehotel")
