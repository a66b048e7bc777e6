"""The training manifest: keyed commitments to the records that a shard learned from.


Each subject is one leaf of a sparse Merkle tree. All that commits to it is made with a secret of
its own, which says nothing about others: who receives it can find the leaf and recompute it.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from django.db import models

from compliance.canonical import json_digest
from compliance.keyring import Key, keyed_digest, parts_hmac
from compliance.provenance import sparse_merkle
from compliance.provenance.models import Plan, Prompt, RecordPlace, SubjectLeaf


@dataclass(frozen=True)
class SliceManifest:
    """What one slice was trained on."""

    root: str
    records: int


class Leaf(NamedTuple):
    """A subject in a tree; where its records are placed."""

    subject_id: int
    shard: int | None
    slice: int
    position: bytes
    leaf: bytes
    records: int


def subject_secret(subject: str) -> bytes:
    """Return what the subject's commitments are made with. Nothing that is handed out shows it."""
    return keyed_digest(Key.COMMITMENT, "secret", subject)


def subject_position(secret: bytes) -> bytes:
    """Return the subject's position in every tree."""
    return sha256(secret).digest()


def record_commitment(secret: bytes, item: str, at: datetime, rating: Decimal) -> bytes:
    """Return the commitment to one record, from its content alone (no row numbers)."""
    return parts_hmac(secret, item, at.astimezone(UTC).isoformat(), f"{rating:.2f}")


def leaf_of(commitments: Iterable[bytes]) -> bytes:
    """Return a subject's leaf: one hash over its records' commitments, in ascending order."""
    return sha256(b"\x03" + b"".join(sorted(commitments))).digest()


def subject_commitment(subject: str) -> bytes:
    """Return the keyed commitment to a subject's identifier, which a certificate shows."""
    return keyed_digest(Key.COMMITMENT, "subject", subject)


def subject_commitments(subject_id: int, *, only: Collection[int]) -> list[bytes]:
    """Return the sorted commitments of those of a subject's records that prompts were cut from.

    `only` these records count, by row id.
    """
    rows = RecordPlace.objects.filter(
        subject_id=subject_id, subject__in=Prompt.objects.values("subject_id"), pk__in=only
    )
    return sorted(commitment for _, _, part in _committed(rows) for commitment in part)


def slice_manifests(plan: Plan, shard: int) -> list[SliceManifest]:
    """Return the manifest of each slice of `shard`, as the stored leaves have it.

    A subject without a prompt has taught nothing and is not part of it.
    """
    rows = SubjectLeaf.objects.filter(plan=plan, shard=shard, taught=True)
    fields = ("subject_id", "shard", "slice", "position", "leaf", "records")
    return _by_slice(plan, (Leaf(*row) for row in rows.values_list(*fields)))


def slice_manifests_of_records(plan: Plan, shard: int) -> list[SliceManifest]:
    """Return the manifest of each slice of `shard`, computed anew from the records."""
    rows = RecordPlace.objects.filter(
        plan=plan,
        shard=shard,
        subject__in=Prompt.objects.filter(plan=plan, shard=shard).values("subject_id"),
    )
    return _by_slice(plan, subject_leaves(rows))


def subject_leaves(rows: "models.QuerySet[RecordPlace]") -> Iterator[Leaf]:
    """Yield the leaf of each subject with a place among `rows`, computed from its records."""
    for place, secret, commitments in _committed(rows):
        position, leaf = subject_position(secret), leaf_of(commitments)
        yield Leaf(*place, position, leaf, len(commitments))


def shard_manifest(slices: Iterable[dict[str, object]]) -> SliceManifest:
    """Join the manifests of a shard's slices, as an adapter's row holds them, into one."""
    parts = [SliceManifest(**part) for part in slices]  # type: ignore[arg-type]
    return SliceManifest(
        root=json_digest([part.root for part in parts]),
        records=sum(part.records for part in parts),
    )


def as_json(slices: Iterable[SliceManifest]) -> list[dict[str, object]]:
    """Return slice manifests in the form that an adapter's row holds."""
    return [asdict(part) for part in slices]


def root_digest(leaves: sparse_merkle.Leaves) -> str:
    """Return the root of a tree as a digest."""
    return f"sha256:{sparse_merkle.root(leaves).hex()}"


def _by_slice(plan: Plan, leaves: Iterable[Leaf]) -> list[SliceManifest]:
    trees: list[dict[bytes, bytes]] = [{} for _ in range(plan.slices)]
    records = [0] * plan.slices
    for part in leaves:
        trees[part.slice][bytes(part.position)] = bytes(part.leaf)
        records[part.slice] += part.records
    return [
        SliceManifest(root=root_digest(tree), records=count)
        for tree, count in zip(trees, records, strict=True)
    ]


def _committed(
    rows: "models.QuerySet[RecordPlace]",
) -> Iterator[tuple[tuple[int, int | None, int], bytes, list[bytes]]]:
    """Yield each subject's row number, shard and slice, its secret, and its commitments."""
    values = rows.order_by("subject_id").values_list(
        "subject_id",
        "shard",
        "slice",
        "subject__external_id",
        "interaction__item__external_id",
        "interaction__occurred_at",
        "interaction__rating",
    )
    rows_by_subject = groupby(values.iterator(chunk_size=10_000), key=itemgetter(0, 1, 2, 3))
    for (subject_id, shard, slice_, subject), group in rows_by_subject:
        secret = subject_secret(subject)
        commitments = [record_commitment(secret, *row[4:]) for row in group]
        yield (subject_id, shard, slice_), secret, commitments
