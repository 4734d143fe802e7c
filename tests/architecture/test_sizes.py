"""A function fits on a screen, a file does one thing (docs/decisions.md)."""

from __future__ import annotations

from tests.architecture.source import functions, name, python_files

FILE_LINES, FILE_LINES_MOST = 600, 350
FUNCTION_LINES, FUNCTION_LINES_MOST = 50, 35
MOST = 0.95


def test_files() -> None:
    lengths = {name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in python_files()}
    assert {path: lines for path, lines in lengths.items() if lines > FILE_LINES} == {}
    long = {path: lines for path, lines in lengths.items() if lines > FILE_LINES_MOST}
    assert len(long) <= (1 - MOST) * len(lengths), f"Too many files over {FILE_LINES_MOST} lines: {long}"


def test_functions() -> None:
    lengths = {
        f"{name(path)}:{function.lineno} {function.name}": (function.end_lineno or 0) - function.lineno + 1
        for path in python_files()
        for function in functions(path)
    }
    assert {place: lines for place, lines in lengths.items() if lines > FUNCTION_LINES} == {}
    long = {place: lines for place, lines in lengths.items() if lines > FUNCTION_LINES_MOST}
    assert len(long) <= (1 - MOST) * len(lengths), (
        f"Too many functions over {FUNCTION_LINES_MOST} lines: {long}"
    )
