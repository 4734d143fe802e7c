"""Django views without anything around: a page of rows, a thread, a webhook for the queue, an insert."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

PAGE = 50


def _rows(statement: str, values: list[Any]) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


@login_required
def rows(request: HttpRequest) -> HttpResponse:
    """A page of the list: session, sign-in, layout, one keyset statement, 50 rows."""
    found = _rows(
        "SELECT * FROM row WHERE organization_id = %s ORDER BY at DESC, id DESC LIMIT %s", [1, PAGE]
    )
    return render(request, "page.html", {"rows": found})


@login_required
def thread(request: HttpRequest) -> HttpResponse:
    """A thread of 50 messages: session, sign-in, one statement, a fragment."""
    found = _rows("SELECT * FROM entry WHERE thread_id = %s ORDER BY at DESC, id DESC LIMIT %s", [1, PAGE])
    return render(request, "thread.html", {"entries": found})


@csrf_exempt
def hook(request: HttpRequest) -> HttpResponse:
    """Store and enqueue."""
    from benchmarks.limits.queue import apply

    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO delivery (body) VALUES (%s) RETURNING id", [request.body])
        row = cursor.fetchone()
    apply.delay(row[0])
    return HttpResponse(status=202)


@csrf_exempt
def insert(request: HttpRequest) -> HttpResponse:
    """One INSERT."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO delivery (body) VALUES (%s)", [request.body])
    return HttpResponse(status=202)


urlpatterns = [
    path("rows/", rows),
    path("thread/", thread),
    path("hook/", hook),
    path("insert/", insert),
]
