"""Waiting for a condition instead of for a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(question: Callable[[], T], timeout: float = 15.0, pause: float = 0.05) -> T:
    """The first truthy answer of `question`, which may raise AssertionError or LookupError meanwhile.

    Fails with the last answer or error after `timeout` seconds.
    """
    deadline = time.monotonic() + timeout
    while True:
        problem: object
        try:
            if answer := question():
                return answer
            problem = answer
        except (AssertionError, LookupError) as error:
            problem = error
        if time.monotonic() > deadline:
            raise AssertionError(f"Not within {timeout:g} s; the last answer was {problem!r}.")
        time.sleep(pause)
