"""Postgres refuses illegal moves of a request and any change of an event."""

from django.db import migrations

from compliance.guards import append_only, no_removal, state_machine

TRANSITIONS = {
    "received": ["awaiting_identity", "cancelled", "in_review"],
    "awaiting_identity": ["cancelled", "denied", "expired", "in_review"],
    "in_review": ["approved", "awaiting_identity", "cancelled", "denied"],
    "approved": ["failed", "retraining", "verifying"],
    "retraining": ["failed", "verifying"],
    "verifying": ["completed", "failed", "retraining"],
    "failed": ["retraining", "verifying"],
}


class Migration(migrations.Migration):
    dependencies = [("erasure", "0001_initial")]

    operations = [
        state_machine("erasure_erasurerequest", "received", TRANSITIONS),
        no_removal("erasure_erasurerequest"),
        append_only("erasure_erasureevent"),
    ]
