"""What a person at the terminal sees while Bellhop starts, runs and stops."""

from __future__ import annotations

import sys
import time


class StartMistake(SystemExit):
    """Bellhop can't start here. Ends the process with its sentence."""

    def __init__(self, sentence: str) -> None:
        super().__init__(f"Bellhop can't start: {sentence}")


class Screen:
    """Short lines with the seconds since the start."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def say(self, sentence: str) -> None:
        self.show(f"{time.monotonic() - self._began:5.1f} s  {sentence}")

    def show(self, text: str) -> None:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
