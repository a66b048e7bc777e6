"""One way to write JSON as bytes, so that a digest over it means the same everywhere. Pure."""

import json
from hashlib import sha256
from typing import Any


def canonical_json(value: Any) -> bytes:
    """Return `value` as UTF-8 JSON with sorted keys and no white space. NaN is refused."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def json_digest(value: Any) -> str:
    """Return `sha256:` and the hexadecimal SHA-256 of the canonical JSON."""
    return bytes_digest(canonical_json(value))


def bytes_digest(data: bytes) -> str:
    """Return `sha256:` and the hexadecimal SHA-256 of `data`."""
    return f"sha256:{sha256(data).hexdigest()}"
