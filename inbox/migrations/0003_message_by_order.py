from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """The new index is built beside the old one, while messages are read and written."""

    atomic = False

    dependencies = [
        ('inbox', '0002_message_sequence'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='message',
            index=models.Index(fields=['thread', '-sent_at', '-sequence', '-id'], name='message_by_order'),
        ),
        RemoveIndexConcurrently(
            model_name='message',
            name='message_by_time',
        ),
    ]
