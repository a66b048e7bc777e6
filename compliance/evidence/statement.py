"""What an erasure certificate says: an in-toto Statement v1 with our own predicate, in an envelope.

The dataclasses below mirror `erasure-v1.schema.json` field by field: a field's name is its JSON
name. A digest is "sha256:" and 64 lower-case hex digits; a commitment or key id is the digits
alone. Times are aware datetimes, written in UTC as RFC 3339. Floats are refused: JSON spells one
number in many ways.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from compliance.canonical import canonical_json
from compliance.evidence import dsse, verifier
from compliance.evidence.verifier import PAYLOAD_TYPE, PREDICATE_TYPE, STATEMENT_TYPE

VERSION = "1.0"

LIMITS = (
    "This certificate describes a procedure: the new adapters are what the issuer's code gives for "
    "the named plan and the named training manifests, which no longer hold the erased records. It "
    "does not say that the weights hold no trace of the person: similar records of other people "
    "can teach a model the same.",
    "That a manifest lists everything that an adapter was trained on rests on the replay and on "
    "the issuer; this document alone cannot show it.",
    "The proofs about the releases' trees show anybody that an opaque value stood in the one and "
    "does not stand in the other. That the value is a certain person's can be checked by who "
    "receives that person's secret from the issuer, and by nobody else.",
    "Equality bit for bit is claimed for the named environment and for no other.",
    "Commitments are keyed: a stranger cannot tell from them whose records were erased.",
    "The scope lists the stores that the issuer's system keeps. Back-ups, exports and copies held "
    "by recipients are not covered.",
    "The base model is frozen; an erasure does not change it, and nothing is said about the data "
    "that it was made from.",
    "All times are the issuer's own.",
)
"""What every certificate says about its own reach."""

HOW_TO_VERIFY = (
    "Get the issuer's public key by a way that you trust and run: "
    "python verifier.py CERTIFICATE.json --key PUBLIC_KEY.pem"
)

HONEST_FAILURES = {"replay"}
"""Checks that a true certificate may fail: it says that no identical replay took place."""


class CertificateError(ValueError):
    """The certificate contradicts itself, so it is not signed. The message names each fault."""


class ReplayResult(StrEnum):
    """How a second, independent training compared with the first, bit for bit."""

    IDENTICAL = "identical"
    DIFFERS = "differs"
    NOT_RUN = "not-run"


class Exactness(StrEnum):
    """What the new adapters equal: those of a build that never had the records.

    Where the partition was made from all subjects' records, it is part of what is given: the
    erased records may have had a say in where others are.
    """

    AS_IF_NEVER = "as-if-never"
    FROZEN_PARTITION = "given-a-frozen-partition"


@dataclass(frozen=True, kw_only=True)
class Request:
    """One Art. 17 request. `id` must not identify the person; `time_zone` is an IANA name."""

    id: str
    channel: str
    received_at: datetime
    decided_at: datetime
    completed_at: datetime
    due_on: date
    time_zone: str


@dataclass(frozen=True, kw_only=True)
class Decision:
    """The ground is a letter of GDPR Art. 17(1), such as "17(1)(b)".

    Where a part was `refused`, that is the article, and the outcome is `partly-erased`.
    """

    ground: str
    outcome: str = "erased"
    refused: str | None = None


@dataclass(frozen=True, kw_only=True)
class SubjectCommitment:
    """The person without a name: HMAC-SHA256 of the identifier under a key named by its digest."""

    commitment: str
    key_digest: str
    method: str = "hmac-sha256"


@dataclass(frozen=True, kw_only=True)
class StoreScope:
    """What was found and erased in one store, such as "interactions"."""

    store: str
    found: int
    erased: int
    remaining: int


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """The records that an adapter was trained on: digest and number."""

    digest: str
    records: int


@dataclass(frozen=True, kw_only=True)
class Replay:
    """The second training. Process ids are opaque; environment and replayer are null if not run."""

    result: ReplayResult
    trainer: str
    environment: str | None = None
    replayer: str | None = None


@dataclass(frozen=True, kw_only=True)
class RetrainedShard:
    """One shard whose adapter had learned from the erased records, before and after.

    Requests can share one retraining: `removed_commitments` are this request's records and
    `removed_for_others` counts those of the others. `added` counts records that joined the shard
    in the same retraining, by a refresh or with a subject who moved there; `withdrawn` those that
    left it without being erased, as their subject moved or has too few left for a prompt. A shard
    that the subject moved into has no removed records. `adapter_before` is null if the first
    training of the shard was still running.
    """

    shard: int
    first_slice_retrained: int
    manifest_before: Manifest
    manifest_after: Manifest
    adapter_before: str | None
    adapter_after: str
    removed_commitments: tuple[str, ...]
    replay: Replay
    removed_for_others: int = 0
    added: int = 0
    withdrawn: int = 0


@dataclass(frozen=True, kw_only=True)
class OtherAdapter:
    """An adapter of the new release that this erasure did not touch."""

    shard: int
    digest: str


@dataclass(frozen=True, kw_only=True)
class Environment:
    """Where the training ran; the canary is the digest of a fixed tiny training run there."""

    fingerprint: str
    canary: str


@dataclass(frozen=True, kw_only=True)
class OtherLeaf:
    """The leaf that stands where the path of an absent position ends."""

    position: str
    leaf: str


@dataclass(frozen=True, kw_only=True)
class ManifestProof:
    """How a position stands in a release's tree: with its leaf or, where `leaf` is null, without.

    `siblings` are the hashes beside the path, from the root down; `other` is null where nothing, or
    the leaf itself, stands at the path's end.
    """

    release: str
    root: str
    position: str
    leaf: str | None
    other: OtherLeaf | None
    siblings: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Model:
    """The model's side. No shards: no adapter had learned from the erased records.

    `release_before` is null if nothing had been released, `release_interim` if the old release
    stayed in service until the new one. The proofs are null where a release has no tree.
    """

    base: str
    plan: str
    exactness: Exactness
    environment: Environment
    shards: tuple[RetrainedShard, ...]
    other_adapters: tuple[OtherAdapter, ...]
    release_after: str
    release_before: str | None = None
    release_interim: str | None = None
    proof_before: ManifestProof | None = None
    proof_after: ManifestProof | None = None


@dataclass(frozen=True, kw_only=True)
class DestroyedArtefact:
    """Something made from the erased records, such as a "checkpoint", and when it was destroyed."""

    kind: str
    digest: str
    destroyed_at: datetime


@dataclass(frozen=True, kw_only=True)
class CertificateContent:
    """All that is certified. `model` is None where no model was ever trained."""

    id: UUID
    issuer: str
    issued_at: datetime
    request: Request
    decision: Decision
    subject: SubjectCommitment
    scope: tuple[StoreScope, ...]
    model: Model | None
    derived: tuple[DestroyedArtefact, ...] = ()


def statement_bytes(certificate: CertificateContent, key_id: str) -> bytes:
    """The canonical JSON of the statement that names `key_id` as its signer's."""
    predicate = {
        **_plain(certificate),
        "version": VERSION,
        "limits": list(LIMITS),
        "verification": {"key_id": key_id, "how": HOW_TO_VERIFY},
    }
    statement = {
        "_type": STATEMENT_TYPE,
        "subject": [
            {"name": name, "digest": {"sha256": digest}}
            for name, digest in verifier.named_artefacts(predicate)
        ],
        "predicateType": PREDICATE_TYPE,
        "predicate": predicate,
    }
    return canonical_json(statement)


