# Fills the search columns in small steps and builds the indexes without a lock: safe on a live table.

import django.contrib.postgres.indexes
import django.db.models.functions.text
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

from bellhop.core import search


def fill(apps, schema_editor):
    search.fill("reservations_guest", "full_name")
    search.fill("reservations_unit", "name")


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('reservations', '0002_search'),
    ]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
        AddIndexConcurrently(
            model_name='guest',
            index=django.contrib.postgres.indexes.GinIndex(fields=['search'], name='guest_search'),
        ),
        AddIndexConcurrently(
            model_name='reservation',
            index=models.Index(models.F('organization'), django.contrib.postgres.indexes.OpClass(django.db.models.functions.text.Upper('code'), 'text_pattern_ops'), name='reservation_code_begins'),
        ),
        AddIndexConcurrently(
            model_name='reservation',
            index=models.Index(models.F('organization'), django.contrib.postgres.indexes.OpClass(django.db.models.functions.text.Upper('channel_code'), 'text_pattern_ops'), name='reservation_ota_code_begins'),
        ),
        AddIndexConcurrently(
            model_name='unit',
            index=django.contrib.postgres.indexes.GinIndex(fields=['search'], name='unit_search'),
        ),
    ]
