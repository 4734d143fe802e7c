# The PMS's own channel of the threads from before, a thousand at a time.

from django.db import connection, migrations

FILL = """
UPDATE inbox_thread SET pms_channel = channel
WHERE id IN (SELECT id FROM inbox_thread WHERE pms_channel = '' AND channel <> '' AND channel_raw <> '' LIMIT 1000)
"""


def fill(apps, schema_editor):
    with connection.cursor() as cursor:
        cursor.execute(FILL)
        while cursor.rowcount:
            cursor.execute(FILL)


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('inbox', '0009_pms_channel'),
    ]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
