"""What a restriction is about cannot be changed, and a parked record stays what it was."""

from django.db import migrations

from compliance.guards import unchangeable


class Migration(migrations.Migration):
    dependencies = [("records", "0006_restriction")]

    operations = [
        unchangeable("records_restriction", ["request_id", "tag", "identity", "scope", "since"]),
        unchangeable("records_parkedinteraction", ["tag", "content", "parked_at"]),
    ]
