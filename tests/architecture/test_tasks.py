"""A Celery task is one call of one service: what it does can be called, and tested, without Celery."""

from __future__ import annotations

import ast

from tests.architecture.source import PACKAGES, functions, name, python_files


def _is_task(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any("shared_task" in ast.unparse(decorator) for decorator in function.decorator_list)


def _is_one_call(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    body = [statement for statement in function.body if not _is_docstring(statement)]
    return (
        len(body) == 1 and isinstance(body[0], ast.Expr | ast.Return) and isinstance(body[0].value, ast.Call)
    )


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def test_every_task_is_one_call() -> None:
    tasks = [
        (path, function)
        for path in python_files(*PACKAGES)
        for function in functions(path)
        if _is_task(function)
    ]
    assert tasks, "No task was found; has the decorator changed?"
    assert [f"{name(path)}: {task.name}" for path, task in tasks if not _is_one_call(task)] == []


def test_tasks_live_in_tasks_files() -> None:
    assert {
        name(path) for path in python_files(*PACKAGES) for function in functions(path) if _is_task(function)
    } <= {
        f"{app}/tasks.py"
        for app in ("bellhop/core", "bellhop/accounts", "connectors", "reservations", "inbox")
    }
