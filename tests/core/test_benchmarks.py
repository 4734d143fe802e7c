"""The benchmarks' big database is made by SQL that has to keep up with the tables."""

from __future__ import annotations

import pytest
from django.db import connection

from benchmarks import inside, million
from inbox.models import Message, Thread
from inbox.services import listing


@pytest.mark.django_db
def test_the_recipe_fits_the_tables() -> None:
    inside.people()
    with connection.cursor() as cursor:
        cursor.execute(million.recipe(2_000))
    assert Message.objects.count() == 2_000
    assert Thread.objects.count() == 200
    rows = listing.page(inside._agent(), listing.ListQuery(view="all")).rows
    assert len(rows) == listing.PAGE
