"""The project's own files, as the architecture tests see them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
PACKAGES = ("bellhop", "connectors", "reservations", "inbox")
CODE = (*PACKAGES, "tests", "benchmarks")
SKIPPED = {".git", ".venv", ".bellhop", "__pycache__", "vendor", "node_modules", ".mypy_cache", ".ruff_cache"}


def files(pattern: str, *folders: str) -> list[Path]:
    """Files below `folders` (default: the whole project), without third-party and generated ones."""
    roots = [PROJECT / folder for folder in folders] or [PROJECT]
    found = (path for root in roots for path in root.rglob(pattern) if path.is_file())
    return sorted(path for path in found if not SKIPPED & set(path.relative_to(PROJECT).parts))


def python_files(*folders: str) -> list[Path]:
    """Python files without migrations."""
    return [path for path in files("*.py", *(folders or CODE)) if path.parent.name != "migrations"]


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def name(path: Path) -> str:
    return str(path.relative_to(PROJECT))
