"""Wrong settings are said at the start, with what helps; a mistake stops the process."""

from __future__ import annotations

from typing import Any

import pytest

from bellhop import checks, env


@pytest.fixture
def real(settings: Any) -> Any:
    """The settings of a sound installation."""
    settings.BELLHOP_EMBEDDED = settings.DEBUG = settings.BELLHOP_DEMO = False
    settings.BELLHOP_PUBLIC_URL = "https://bellhop.example.com"
    settings.BELLHOP_EMAIL_HOST = "mail.example.com"
    return settings


def test_a_sound_one_has_nothing_to_say(real: Any) -> None:
    assert checks.installation() == []
    checks.at_start()


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("DEBUG", True, "bellhop.E001"),
        ("BELLHOP_PUBLIC_URL", "http://127.0.0.1:8000", "bellhop.W001"),
        ("BELLHOP_PUBLIC_URL", "http://bellhop.example.com", "bellhop.W002"),
        ("BELLHOP_EMAIL_HOST", "", "bellhop.W003"),
        ("BELLHOP_DEMO", True, "bellhop.W004"),
    ],
)
def test_each_is_named_with_what_helps(real: Any, name: str, value: object, found: str) -> None:
    setattr(real, name, value)
    (message,) = checks.installation()
    assert message.id == found
    assert message.hint


def test_a_mistake_stops_the_process(real: Any) -> None:
    real.DEBUG = True
    with pytest.raises(env.EnvironmentMistake, match="BELLHOP_DEBUG"):
        checks.at_start()


def test_the_bundled_one_is_not_judged(real: Any) -> None:
    real.BELLHOP_EMBEDDED = real.DEBUG = True
    assert checks.installation() == []
