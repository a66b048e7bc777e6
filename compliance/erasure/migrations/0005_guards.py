"""An answered request stays as it is, and so does what a request touched."""

from django.db import migrations

from compliance.guards import append_only, final_states


class Migration(migrations.Migration):
    dependencies = [("erasure", "0004_drop_manifest_after")]

    operations = [
        append_only("erasure_touchedshard"),
        final_states("erasure_erasurerequest", ["completed", "denied", "cancelled", "expired"]),
    ]
