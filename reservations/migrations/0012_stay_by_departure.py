from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):

    atomic = False
    dependencies = [
        ('reservations', '0011_housekeeping_board'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='reservation',
            index=models.Index(fields=['property', 'departure_date'], name='reservation_by_departure'),
        ),
    ]
