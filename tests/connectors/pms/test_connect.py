"""`manage.py connections add` for the other PMSs: one call tells whether the keys are good."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from connectors.models import Connection, SyncRun
from tests import factories
from tests.connectors.sandbox_process import SandboxProcess

KEYS = {
    "hostaway": ("/hostaway/v1", {"account_id": "61010", "api_key": "sandbox-key"}),
    "cloudbeds": ("/cloudbeds/api/v1.3", {"api_key": "cbat_sandbox", "property_id": "300123"}),
}

# What a first import reads: Hostaway names the people who do tasks, too.
RUNS = {"hostaway": 6, "cloudbeds": 5}


@pytest.fixture
def add(transactional_db: None, settings: Any, sandbox_process: SandboxProcess, tmp_path: Path) -> Any:
    settings.BELLHOP_ALLOWED_PRIVATE_HOSTS = [f"127.0.0.1:{sandbox_process.port}"]
    factories.desk()
    for slug in KEYS:
        sandbox_process.control(f"{slug}/reset", "POST", keep=["settings"])

    def run(slug: str, **changed: str) -> None:
        path, keys = KEYS[slug]
        file = tmp_path / "keys.json"
        file.write_text(json.dumps(keys | changed))
        base = f"http://127.0.0.1:{sandbox_process.port}{path}"
        call_command(
            "connections",
            "add",
            slug,
            base_url=base,
            credentials=str(file),
            stage="sandbox",
            limit_scale=100.0,
        )

    return run


@pytest.mark.parametrize("slug", KEYS)
def test_good_keys(add: Any, slug: str) -> None:
    add(slug)
    made = Connection.objects.get(slug=slug)
    assert made.account_name
    assert SyncRun.objects.filter(connection=made).count() == RUNS[slug]


@pytest.mark.parametrize(
    ("slug", "changed", "said"),
    [
        ("hostaway", {"api_key": "wrong"}, "refused our credentials"),
        ("hostaway", {"api_key": ""}, "needs api_key"),
        ("cloudbeds", {"api_key": "cbat_wrong"}, "refused our credentials"),
        ("cloudbeds", {"property_id": "999"}, "doesn't cover the property 999"),
    ],
)
def test_bad_ones_leave_nothing(add: Any, slug: str, changed: dict[str, str], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        add(slug, **changed)
    assert not Connection.objects.filter(slug=slug).exists()
