"""Every placed subject's leaf, kept so that an approval need not read the others' records."""

from collections.abc import Collection
from typing import Any

from django.db.models import Sum

from compliance.provenance import sparse_merkle
from compliance.provenance.manifests import (
    root_digest,
    subject_leaves,
    subject_position,
    subject_secret,
)
from compliance.provenance.models import Plan, Prompt, RecordPlace, Release, SubjectLeaf


def leaves_write(plan: Plan, subject_ids: Collection[int]) -> None:
    """Bring the leaves of these subjects in line with their places, prompts and records.

    Call it in the transaction that places them.
    """
    SubjectLeaf.objects.filter(subject_id__in=subject_ids).delete()
    prompts = Prompt.objects.filter(subject_id__in=subject_ids)
    taught = set(prompts.values_list("subject_id", flat=True))
    leaves = subject_leaves(RecordPlace.objects.filter(plan=plan, subject_id__in=subject_ids))
    SubjectLeaf.objects.bulk_create(
        (
            SubjectLeaf(plan=plan, taught=leaf.subject_id in taught, **leaf._asdict())
            for leaf in leaves
        ),
        batch_size=5_000,
    )


def records_tree(plan: Plan) -> dict[str, object]:
    """Return root and size of the tree over all placed subjects, whatever learned from them.

    Validation subjects are part of it, and those without a prompt: counts are taken over them.
    """
    leaves = _leaves(plan)
    total = SubjectLeaf.objects.filter(plan=plan).aggregate(records=Sum("records", default=0))
    return {"root": root_digest(leaves), "subjects": len(leaves), "records": total["records"]}


def manifest_proof(release: Release, subject: str) -> dict[str, Any] | None:
    """Return the proof that the subject is in the tree of `release`, or that it is not.

    It holds hashes and no identifier: `leaf` is None where the subject is absent. None if the
    stored leaves are no longer, or not yet, those that `release` was published with.
    """
    position = subject_position(subject_secret(subject))
    leaves = _leaves(release.plan)
    proof, leaf = sparse_merkle.prove(leaves, position), leaves.get(position)
    root = f"sha256:{sparse_merkle.root_shown(position, leaf, proof).hex()}"
    if release.manifest.get("records", {}).get("root") != root:
        return None
    return {
        "release": release.digest,
        "root": root,
        "position": position.hex(),
        "leaf": leaf.hex() if leaf else None,
        "other": _shown(proof.other) if proof.other else None,
        "siblings": [sibling.hex() for sibling in proof.siblings],
    }


def _leaves(plan: Plan) -> dict[bytes, bytes]:
    rows = SubjectLeaf.objects.filter(plan=plan).values_list("position", "leaf")
    return {bytes(position): bytes(leaf) for position, leaf in rows.iterator(chunk_size=10_000)}


def _shown(other: tuple[bytes, bytes]) -> dict[str, str]:
    position, leaf = other
    return {"position": position.hex(), "leaf": leaf.hex()}
