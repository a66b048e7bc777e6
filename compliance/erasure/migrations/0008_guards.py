"""Whom and what a request is about, and what its approval wrote down, cannot be rewritten."""

from django.db import migrations

from compliance.guards import one_way, only_cleared, unchangeable


class Migration(migrations.Migration):
    dependencies = [("erasure", "0007_manifest_proofs")]

    operations = [
        unchangeable(
            "erasure_erasurerequest", ["id", "channel", "ground", "scope_kind", "received_at"]
        ),
        only_cleared("erasure_erasurerequest", ["identity", "identity_index", "scope"]),
        one_way("erasure_erasurerequest", ["decided_at", "erased_interactions", "proof_before"]),
    ]
