"""What was served, and what is out of service, cannot be rewritten."""

from django.db import migrations

from compliance.guards import append_only, no_removal, one_way


class Migration(migrations.Migration):
    dependencies = [("provenance", "0003_records_added")]

    operations = [
        append_only("provenance_release_checkpoints"),
        no_removal("provenance_serving"),
        no_removal("provenance_checkpoint"),
        one_way("provenance_checkpoint", ["quarantined_at", "destroyed_at"]),
    ]
