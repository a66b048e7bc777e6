import json
from datetime import UTC, date, datetime
from hashlib import sha256
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from compliance.evidence import dsse, statement, verifier
from compliance.evidence.keys import public_pem
from compliance.provenance import sparse_merkle

# Judy's position begins as Alice's does: she stands at the end of Alice's path when Alice is gone.
PEOPLE = ("bob", "charlie", "dora", "grace", "judy")


def _hex(text):
    return sha256(text.encode()).hexdigest()


def _digest(text):
    return f"sha256:{_hex(text)}"


@pytest.fixture(scope="session")
def hex_of():
    """A commitment for a word."""
    return _hex


@pytest.fixture(scope="session")
def digest_of():
    """A digest for a word."""
    return _digest


@pytest.fixture(scope="session")
def key():
    return Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


@pytest.fixture(scope="session")
def other_key():
    return Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))


@pytest.fixture(scope="session")
def pem(key):
    return public_pem(key.public_key())


@pytest.fixture(scope="session")
def new_manifest():
    """What shard 2 is trained on after the erasure: two slices, three records of two people."""
    bob, charlie = _hex("where bob is"), _hex("where charlie is")
    return [[[bob, sorted([_hex("kept 1"), _hex("kept 2")])]], [[charlie, [_hex("kept 3")]]]]


@pytest.fixture(scope="session")
def content(new_manifest):
    """A certificate for Alice, whose two records had shaped shard 2."""
    return statement.CertificateContent(
        id=UUID("6f2c1f7e-8f0b-4c7e-9d53-1f1c6a2b7e10"),
        issuer="Kinoteca GmbH",
        issued_at=datetime(2026, 2, 11, 9, 30, tzinfo=UTC),
        request=statement.Request(
            id="0b6c5c1e-4d0e-4b43-8f0a-54a2b3c6f9aa",
            channel="portal",
            received_at=datetime(2026, 1, 31, 8, 0, tzinfo=UTC),
            decided_at=datetime(2026, 2, 10, 12, 0, tzinfo=UTC),
            completed_at=datetime(2026, 2, 11, 9, 29, 59, 123456, tzinfo=UTC),
            due_on=date(2026, 2, 28),
            time_zone="Europe/Berlin",
        ),
        decision=statement.Decision(ground="17(1)(b)"),
        subject=statement.SubjectCommitment(
            commitment=_hex("alice"), key_digest=_digest("commitment key")
        ),
        scope=(
            statement.StoreScope(store="interactions", found=2, erased=2, remaining=0),
            statement.StoreScope(store="subjects", found=1, erased=1, remaining=0),
        ),
        model=_model(new_manifest),
        derived=(
            statement.DestroyedArtefact(
                kind="checkpoint",
                digest=_digest("adapter 2 old"),
                destroyed_at=datetime(2026, 2, 11, 9, 0, tzinfo=UTC),
            ),
        ),
    )


def _leaf(*commitments):
    return verifier.leaf_of(commitments)


def manifest_proof(when, *names):
    """A proof about Alice in a tree that holds these people, each with two records."""
    people = {bytes.fromhex(_hex(f"where {name} is")): name for name in names}
    leaves = {place: _leaf(_hex(f"{name} 1"), _hex(f"{name} 2")) for place, name in people.items()}
    position = bytes.fromhex(_hex("where alice is"))
    proof, leaf = sparse_merkle.prove(leaves, position), leaves.get(position)
    other = proof.other and statement.OtherLeaf(
        position=proof.other[0].hex(), leaf=proof.other[1].hex()
    )
    return statement.ManifestProof(
        release=_digest(f"release {when}"),
        root=f"sha256:{sparse_merkle.root(leaves).hex()}",
        position=position.hex(),
        leaf=leaf.hex() if leaf else None,
        other=other,
        siblings=tuple(sibling.hex() for sibling in proof.siblings),
    )


def _model(new_manifest):
    shard = statement.RetrainedShard(
        shard=2,
        first_slice_retrained=1,
        manifest_before=statement.Manifest(digest=_digest("manifest 2 old"), records=5),
        manifest_after=statement.Manifest(digest=verifier.manifest_digest(new_manifest), records=3),
        adapter_before=_digest("adapter 2 old"),
        adapter_after=_digest("adapter 2 new"),
        removed_commitments=(_hex("alice 1"), _hex("alice 2")),
        replay=statement.Replay(
            result=statement.ReplayResult.IDENTICAL,
            environment=_digest("environment"),
            trainer="train-1",
            replayer="replay-1",
        ),
    )
    return statement.Model(
        base=_digest("base"),
        plan=_digest("plan"),
        exactness=statement.Exactness.AS_IF_NEVER,
        environment=statement.Environment(
            fingerprint=_digest("environment"), canary=_digest("canary")
        ),
        shards=(shard,),
        other_adapters=(
            statement.OtherAdapter(shard=0, digest=_digest("adapter 0")),
            statement.OtherAdapter(shard=1, digest=_digest("adapter 1")),
        ),
        release_before=_digest("release old"),
        release_interim=_digest("release interim"),
        release_after=_digest("release new"),
        proof_before=manifest_proof("old", *PEOPLE, "alice"),
        proof_after=manifest_proof("new", *PEOPLE),
    )


@pytest.fixture(scope="session")
def certificate(content, key):
    """The envelope's bytes, as issued."""
    return statement.certificate_issue(content, key)


@pytest.fixture(scope="session")
def statement_text(content, key):
    return statement.statement_bytes(content, dsse.key_id(key.public_key()))


@pytest.fixture
def said(statement_text):
    """The statement as a fresh dictionary, to be tampered with."""
    return json.loads(statement_text)


@pytest.fixture(scope="session")
def signed(key):
    """Sign any statement, as an issuer with a faulty or dishonest program would."""

    def sign(said, payload_type=verifier.PAYLOAD_TYPE):
        payload = said if isinstance(said, bytes) else json.dumps(said).encode()
        return dsse.sign(payload, payload_type, key).raw

    return sign
