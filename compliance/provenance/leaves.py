"""Every placed subject's leaf, kept so that an approval need not read the others' records."""

from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import Any, NamedTuple

from django.db.models import QuerySet

from compliance.provenance import sparse_merkle
from compliance.provenance.manifests import (
    subject_leaves,
    subject_position,
    subject_secret,
)
from compliance.provenance.models import (
    FirstByte,
    Plan,
    Prompt,
    RecordPlace,
    Release,
    SubjectLeaf,
    TreeBranch,
)


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
    branches = _branches(plan)
    root = sparse_merkle.root_of_branches(_hashes(branches))
    return {
        "root": f"sha256:{root.hex()}",
        "subjects": sum(stored.branch.leaves for stored in branches.values()),
        "records": sum(stored.records for stored in branches.values()),
    }


def branches_fill(plan: Plan) -> None:
    """Store the branches whose leaves have changed since they were stored.

    The caller holds the serving lock, as everybody does who changes leaves: a branch that was
    computed beside a change would outlive it.
    """
    TreeBranch.objects.bulk_create(
        TreeBranch(plan=plan, first_byte=first, records=found.records, **asdict(found.branch))
        for first, found in _computed(plan, _stored(plan)).items()
    )


def manifest_proof(release: Release, subject: str) -> dict[str, Any] | None:
    """Return the proof that the subject is in the tree of `release`, or that it is not.

    It holds hashes and no identifier: `leaf` is None where the subject is absent. None if the
    stored leaves are no longer, or not yet, those that `release` was published with.
    """
    plan, position = release.plan, subject_position(subject_secret(subject))
    proof = sparse_merkle.prove_in_branches(
        _hashes(_branches(plan)), lambda first: _leaves(plan, [first]), position
    )
    leaf = _leaves(plan, [position[0]]).get(position)
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


class _Stored(NamedTuple):
    """A branch, and how many records its leaves commit to."""

    branch: sparse_merkle.Branch
    records: int


def _branches(plan: Plan) -> dict[int, _Stored]:
    """Return all branches that hold a leaf or are stored, by first byte."""
    stored = _stored(plan)
    return stored | _computed(plan, stored)


def _stored(plan: Plan) -> dict[int, _Stored]:
    rows = TreeBranch.objects.filter(plan=plan)
    return {
        first: _Stored(sparse_merkle.Branch(bytes(content), leaves), records)
        for first, content, leaves, records in rows.values_list(
            "first_byte", "hash", "leaves", "records"
        )
    }


def _computed(plan: Plan, stored: Collection[int]) -> dict[int, _Stored]:
    """Return the branches that are not `stored`, from their leaves."""
    missing = [first for first in range(256) if first not in stored]
    if not missing:
        return {}
    leaves: dict[int, dict[bytes, bytes]] = {first: {} for first in missing}
    records = dict.fromkeys(missing, 0)
    rows = _rows(plan, missing).values_list("position", "leaf", "records")
    for position, leaf, count in rows.iterator(chunk_size=10_000):
        leaves[position[0]][bytes(position)] = bytes(leaf)
        records[position[0]] += count
    return {
        first: _Stored(sparse_merkle.branch(leaves[first]), records[first]) for first in missing
    }


def _hashes(branches: Mapping[int, _Stored]) -> dict[int, sparse_merkle.Branch]:
    return {first: stored.branch for first, stored in branches.items()}


def _leaves(plan: Plan, first_bytes: list[int]) -> dict[bytes, bytes]:
    rows = _rows(plan, first_bytes).values_list("position", "leaf")
    return {bytes(position): bytes(leaf) for position, leaf in rows}


def _rows(plan: Plan, first_bytes: list[int]) -> "QuerySet[SubjectLeaf]":
    rows = SubjectLeaf.objects.filter(plan=plan).alias(first_byte=FirstByte("position"))
    return rows.filter(first_byte__in=first_bytes)


def _shown(other: tuple[bytes, bytes]) -> dict[str, str]:
    position, leaf = other
    return {"position": position.hex(), "leaf": leaf.hex()}
