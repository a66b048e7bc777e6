"""Where a subject's records go: its own id and records say so, under the plan's frozen partition.

Balancing by counts or clustering people's data would make one person's records shape where
somebody else's go, and erasing them would not be local any more. Free of torch.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from recmodel.taste import Embeddings, Floats, similarity

SEMANTIC, HASH, BALANCED = "semantic", "hash", "balanced-kmeans"
METHODS = (SEMANTIC, HASH, BALANCED)


def keyed_digest(key: bytes, *parts: str) -> bytes:
    """Return HMAC-SHA256 (32 bytes) over `parts`.

    Each part is preceded by its length in bytes, so ("ab", "c") and ("a", "bc") differ.
    """
    data = [part.encode() for part in parts]
    message = b"".join(len(part).to_bytes(8, "big") + part for part in data)
    return hmac.digest(key, message, "sha256")


def keyed_hash(key: bytes, *parts: str) -> int:
    """Return the first 64 bits of `keyed_digest` as an unsigned integer."""
    return int.from_bytes(keyed_digest(key, *parts)[:8], "big")


def is_validation(key: bytes, subject: str, share: float) -> bool:
    """Say whether the subject is set aside for validation; `share` of all subjects are."""
    if not 0.0 <= share <= 1.0:
        raise ValueError(f"share is {share}; it must lie in [0, 1]")
    return keyed_hash(key, "validation", subject) < int(share * 2**64)


def shard_of(key: bytes, subject: str, shards: int) -> int:
    """Return the subject's shard in [0, shards)."""
    return _place(key, "shard", subject, shards)


def slice_of(
    key: bytes, subject: str, slices: int, *, erasure_class: str = "", classes: Sequence[str] = ()
) -> int:
    """Return the subject's slice in [0, slices), independent of its shard and its records.

    `classes` go from least to most likely to be erased. Each has its run of slices, the likeliest
    the last ones, whose retraining is short; within its class's run the keyed hash decides. With
    fewer slices than classes, neighbours share one. A subject of no class, or of one that is not
    named, goes to any slice, as without classes.
    """
    if erasure_class not in classes:
        return _place(key, "slice", subject, slices)
    first, end = slice_run(classes.index(erasure_class), len(classes), slices)
    return first + _place(key, "slice", subject, end - first)


def slice_run(position: int, classes: int, slices: int) -> tuple[int, int]:
    """Return the slices [first, end) of the class at `position` of `classes`."""
    first = position * slices // classes
    return first, max(first + 1, (position + 1) * slices // classes)


class Partitioner(Protocol):
    """Says which shard a subject goes to. `needs_taste` is False where the id alone decides."""

    needs_taste: bool

    def shard(self, subject: str, taste: Floats) -> int:
        """Return the shard of the subject with this external id and this taste."""
        ...


@dataclass(frozen=True)
class HashPartitioner:
    """Keyed hash of the external id."""

    key: bytes
    shards: int
    needs_taste = False

    def shard(self, subject: str, taste: Floats) -> int:
        return shard_of(self.key, subject, self.shards)


@dataclass(frozen=True)
class SemanticPartitioner:
    """A keyed hash names two shards; the one whose centroid is nearer to the taste wins.

    So no shard can expect more than 2/K of the subjects, whatever their tastes. The first of the
    two, where `HashPartitioner` would put the subject, wins ties. centroids: [K, d].
    """

    key: bytes
    centroids: Floats
    needs_taste = True

    def shard(self, subject: str, taste: Floats) -> int:
        first, second = self.candidates(subject)
        if not self.centroids.size:  # the catalogue was empty when the plan was made
            return first
        nearer = similarity(taste, self.centroids[second]) > similarity(
            taste, self.centroids[first]
        )
        return second if nearer else first

    def candidates(self, subject: str) -> tuple[int, int]:
        """Return the two shards, which differ unless there is only one."""
        shards = len(self.centroids)
        first = shard_of(self.key, subject, shards)
        if shards == 1:
            return first, first
        step = 1 + _place(self.key, "second shard", subject, shards - 1)
        return first, (first + step) % shards


@dataclass(frozen=True)
class FrozenPartitioner:
    """Subjects keep the shard that was frozen for them; newcomers go to the nearest centroid.

    What `balanced-kmeans` becomes once it has looked at everybody. centroids: [K, d].
    """

    frozen: Mapping[str, int]
    centroids: Floats
    needs_taste = True

    def shard(self, subject: str, taste: Floats) -> int:
        if subject in self.frozen:
            return self.frozen[subject]
        return max(
            range(len(self.centroids)),
            key=lambda shard: (similarity(taste, self.centroids[shard]), -shard),
        )


def partitioner(partition: Mapping[str, Any]) -> HashPartitioner | SemanticPartitioner:
    """Return the partitioner of a plan's `partition`, unless it has to look at all subjects.

    Raises ValueError for a method that is not one of those.
    """
    key = bytes.fromhex(partition["key"])
    match partition["method"]:
        case "hash":
            return HashPartitioner(key, partition["shards"])
        case "semantic":
            middles = unpacked(partition["centroids"]).reshape(partition["shards"], -1)
            return SemanticPartitioner(key, middles.astype(np.float64))
    raise ValueError(f"the method {partition['method']!r} is neither {HASH!r} nor {SEMANTIC!r}")


def packed(vectors: Embeddings) -> str:
    """Return vectors as a plan holds them: base64 of little-endian float32."""
    return base64.b64encode(vectors.astype("<f4").tobytes()).decode()


def unpacked(text: str) -> Embeddings:
    """Return the numbers that `packed` wrote, float32 [n]."""
    return np.frombuffer(base64.b64decode(text), dtype="<f4")


def _place(key: bytes, domain: str, subject: str, places: int) -> int:
    if places < 1:
        raise ValueError(f"{domain} count is {places}; there must be at least 1")
    return keyed_hash(key, domain, subject) % places
