from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("provenance", "0002_serving")]

    operations = [
        migrations.AddField(
            model_name="adapter",
            name="records_added",
            field=models.IntegerField(
                default=0, help_text="Records that joined the shard since the generation before."
            ),
        ),
    ]
