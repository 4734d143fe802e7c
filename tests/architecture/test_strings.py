"""Nothing in the repository may name this or that machine, or a package registry's host."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.architecture.source import PROJECT

# Written with brackets, so that this file doesn't find itself.
FORBIDDEN = {
    "a package registry": r"pypi[.]org|pythonhosted[.]org|registry[.]npmjs|deb[.]debian[.]org|--index[-]url",
    "a path of a machine": r"/wor[k]/(main|shared|\.)|/roo[t]/\.|/home/[a-z]+/|/tmp/v[e]nv",
}
VENDORED = ("static/vendor/", "tests/vendor/")


def _tracked() -> list[str]:
    done = subprocess.run(["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip("Not a git checkout.")
    return [path for path in done.stdout.split("\0") if path and not path.startswith(VENDORED)]


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_names(what: str) -> None:
    pattern = re.compile(FORBIDDEN[what])
    found = []
    for path in _tracked():
        file = PROJECT / path
        if not file.is_file():
            continue
        text = file.read_bytes().decode("utf-8", errors="ignore")
        found += [f"{path}: {match[0]}" for match in [pattern.search(text)] if match]
    assert found == []
