"""What a person can be handed about the trees of the releases before and after its erasure."""

from typing import Any

from compliance.canonical import canonical_json
from compliance.erasure.models import ErasureRequest
from compliance.provenance.models import Release

Proof = dict[str, Any]


def request_proofs(request: ErasureRequest) -> dict[str, Any]:
    """Return both proofs with the manifests of the releases that they are about.

    A manifest is the exact text that the release's digest is over. A proof that was not made, or
    not yet, is None. There is no personal data in it: positions, hashes and digests.
    """
    return {
        "request": str(request.pk),
        "before": _with_manifest(request.proof_before),
        "after": _with_manifest(request.proof_after),
    }


def _with_manifest(proof: Proof | None) -> dict[str, Any] | None:
    if proof is None:
        return None
    release = Release.objects.filter(digest=proof["release"]).latest("number")
    return {"proof": proof, "manifest": canonical_json(release.manifest).decode()}
