"""What was told, decided and paused stays; a person's words can be cleared when their time is up."""

from django.db import migrations

from compliance.guards import (
    append_only,
    no_removal,
    one_way,
    only_cleared,
    state_machine,
    unchangeable,
)

TRANSITIONS = {
    "received": ["awaiting_identity", "cancelled", "in_review"],
    "awaiting_identity": ["cancelled", "denied", "expired", "in_review"],
    "in_review": ["approved", "cancelled", "denied"],
    "approved": ["failed", "retraining", "verifying"],
    "retraining": ["failed", "verifying"],
    "verifying": ["completed", "failed", "retraining"],
    "failed": ["retraining", "verifying"],
}


class Migration(migrations.Migration):
    dependencies = [("erasure", "0009_workflow")]

    operations = [
        state_machine("erasure_erasurerequest", "received", TRANSITIONS),
        unchangeable(
            "erasure_erasurerequest",
            ["source", "submitted_at", "reopens_id", "duplicate_of_id"],
            name="origin",
        ),
        only_cleared("erasure_erasurerequest", ["contact"], name="contact"),
        no_removal("erasure_answer"),
        unchangeable("erasure_answer", ["request_id", "article", "written_at"]),
        only_cleared("erasure_answer", ["text"]),
        no_removal("erasure_extension"),
        unchangeable("erasure_extension", ["request_id", "decided_at", "actor"]),
        only_cleared("erasure_extension", ["reasons"]),
        one_way("erasure_extension", ["in_force_at"]),
        no_removal("erasure_pause"),
        unchangeable("erasure_pause", ["request_id", "kind", "started_on"]),
        one_way("erasure_pause", ["ended_on"]),
        no_removal("erasure_comment"),
        unchangeable("erasure_comment", ["request_id", "actor", "at"]),
        only_cleared("erasure_comment", ["text"]),
        append_only("erasure_preview"),
        append_only("erasure_endorsement"),
    ]
