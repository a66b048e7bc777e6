"""The training manifest: keyed commitments to the records that a shard learned from."""

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256

from django.db import models

from compliance.canonical import json_digest
from compliance.keyring import Key, keyed_digest
from compliance.provenance.models import Plan, Prompt, RecordPlace


@dataclass(frozen=True)
class SliceManifest:
    """What one slice was trained on."""

    root: str
    records: int


def record_commitment(subject: str, item: str, at: datetime, rating: Decimal) -> bytes:
    """Return the keyed commitment to one record, from its content alone (no row numbers)."""
    return keyed_digest(
        Key.COMMITMENT, "record", subject, item, at.astimezone(UTC).isoformat(), f"{rating:.2f}"
    )


def subject_commitment(subject: str) -> bytes:
    """Return the keyed commitment to a subject's identifier."""
    return keyed_digest(Key.COMMITMENT, "subject", subject)


def subject_commitments(subject_id: int, *, only: Collection[int]) -> list[bytes]:
    """Return the sorted commitments of those of a subject's records that prompts were cut from.

    `only` these records count, by row id.
    """
    rows = RecordPlace.objects.filter(
        subject_id=subject_id, subject__in=Prompt.objects.values("subject_id"), pk__in=only
    )
    return sorted(commitment for _, commitment in _commitments(rows))


def slice_manifests(plan: Plan, shard: int) -> list[SliceManifest]:
    """Return the manifest of each slice of `shard`, as the database stands now.

    A subject without a prompt has taught nothing and is not part of it.
    """
    rows = RecordPlace.objects.filter(
        plan=plan,
        shard=shard,
        subject__in=Prompt.objects.filter(plan=plan, shard=shard).values("subject_id"),
    )
    leaves: list[list[bytes]] = [[] for _ in range(plan.slices)]
    for slice_, commitment in _commitments(rows):
        leaves[slice_].append(commitment)
    return [SliceManifest(root=_root(part), records=len(part)) for part in leaves]


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


def _commitments(rows: "models.QuerySet[RecordPlace]") -> Iterable[tuple[int, bytes]]:
    values = rows.values_list(
        "slice",
        "interaction__subject__external_id",
        "interaction__item__external_id",
        "interaction__occurred_at",
        "interaction__rating",
    )
    for slice_, subject, item, at, rating in values.iterator(chunk_size=10_000):
        yield slice_, record_commitment(subject, item, at, rating)


def _root(leaves: list[bytes]) -> str:
    return f"sha256:{sha256(b''.join(sorted(leaves))).hexdigest()}"
