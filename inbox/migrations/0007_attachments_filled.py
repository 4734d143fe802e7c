# Public ids for the files from before, a thousand at a time; indexes and checks without a long lock.

import bellhop.core.fields
from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently, ValidateConstraint
from django.db import connection, migrations, models

FILL = """
UPDATE inbox_attachment SET public_id = right(replace(gen_random_uuid()::text, '-', ''), 14)
WHERE id IN (SELECT id FROM inbox_attachment WHERE public_id IS NULL LIMIT 1000)
"""


def fill(apps, schema_editor):
    with connection.cursor() as cursor:
        cursor.execute(FILL)
        while cursor.rowcount:
            cursor.execute(FILL)


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('inbox', '0006_attachments'),
    ]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS inbox_attachment_public_id_key ON inbox_attachment (public_id)",
                    "ALTER TABLE inbox_attachment DROP CONSTRAINT IF EXISTS inbox_attachment_public_id_key",
                ),
                migrations.RunSQL(
                    "ALTER TABLE inbox_attachment ADD CONSTRAINT inbox_attachment_public_id_key UNIQUE USING INDEX inbox_attachment_public_id_key, ALTER COLUMN public_id SET NOT NULL",
                    "ALTER TABLE inbox_attachment ALTER COLUMN public_id DROP NOT NULL",
                ),
            ],
            state_operations=[
                migrations.AlterField(
                    model_name='attachment',
                    name='public_id',
                    field=bellhop.core.fields.PublicIdField(default=bellhop.core.fields.new_public_id, editable=False, max_length=14, unique=True),
                ),
            ],
        ),
        AddIndexConcurrently(
            model_name='attachment',
            index=models.Index(condition=models.Q(('draft__isnull', False)), fields=['draft'], name='attachment_of_draft'),
        ),
        AddIndexConcurrently(
            model_name='attachment',
            index=models.Index(condition=models.Q(('state__in', ['wanted', 'fetching'])), fields=['-id'], name='attachment_wanted'),
        ),
        AddConstraintNotValid(
            model_name='attachment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('draft__isnull', True), ('message__isnull', False)), models.Q(('draft__isnull', False), ('message__isnull', True)), _connector='OR'), name='attachment_of_one'),
        ),
        ValidateConstraint(
            model_name='attachment',
            name='attachment_of_one',
        ),
    ]
