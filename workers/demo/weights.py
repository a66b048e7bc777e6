"""What stands in the artefact store, byte for byte."""

from hashlib import sha256

from compliance.provenance.artefacts import artefact_path
from compliance.provenance.models import Plan
from compliance.provenance.releases import served_checkpoints


def served_files(plan: Plan) -> dict[int, dict[str, str]]:
    """Return, for each shard that is served, the SHA-256 of each of its adapter's files."""
    return {
        checkpoint.adapter.shard: {
            path.name: sha256(path.read_bytes()).hexdigest()
            for path in sorted(artefact_path(checkpoint.digest).iterdir())
        }
        for checkpoint in served_checkpoints(plan)
    }
