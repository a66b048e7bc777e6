"""What a suppression refuses cannot be narrowed."""

from django.db import migrations

from compliance.guards import unchangeable


class Migration(migrations.Migration):
    dependencies = [("records", "0004_suppressed_parts")]

    operations = [unchangeable("records_suppression", ["tag", "part", "since"])]
