from django.db import migrations, models


class Migration(migrations.Migration):
    """A column with a constant default: no row is rewritten. Messages from before keep the order of their rows."""

    dependencies = [
        ('inbox', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='message',
            name='sequence',
            field=models.BigIntegerField(db_default=0, default=0),
        ),
    ]
