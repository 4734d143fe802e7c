# Columns only, each added without touching a row, and the trigger that lets go of stored files. 0007 fills and indexes.

import django.db.models.deletion
from django.db import migrations, models

# 56 random bits as the database makes them, for rows from before and for those that older code still inserts.
RANDOM = "right(replace(gen_random_uuid()::text, '-', ''), 14)"

LET_GO = """
CREATE FUNCTION inbox_attachment_let_go() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO core_unusedfile (key, delete_at)
  SELECT key, 'epoch'::timestamptz FROM unnest(ARRAY[OLD.storage_key, OLD.thumbnail_key]) AS held (key)
  WHERE key <> '' AND (TG_OP = 'DELETE' OR key NOT IN (NEW.storage_key, NEW.thumbnail_key))
  ON CONFLICT (key) DO UPDATE SET delete_at = excluded.delete_at;
  RETURN NULL;
END $$;
CREATE TRIGGER inbox_attachment_let_go AFTER DELETE OR UPDATE OF storage_key, thumbnail_key ON inbox_attachment
FOR EACH ROW EXECUTE FUNCTION inbox_attachment_let_go();
"""
KEEP_NO_MORE = "DROP TRIGGER inbox_attachment_let_go ON inbox_attachment; DROP FUNCTION inbox_attachment_let_go();"


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0003_unused_file'),
        ('inbox', '0005_search_filled'),
    ]

    operations = [
        migrations.AddField(
            model_name='attachment',
            name='public_id',
            field=models.CharField(editable=False, max_length=14, null=True),
        ),
        migrations.RunSQL(
            f"ALTER TABLE inbox_attachment ALTER COLUMN public_id SET DEFAULT {RANDOM}",
            "ALTER TABLE inbox_attachment ALTER COLUMN public_id DROP DEFAULT",
        ),
        migrations.AlterField(
            model_name='attachment',
            name='message',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='attachments', to='inbox.message'),
        ),
        migrations.AddField(
            model_name='attachment',
            name='draft',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='files', to='inbox.draft'),
        ),
        migrations.AddField(
            model_name='attachment',
            name='delivery_id',
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='attachment',
            name='state',
            field=models.CharField(choices=[('wanted', 'Being fetched'), ('fetching', 'Being fetched'), ('kept', 'Kept'), ('refused', 'Refused'), ('failed', 'Could not be fetched')], db_default='wanted', default='wanted', max_length=8),
        ),
        migrations.AddField(
            model_name='attachment',
            name='reason',
            field=models.CharField(blank=True, db_default='', default='', max_length=20),
        ),
        migrations.AddField(
            model_name='attachment',
            name='tries',
            field=models.PositiveSmallIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name='attachment',
            name='next_try_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='attachment',
            name='storage_key',
            field=models.CharField(blank=True, db_default='', default='', max_length=120),
        ),
        migrations.AddField(
            model_name='attachment',
            name='thumbnail_key',
            field=models.CharField(blank=True, db_default='', default='', max_length=120),
        ),
        migrations.AddField(
            model_name='attachment',
            name='sniffed_type',
            field=models.CharField(blank=True, db_default='', default='', max_length=100),
        ),
        migrations.AddField(
            model_name='attachment',
            name='sha256',
            field=models.CharField(blank=True, db_default='', default='', max_length=64),
        ),
        migrations.AddField(
            model_name='attachment',
            name='width',
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='attachment',
            name='height',
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='attachment',
            name='alt_text',
            field=models.CharField(blank=True, db_default='', default='', max_length=500),
        ),
        migrations.RunSQL(LET_GO, KEEP_NO_MORE),
        migrations.AlterField(
            model_name='notice',
            name='kind',
            field=models.CharField(choices=[('failed', 'A message was not delivered'), ('unconfirmed', 'A message may not have arrived'), ('not_sent', 'A message was not sent'), ('mention', 'Somebody mentioned you'), ('assigned', 'A conversation was assigned to you'), ('file', 'A file of the guest could not be fetched'), ('incident', 'Something needs a person')], max_length=11),
        ),
    ]
