# Fills the search columns in small steps and builds the indexes without a lock: safe on a live table.

import django.contrib.postgres.indexes
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

from bellhop.core import search


def fill(apps, schema_editor):
    search.fill("inbox_thread", "party_name")


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('inbox', '0004_search'),
    ]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
        AddIndexConcurrently(
            model_name='thread',
            index=models.Index(condition=models.Q(('team__isnull', False), models.Q(('status', 'closed'), _negated=True)), fields=['team', '-last_activity_at', '-id'], name='thread_of_team'),
        ),
        AddIndexConcurrently(
            model_name='thread',
            index=django.contrib.postgres.indexes.GinIndex(fields=['search'], name='thread_search'),
        ),
    ]
