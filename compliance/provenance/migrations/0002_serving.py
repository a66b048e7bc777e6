"""Releases stay as they are; the row that says what is live exists from the start."""

from django.db import migrations

from compliance.guards import append_only


class Migration(migrations.Migration):
    dependencies = [("provenance", "0001_initial")]

    operations = [
        append_only("provenance_release"),
        migrations.RunSQL(
            "INSERT INTO provenance_serving (id, epoch) VALUES (1, 0)",
            reverse_sql="DELETE FROM provenance_serving",
        ),
    ]
