"""Chromium for the tests: the system's, else from apt, else Playwright's own. `python -m tests.harness.chromium`.

The headless shell is taken where there is one: without windows, tabs and extensions it takes a fifth off the time.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

SHELL = "chromium-headless-shell"
NAMES = (SHELL, "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find() -> str | None:
    """The path of a Chromium that is here already."""
    for name in NAMES:
        if path := shutil.which(name):
            return path
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def install() -> None:
    """Try apt (as root), then Playwright's download; what they print is kept out of the way."""
    tries = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    if os.geteuid() == 0 and shutil.which("apt-get"):
        apt = "apt-get install -y -q --no-install-recommends"
        tries = [["sh", "-c", f"apt-get update -q && ({apt} {SHELL} || {apt} chromium)"], *tries]
    for command in tries:
        done = subprocess.run(
            command, check=False, capture_output=True, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        )
        if done.returncode == 0 and find():
            return


def main() -> None:
    if find() is None:
        sys.stdout.write("Installing Chromium for the browser tests.\n")
        sys.stdout.flush()
        install()
    if find() is None:
        sys.exit("The browser tests need Chromium: install the package chromium or google-chrome.")


if __name__ == "__main__":
    main()
