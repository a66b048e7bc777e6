"""Where a subject's records go: keyed hashes, so that no subject's place depends on another's.

Balancing by counts or clustering people's data would make one person's records shape where
somebody else's go, and erasing them would not be local any more. Free of torch.
"""

from __future__ import annotations

import hashlib
import hmac


def keyed_digest(key: bytes, *parts: str) -> bytes:
    """Return HMAC-SHA256 (32 bytes) over `parts`.

    Each part is preceded by its length in bytes, so ("ab", "c") and ("a", "bc") differ.
    """
    mac = hmac.new(key, digestmod=hashlib.sha256)
    for part in parts:
        data = part.encode()
        mac.update(len(data).to_bytes(8, "big"))
        mac.update(data)
    return mac.digest()


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


def slice_of(key: bytes, subject: str, slices: int) -> int:
    """Return the subject's slice in [0, slices), independent of its shard."""
    return _place(key, "slice", subject, slices)


def _place(key: bytes, domain: str, subject: str, places: int) -> int:
    if places < 1:
        raise ValueError(f"{domain} count is {places}; there must be at least 1")
    return keyed_hash(key, domain, subject) % places