def certificate_issue(certificate: CertificateContent, key: Ed25519PrivateKey) -> bytes:
    """Sign a certificate and return the envelope's exact bytes; Ed25519 signs alike every time.

    The offline verifier reads it first: what it would reject is not issued, save for a replay that
    differs or was not run, which a certificate has to be able to say. Raises `CertificateError`.
    """
    statement = statement_bytes(certificate, dsse.key_id(key.public_key()))
    envelope = dsse.sign(statement, PAYLOAD_TYPE, key)
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    faults = [
        f"{check.name}: {check.detail}"
        for check in verifier.verify(envelope.raw, pem)
        if not check.passed and check.name not in HONEST_FAILURES
    ]
    if faults:
        raise CertificateError("; ".join(faults))
    return envelope.raw


def _plain(value: Any) -> Any:
    """`value` as JSON types. Raises TypeError for floats and all else that has no one spelling."""
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple):
        return [_plain(entry) for entry in value]
    if isinstance(value, datetime):
        return _rfc3339(value)
    if isinstance(value, UUID | date | StrEnum):
        return str(value)
    if value is None or type(value) in (str, int):
        return value
    raise TypeError(f"a certificate cannot hold a {type(value).__name__}")


def _rfc3339(moment: datetime) -> str:
    if moment.utcoffset() is None:
        raise ValueError("a certificate's times need a time zone; pass aware datetimes")
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
