"""Dead Simple Signing Envelope 1.0.2 with Ed25519: sign, and verify before parsing.

Reading and the signed encoding are the verifier's own, so that what we issue is by construction
what a stranger reads: `verifier.py` stands alone and can import nothing from here.
"""

from __future__ import annotations

import base64
import json

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from compliance.evidence.verifier import (
    Envelope,
    Rejected,
    Signature,
    key_id,
    pae,
    parse_envelope,
    verify_signature,
)

__all__ = [
    "Envelope",
    "Rejected",
    "Signature",
    "key_id",
    "pae",
    "parse_envelope",
    "sign",
    "verify",
]


def sign(payload: bytes, payload_type: str, key: Ed25519PrivateKey) -> Envelope:
    """Wrap `payload` in an envelope; `raw` holds the bytes to keep and to hand out."""
    signature = Signature(key.sign(pae(payload_type, payload)), key_id(key.public_key()))
    document = {
        "payload": base64.b64encode(payload).decode(),
        "payloadType": payload_type,
        "signatures": [{"keyid": signature.keyid, "sig": base64.b64encode(signature.sig).decode()}],
    }
    raw = json.dumps(document, separators=(",", ":"), sort_keys=True).encode()
    return Envelope(raw, payload, payload_type, (signature,))


def verify(raw: bytes, payload_type: str, key: Ed25519PublicKey) -> bytes:
    """Return the payload that `key` signed as `payload_type`; parse these bytes and no others.

    Raises `Rejected` for a malformed envelope, another payload type, or no signature by this key.
    """
    envelope = parse_envelope(raw)
    if envelope.payload_type != payload_type:
        raise Rejected(f"payload type {envelope.payload_type!r}, not {payload_type}")
    verify_signature(envelope, key)
    return envelope.payload
