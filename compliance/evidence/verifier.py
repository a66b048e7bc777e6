#!/usr/bin/env python3
"""Check an erasure certificate offline.

This one file needs Python 3.11 or later and the `cryptography` package, nothing else. Copy it
anywhere and run

    python verifier.py CERTIFICATE.json --key PUBLIC_KEY.pem

It reads the DSSE 1.0.2 envelope, verifies its Ed25519 signature (RFC 8032) over the exact payload
bytes, then parses those same bytes as an in-toto Statement v1 and checks that what it says agrees
with itself. `--adapter` recomputes the digest of an adapter that you hold, `--manifest` that of a
training manifest, `--releases` those of the releases' manifests. Nothing is fetched and nothing is
written.

The public key decides everything: get it from the issuer by a way that you trust, not from whoever
handed you the certificate.

Exit codes; where several checks fail, the first in this order:

     0  every check passed
     1  the `cryptography` package is missing
     2  the command line is wrong
     3  certificate-file: the certificate cannot be read
     4  key: the public key cannot be read or is not an Ed25519 public key in PEM
    10  envelope: not a well-formed DSSE envelope
    11  payload-type: not application/vnd.in-toto+json
    12  signature: no signature by this key over these bytes
    13  statement: the payload is not an in-toto Statement v1
    14  predicate-type: not an erasure certificate, or of a version unknown here
    15  predicate-form: a field is missing or of the wrong form
    16  digests: a digest or commitment is not well formed
    17  key-named: the certificate names another key than the one that signed it
    18  subjects: the statement's subjects differ from the release and adapters that it reports
    19  scope: found, erased and remaining disagree, or something remains
    20  records: the manifests' counts disagree with the records removed
    21  replay: an adapter's replay is not an identical one by a second process
    22  other-adapters: an adapter is said to be both retrained and unchanged
    23  dates: the dates are out of order
    24  releases: adapters were retrained and the release stayed the same
    25  proofs: a release's tree does not hold the person, or lack it, as is claimed
    30  adapter: a given adapter is not one that the certificate vouches for
    31  manifest: a given manifest is not one that the certificate names, or holds an erased record
    32  release-manifest: a given release's manifest is not a certified one, or has another tree
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO, NoReturn, TypeGuard

try:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        PublicFormat,
        load_pem_public_key,
    )
except ImportError:
    if __name__ != "__main__":
        raise
    print("verifier.py needs the cryptography package: pip install cryptography", file=sys.stderr)
    sys.exit(1)

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://lethe.dev/predicates/erasure/v1"

MAX_FILE_BYTES = 64 * 1024 * 1024  # a certificate over 500,000 erased records fits
MAX_COUNT = 2**53 - 1  # the largest integer that every JSON reader keeps (RFC 8259, section 6)
MAX_HEADER_BYTES = 100_000_000  # the safetensors format's own limit

CODES = {
    "certificate-file": 3,
    "key": 4,
    "envelope": 10,
    "payload-type": 11,
    "signature": 12,
    "statement": 13,
    "predicate-type": 14,
    "predicate-form": 15,
    "digests": 16,
    "key-named": 17,
    "subjects": 18,
    "scope": 19,
    "records": 20,
    "replay": 21,
    "other-adapters": 22,
    "dates": 23,
    "releases": 24,
    "proofs": 25,
    "adapter": 30,
    "manifest": 31,
    "release-manifest": 32,
}


class Rejected(ValueError):
    """A check failed; the message says what is wrong in the reader's words."""


@dataclass(frozen=True)
class Check:
    """One check and how it came out."""

    name: str
    passed: bool
    detail: str

    @property
    def code(self) -> int:
        """The exit code that stands for a failure of this check."""
        return CODES[self.name]


# --- JSON and base64, read strictly ---------------------------------------------------------------


def load_json(data: bytes) -> Any:
    """Parse JSON in which two readers cannot see two things.

    RFC 8259 leaves duplicate names and numbers beyond a double's precision to the reader, so both
    are refused: duplicate names, fractions and exponents, NaN, a byte order mark, other encodings
    than UTF-8. Raises `Rejected`.
    """
    try:
        return json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_object_without_duplicates,
            parse_float=_refuse_number,
            parse_constant=_refuse_number,
        )
    except UnicodeDecodeError as error:
        raise Rejected(f"not UTF-8 text (byte {error.start})") from None
    except RecursionError:
        raise Rejected("JSON nested too deeply") from None
    except Rejected:
        raise
    except ValueError as error:
        raise Rejected(f"not JSON ({error})") from None


def _object_without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise Rejected(f"the name {_show(name)} stands twice in one JSON object")
        found[name] = value
    return found


def _refuse_number(text: str) -> NoReturn:
    raise Rejected(f"the number {text[:40]} is not an integer")


def decode_base64(text: str) -> bytes:
    """Decode RFC 4648 base64, standard or URL-safe alphabet (DSSE allows either), padded.

    Only the one canonical spelling is taken: no white space, no mixed alphabets, no stray bits.
    """
    try:
        data = base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        raise Rejected("not base64") from None
    if text.encode() not in (base64.b64encode(data), base64.urlsafe_b64encode(data)):
        raise Rejected("base64 in more than one spelling")
    return data


def _show(value: object) -> str:
    """A short, printable form of an untrusted value: no control characters, no deep structures."""
    if isinstance(value, str):
        return ascii(value) if len(value) <= 80 else ascii(value[:77]) + "..."
    if value is None or isinstance(value, bool | int):
        return str(value)[:80]
    return "an object" if isinstance(value, dict) else "an array"


# --- the envelope: DSSE 1.0.2 ---------------------------------------------------------------------


@dataclass(frozen=True)
class Signature:
    """One signature of an envelope. The key id is a hint and never decides anything."""

    sig: bytes
    keyid: str = ""


@dataclass(frozen=True)
class Envelope:
    """A parsed DSSE envelope, with the exact bytes that it was read from in `raw`."""

    raw: bytes
    payload: bytes
    payload_type: str
    signatures: tuple[Signature, ...]


def pae(payload_type: str, payload: bytes) -> bytes:
    """The bytes that are signed: DSSE's pre-authentication encoding."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def parse_envelope(raw: bytes) -> Envelope:
    """Read a DSSE JSON envelope; unknown names are ignored as the specification says.

    Raises `Rejected` for anything else than one reading of a well-formed envelope.
    """
    document = load_json(raw)
    if not isinstance(document, dict):
        raise Rejected("the envelope is not a JSON object")
    signatures = document.get("signatures")
    if not isinstance(signatures, list) or not signatures:
        raise Rejected("signatures is not a list with at least one signature")
    return Envelope(
        raw=raw,
        payload=_base64_member(document, "payload"),
        payload_type=_text_member(document, "payloadType"),
        signatures=tuple(_parse_signature(entry) for entry in signatures),
    )


def _parse_signature(entry: object) -> Signature:
    if not isinstance(entry, dict):
        raise Rejected("a signature is not a JSON object")
    keyid = entry.get("keyid")
    if keyid is not None and not isinstance(keyid, str):
        raise Rejected("keyid is not a string")
    return Signature(_base64_member(entry, "sig"), keyid or "")


def _text_member(document: dict[str, Any], name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str):
        raise Rejected(f"{name} is missing or not a string")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Rejected(f"{name} holds half a character") from None
    return value


def _base64_member(document: dict[str, Any], name: str) -> bytes:
    try:
        return decode_base64(_text_member(document, name))
    except Rejected as error:
        raise Rejected(f"{name}: {error}") from None


def load_public_key(pem: bytes) -> Ed25519PublicKey:
    """Read an Ed25519 public key (RFC 8410) in PEM. Raises `Rejected`, with the remedy."""
    if b"PRIVATE KEY" in pem:
        raise Rejected("this is a private key; give the public key, and keep this one to yourself")
    try:
        key = load_pem_public_key(pem)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise Rejected("not a public key in PEM (-----BEGIN PUBLIC KEY-----)") from None
    if not isinstance(key, Ed25519PublicKey):
        raise Rejected(f"not an Ed25519 key but {type(key).__name__}")
    return key


def key_id(key: Ed25519PublicKey) -> str:
    """Hex SHA-256 of the key's DER SubjectPublicKeyInfo (RFC 5280, section 4.1.2.7)."""
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()


def verify_signature(envelope: Envelope, key: Ed25519PublicKey) -> None:
    """Raise `Rejected` unless one of the signatures is this key's; the others do not matter."""
    signed = pae(envelope.payload_type, envelope.payload)
    for signature in envelope.signatures:
        try:
            return key.verify(signature.sig, signed)
        except InvalidSignature:
            continue
    raise Rejected(f"none of {len(envelope.signatures)} signature(s) is by key {key_id(key)}")


# --- the form of a certificate --------------------------------------------------------------------

Predicate = dict[str, Any]
# A kind below; [Shape]; or {name: Shape}, the name with "?" where null may stand, and with "*"
# where it may be missing, as it is in certificates from before there was such a field.
Shape = Any

_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{6})?Z")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_WORD = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
_GROUND = re.compile(r"17\(1\)\([a-f]\)")
_REFUSAL = re.compile(r"17\(3\)\([a-e]\)|12\(5\)|11\(2\)|no-match")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_HEX = re.compile(r"[0-9a-f]{64}")

_MANIFEST: Shape = {"digest": "digest", "records": "count"}
_PROOF: Shape = {
    "release": "digest",
    "root": "digest",
    "position": "hex",
    "leaf?": "hex",
    "other?": {"position": "hex", "leaf": "hex"},
    "siblings": ["hex"],
}

SHAPE: Shape = {
    "version": "version",
    "id": "uuid",
    "issuer": "text",
    "issued_at": "time",
    "request": {
        "id": "text",
        "channel": "word",
        "received_at": "time",
        "decided_at": "time",
        "completed_at": "time",
        "due_on": "date",
        "time_zone": "text",
    },
    "decision": {"outcome": "outcome", "ground": "ground", "refused?*": "refusal"},
    "subject": {"commitment": "hex", "method": "method", "key_digest": "digest"},
    "scope": [{"store": "word", "found": "count", "erased": "count", "remaining": "count"}],
    "model?": {
        "base": "digest",
        "plan": "digest",
        "exactness*": "exactness",
        "environment": {"fingerprint": "digest", "canary": "digest"},
        "shards": [
            {
                "shard": "count",
                "first_slice_retrained": "count",
                "manifest_before": _MANIFEST,
                "manifest_after": _MANIFEST,
                "adapter_before?": "digest",
                "adapter_after": "digest",
                "removed_commitments": ["hex"],
                "removed_for_others": "count",
                "added": "count",
                "withdrawn*": "count",
                "replay": {
                    "result": "result",
                    "environment?": "digest",
                    "trainer": "text",
                    "replayer?": "text",
                },
            }
        ],
        "other_adapters": [{"shard": "count", "digest": "digest"}],
        "release_before?": "digest",
        "release_interim?": "digest",
        "release_after": "digest",
        "proof_before?*": _PROOF,
        "proof_after?*": _PROOF,
    },
    "derived": [{"kind": "word", "digest": "digest", "destroyed_at": "time"}],
    "limits": ["text"],
    "verification": {"key_id": "hex", "how": "text"},
}


def _is_time(text: str) -> bool:
    return bool(_TIME.fullmatch(text)) and _parses(datetime.fromisoformat, text)


def _is_date(text: str) -> bool:
    return bool(_DATE.fullmatch(text)) and _parses(date.fromisoformat, text)


def _parses(parse: Callable[[str], object], text: str) -> bool:
    try:
        parse(text)
    except ValueError:
        return False
    return True


_TEXT_KINDS: dict[str, Callable[[str], bool]] = {
    "text": lambda text: bool(text.strip()) and _parses(str.encode, text),
    "word": lambda text: bool(_WORD.fullmatch(text)),
    "uuid": lambda text: bool(_UUID.fullmatch(text)),
    "ground": lambda text: bool(_GROUND.fullmatch(text)),
    "time": _is_time,
    "date": _is_date,
    "version": lambda text: text == "1.0",
    "outcome": lambda text: text in ("erased", "partly-erased"),
    "refusal": lambda text: bool(_REFUSAL.fullmatch(text)),
    "method": lambda text: text == "hmac-sha256",
    "result": lambda text: text in ("identical", "differs", "not-run"),
    "exactness": lambda text: text in ("as-if-never", "given-a-frozen-partition"),
    "digest": lambda text: True,  # the check `digests` looks closer
    "hex": lambda text: True,
}


def _leaves(value: Any, shape: Shape, path: str) -> Iterator[tuple[str, str, Any]]:
    """Yield (path, kind, value) for each leaf that `shape` names; `Rejected` on another form."""
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            raise Rejected(f"{path} is not an object")
        for mark, inner in shape.items():
            name = mark.rstrip("?*")
            if name not in value:
                if mark.endswith("*"):
                    continue
                raise Rejected(f"{path}.{name} is missing")
            if value[name] is not None or "?" not in mark:
                yield from _leaves(value[name], inner, f"{path}.{name}")
    elif isinstance(shape, list):
        if not isinstance(value, list):
            raise Rejected(f"{path} is not an array")
        for place, entry in enumerate(value):
            yield from _leaves(entry, shape[0], f"{path}[{place}]")
    else:
        yield path, shape, value


def _check_leaf(path: str, kind: str, value: object) -> None:
    if kind == "count":
        fits = type(value) is int and 0 <= value <= MAX_COUNT
    else:
        fits = isinstance(value, str) and _TEXT_KINDS[kind](value)
    if not fits:
        raise Rejected(f"{path} is {_show(value)}, not a valid {kind}")


def check_form(predicate: object) -> str:
    """Every field is there and of its form. Unknown fields are ignored, as in-toto asks."""
    count = 0
    for path, kind, value in _leaves(predicate, SHAPE, "predicate"):
        _check_leaf(path, kind, value)
        count += 1
    return f"{count} fields of the expected form"


def check_digests(predicate: Predicate) -> str:
    """Digests are `sha256:` and 64 lower-case hex digits; commitments and key ids the digits."""
    count = 0
    for path, kind, value in _leaves(predicate, SHAPE, "predicate"):
        pattern = {"digest": _DIGEST, "hex": _HEX}.get(kind)
        if pattern is None:
            continue
        if not pattern.fullmatch(value):
            raise Rejected(f"{path} is {_show(value)}, not a SHA-256 in lower-case hex")
        count += 1
    return f"{count} digests well formed"


# --- what the certificate says, against itself ----------------------------------------------------


def check_subjects(predicate: Predicate, subjects: list[tuple[str, str]]) -> str:
    """The statement's subjects are the new release and the new adapters, no more and no fewer."""
    if sorted(subjects) != sorted(named_artefacts(predicate)):
        raise Rejected("the statement's subjects are not the release and adapters in the predicate")
    return f"{len(subjects)} artefact(s) named: " + ", ".join(name for name, _ in subjects)


def named_artefacts(predicate: Predicate) -> list[tuple[str, str]]:
    """(name, hex SHA-256) of all that the certificate vouches for: new release, new adapters.

    Where no model was ever trained, it is the request, by its id: a statement needs a subject.
    """
    model = predicate["model"]
    if model is None:
        return [("request", hashlib.sha256(predicate["request"]["id"].encode()).hexdigest())]
    named = [("release", model["release_after"])]
    named += [(f"adapter/shard-{s['shard']}", s["adapter_after"]) for s in model["shards"]]
    return [(name, digest.removeprefix("sha256:")) for name, digest in named]


def _shards(predicate: Predicate) -> list[dict[str, Any]]:
    """The retrained shards; none where there is no model."""
    return predicate["model"]["shards"] if predicate["model"] else []


def _other_adapters(predicate: Predicate) -> list[dict[str, Any]]:
    return predicate["model"]["other_adapters"] if predicate["model"] else []


def check_scope(predicate: Predicate) -> str:
    """In every store found - erased = remaining, and nothing remains."""
    scope = predicate["scope"]
    _refuse_repeats("the store", (row["store"] for row in scope))
    for row in scope:
        if row["found"] - row["erased"] != row["remaining"]:
            raise Rejected(
                f"store {row['store']}: found {row['found']}, erased {row['erased']}, "
                f"remaining {row['remaining']} do not add up"
            )
        if row["remaining"]:
            raise Rejected(f"store {row['store']}: {row['remaining']} remain after an erasure")
    return f"{sum(row['erased'] for row in scope)} erased in {len(scope)} store(s), none remaining"


def check_records(predicate: Predicate) -> str:
    """Each manifest changed by exactly the records named, and lost records for good."""
    shards = _shards(predicate)
    _refuse_repeats("the shard", (shard["shard"] for shard in shards))
    _refuse_repeats("the commitment", (hex_ for s in shards for hex_ in s["removed_commitments"]))
    for shard in shards:
        _check_shard_records(shard)
    if shards and not any(shard["removed_commitments"] for shard in shards):
        raise Rejected("adapters were retrained, yet no record was removed from any")
    removed = sum(len(shard["removed_commitments"]) for shard in shards)
    return f"{removed} record(s) left the manifests of {len(shards)} shard(s)"


def _check_shard_records(shard: dict[str, Any]) -> None:
    before, after = shard["manifest_before"], shard["manifest_after"]
    removed, others = len(shard["removed_commitments"]), shard["removed_for_others"]
    added, withdrawn = shard["added"], shard.get("withdrawn", 0)
    where = f"shard {shard['shard']}"
    if not removed and not added:
        raise Rejected(f"{where}: retrained, yet no record was removed or moved there")
    if before["records"] - removed - others - withdrawn + added != after["records"]:
        raise Rejected(
            f"{where}: {before['records']} records, {removed} removed, {others} removed for "
            f"other requests, {withdrawn} withdrawn and {added} added do not make "
            f"{after['records']}"
        )
    # Who only moved in may have left again, which leaves the manifest as it was.
    if removed and before["digest"] == after["digest"]:
        raise Rejected(f"{where}: the manifest is the same before and after")


def check_replay(predicate: Predicate) -> str:
    """A second process repeated each training and got the same bits."""
    shards = _shards(predicate)
    for shard in shards:
        replay, where = shard["replay"], f"shard {shard['shard']}"
        if replay["result"] != "identical":
            raise Rejected(f"{where}: the replay is {replay['result']}")
        if replay["environment"] is None or replay["replayer"] is None:
            raise Rejected(f"{where}: an identical replay needs its environment and its process")
        if replay["replayer"] == replay["trainer"]:
            raise Rejected(f"{where}: one process both trained and replayed")
    if not shards:
        return "no adapter had learned from the records; nothing to replay"
    return f"{len(shards)} adapter(s) replayed by a second process, identical"


def check_other_adapters(predicate: Predicate) -> str:
    """No adapter is said to be both retrained and unchanged."""
    others = [adapter["shard"] for adapter in _other_adapters(predicate)]
    _refuse_repeats("the unchanged shard", others)
    retrained = {shard["shard"] for shard in _shards(predicate)}
    both = sorted(retrained.intersection(others))
    if both:
        raise Rejected(f"shard {both[0]} is said to be both retrained and unchanged")
    return f"{len(others)} adapter(s) unchanged, none of them retrained"


def check_dates(predicate: Predicate) -> str:
    """received <= decided <= completed <= issued; due after receipt; destruction in between."""
    request = predicate["request"]
    steps = [
        ("received_at", request["received_at"]),
        ("decided_at", request["decided_at"]),
        ("completed_at", request["completed_at"]),
        ("issued_at", predicate["issued_at"]),
    ]
    for (name, text), (next_name, next_text) in pairwise(steps):
        _refuse_later(name, text, next_name, next_text)
    for artefact in predicate["derived"]:
        _refuse_later(
            "received_at", request["received_at"], "destroyed_at", artefact["destroyed_at"]
        )
        _refuse_later("destroyed_at", artefact["destroyed_at"], "issued_at", predicate["issued_at"])
    if request["due_on"] <= request["received_at"][:10]:
        raise Rejected(f"due_on {request['due_on']} is not after receipt {request['received_at']}")
    return (
        f"received {request['received_at']}, completed {request['completed_at']}, "
        f"due {request['due_on']} in {_show(request['time_zone'])}"
    )


def _refuse_later(name: str, text: str, next_name: str, next_text: str) -> None:
    if datetime.fromisoformat(text) > datetime.fromisoformat(next_text):
        raise Rejected(f"{name} {text} is later than {next_name} {next_text}")


def check_releases(predicate: Predicate) -> str:
    """A retrained adapter makes another release."""
    model = predicate["model"]
    if not _shards(predicate):
        return "no adapter was retrained"
    if model["release_before"] == model["release_after"]:
        raise Rejected("adapters were retrained, yet the release stayed the same")
    return "the release that is served is another one"


def _refuse_repeats(what: str, values: Iterable[Any]) -> None:
    seen = set()
    for value in values:
        if value in seen:
            raise Rejected(f"{what} {value} is listed twice")
        seen.add(value)


# --- the tree over all records --------------------------------------------------------------------

TREE_DEPTH = 256
EMPTY_SUBTREE = hashlib.sha256(b"\x02").digest()


def leaf_of(commitments: Iterable[str]) -> bytes:
    """A person's leaf: SHA-256 over 03 and its records' commitments in ascending order."""
    return hashlib.sha256(b"\x03" + bytes.fromhex("".join(sorted(commitments)))).digest()


def leaf_hash(position: bytes, leaf: bytes) -> bytes:
    """The hash of a subtree that holds one leaf."""
    return hashlib.sha256(b"\x00" + position + leaf).digest()


def tree_root(leaves: list[tuple[bytes, bytes]], depth: int = 0) -> bytes:
    """The root over leaves by position: a bit 0 of the position goes left, 1 right."""
    if not leaves:
        return EMPTY_SUBTREE
    if len(leaves) == 1:
        return leaf_hash(*leaves[0])
    halves: tuple[list[tuple[bytes, bytes]], ...] = ([], [])
    for position, leaf in leaves:
        halves[_bit(position, depth)].append((position, leaf))
    left, right = (tree_root(half, depth + 1) for half in halves)
    return hashlib.sha256(b"\x01" + left + right).digest()


def _bit(position: bytes, depth: int) -> int:
    return position[depth // 8] >> (7 - depth % 8) & 1


def root_shown(proof: dict[str, Any]) -> str:
    """The root for which `proof` shows its leaf or, where that is null, that there is none.

    Raises `Rejected` for a leaf that stands where its position does not lead.
    """
    position, other = bytes.fromhex(proof["position"]), proof["other"]
    siblings = [bytes.fromhex(sibling) for sibling in proof["siblings"]]
    if len(siblings) > TREE_DEPTH:
        raise Rejected(f"a path of {len(siblings)} steps; a position has {TREE_DEPTH} bits")
    if proof["leaf"] is not None:
        if other is not None:
            raise Rejected("two leaves at one path's end")
        found = leaf_hash(position, bytes.fromhex(proof["leaf"]))
    elif other is not None:
        place = bytes.fromhex(other["position"])
        path = range(len(siblings))
        if place == position or any(_bit(place, step) != _bit(position, step) for step in path):
            raise Rejected("the leaf at the path's end does not belong there, or is the person's")
        found = leaf_hash(place, bytes.fromhex(other["leaf"]))
    else:
        found = EMPTY_SUBTREE
    for step in reversed(range(len(siblings))):
        pair = (siblings[step], found) if _bit(position, step) else (found, siblings[step])
        found = hashlib.sha256(b"\x01" + b"".join(pair)).digest()
    return f"sha256:{found.hex()}"


def check_proofs(predicate: Predicate) -> str:
    """Removed records were in the old release's tree, and not with the same leaf in the new one's.

    The detail tells how the person stands in both: an erasure of a part leaves another leaf.
    """
    before, after = _proof(predicate, "before"), _proof(predicate, "after")
    if after is None:
        if before is not None:
            raise Rejected("the old release's tree is shown, and the new one's is not")
        return "the certificate holds no proofs about the releases' trees"
    if before is None:
        return f"{_standing(after, 'new')}; the old release had none"
    removed = [hex_ for shard in _shards(predicate) for hex_ in shard["removed_commitments"]]
    _check_change(before, after, removed)
    told = f"{_standing(before, 'old')}; {_standing(after, 'new')}"
    if before["leaf"] is not None and before["leaf"] == after["leaf"]:
        return f"{told}, with the same leaf"
    if removed and leaf_of(removed).hex() == before["leaf"]:
        return f"{told}; the old leaf is made of the records removed and of no others"
    return told


def _standing(proof: dict[str, Any], which: str) -> str:
    return f"{'absent from' if proof['leaf'] is None else 'present in'} the {which} release's tree"


def _proof(predicate: Predicate, when: str) -> dict[str, Any] | None:
    """The proof about the release `before` or `after`, which holds for that release's root."""
    model = predicate["model"] or {}
    proof: dict[str, Any] | None = model.get(f"proof_{when}")
    if proof is None:
        return None
    if proof["release"] != model[f"release_{when}"]:
        raise Rejected(f"proof_{when} is about another release than release_{when}")
    if root_shown(proof) != proof["root"]:
        raise Rejected(f"proof_{when} does not lead to its root")
    return proof


def _check_change(before: dict[str, Any], after: dict[str, Any], removed: list[str]) -> None:
    if before["position"] != after["position"]:
        raise Rejected("the two proofs are about two positions")
    if removed and before["leaf"] is None:
        raise Rejected("records were removed, and the old release's tree does not hold the person")
    if removed and before["leaf"] == after["leaf"]:
        raise Rejected("records were removed, and the person's leaf stands as before")


CONSISTENCY: tuple[tuple[str, Callable[[Predicate], str]], ...] = (
    ("scope", check_scope),
    ("records", check_records),
    ("replay", check_replay),
    ("other-adapters", check_other_adapters),
    ("dates", check_dates),
    ("releases", check_releases),
    ("proofs", check_proofs),
)


# --- putting the checks together ------------------------------------------------------------------


def verify(envelope: bytes, public_key_pem: bytes) -> list[Check]:
    """Run every check on a certificate's bytes; never raises.

    Nothing behind a check that later ones stand on is looked at once it failed: an unsigned payload
    is not parsed. The list then ends with that check.
    """
    return _examine(envelope, public_key_pem)[0]


def exit_code(checks: list[Check]) -> int:
    """The code of the first failed check, or 0."""
    return next((check.code for check in checks if not check.passed), 0)


def _examine(envelope: bytes, public_key_pem: bytes) -> tuple[list[Check], Predicate | None]:
    checks: list[Check] = []
    try:
        key, statement = _open(checks, envelope, public_key_pem)
        predicate, subjects = _read_statement(checks, statement)
    except Rejected as error:
        checks.append(Check(_next_gate(checks), False, str(error)))
        return checks, None
    checks.append(_run("key-named", _check_key_named, predicate, key))
    checks.append(_run("subjects", check_subjects, predicate, subjects))
    checks += [_run(name, check, predicate) for name, check in CONSISTENCY]
    return checks, predicate


_GATES = (
    "key",
    "envelope",
    "payload-type",
    "signature",
    "statement",
    "predicate-type",
    "predicate-form",
    "digests",
)


def _next_gate(checks: list[Check]) -> str:
    return _GATES[len(checks)]


def _pass(checks: list[Check], detail: str) -> None:
    checks.append(Check(_next_gate(checks), True, detail))


def _open(checks: list[Check], raw: bytes, public_key_pem: bytes) -> tuple[Ed25519PublicKey, bytes]:
    """From envelope to signed payload."""
    key = load_public_key(public_key_pem)
    _pass(checks, f"Ed25519, id {key_id(key)}")
    envelope = parse_envelope(raw)
    _pass(checks, f"{len(envelope.payload)} bytes, {len(envelope.signatures)} signature(s)")
    if envelope.payload_type != PAYLOAD_TYPE:
        raise Rejected(f"{_show(envelope.payload_type)}, not {PAYLOAD_TYPE}")
    _pass(checks, PAYLOAD_TYPE)
    verify_signature(envelope, key)
    _pass(checks, "the key signed exactly these bytes")
    return key, envelope.payload


def _read_statement(checks: list[Check], payload: bytes) -> tuple[Predicate, list[tuple[str, str]]]:
    """From signed payload to a predicate of the known form."""
    statement = load_json(payload)
    if not isinstance(statement, dict) or statement.get("_type") != STATEMENT_TYPE:
        raise Rejected(f"_type is not {STATEMENT_TYPE}")
    subjects = _parse_subjects(statement.get("subject"))
    _pass(checks, STATEMENT_TYPE)
    if statement.get("predicateType") != PREDICATE_TYPE:
        raise Rejected(f"{_show(statement.get('predicateType'))}, not {PREDICATE_TYPE}")
    _pass(checks, PREDICATE_TYPE)
    predicate = statement.get("predicate")
    _pass(checks, check_form(predicate))
    assert isinstance(predicate, dict)
    _pass(checks, check_digests(predicate))
    return predicate, subjects


def _parse_subjects(subjects: object) -> list[tuple[str, str]]:
    """(name, SHA-256) of each subject; other digest algorithms are ignored, as in-toto asks."""
    if not isinstance(subjects, list) or not subjects:
        raise Rejected("subject is not a list with at least one artefact")
    found = []
    for subject in subjects:
        digest = subject.get("digest") if isinstance(subject, dict) else None
        if not isinstance(digest, dict) or not isinstance(digest.get("sha256"), str):
            raise Rejected("a subject has no SHA-256 digest")
        if not isinstance(subject.get("name"), str):
            raise Rejected("a subject has no name")
        found.append((subject["name"], digest["sha256"]))
    return found


def _check_key_named(predicate: Predicate, key: Ed25519PublicKey) -> str:
    if predicate["verification"]["key_id"] != key_id(key):
        raise Rejected(f"the certificate names key {predicate['verification']['key_id']}")
    return "the certificate names the key that signed it"


def _run(name: str, check: Callable[..., str], *arguments: Any) -> Check:
    try:
        return Check(name, True, check(*arguments))
    except Rejected as error:
        return Check(name, False, str(error))


# --- adapters: the canonical digest of a safetensors file -----------------------------------------

# safetensors' name of a number format: (the name that is digested, bytes per number)
DTYPES = {
    "BOOL": ("torch.bool", 1),
    "U8": ("torch.uint8", 1),
    "I8": ("torch.int8", 1),
    "U16": ("torch.uint16", 2),
    "I16": ("torch.int16", 2),
    "F16": ("torch.float16", 2),
    "BF16": ("torch.bfloat16", 2),
    "U32": ("torch.uint32", 4),
    "I32": ("torch.int32", 4),
    "F32": ("torch.float32", 4),
    "U64": ("torch.uint64", 8),
    "I64": ("torch.int64", 8),
    "F64": ("torch.float64", 8),
}


@dataclass(frozen=True)
class _Tensor:
    dtype: str
    shape: tuple[int, ...]
    begin: int  # within the file's data part
    end: int


def adapter_digest(path: Path) -> str:
    """The canonical digest of the tensors in a safetensors file, or in a PEFT adapter's folder.

    "sha256:" and the hex SHA-256 over, for each tensor in the order of its name: name, dtype,
    shape, raw little-endian bytes, each preceded by its length in 8 bytes, big-endian. The dtype
    reads "torch.float32", the shape "16,64". A file's own hash would not do: header order and
    metadata may change while no weight does.

    Raises `Rejected` for a file that is not safetensors and OSError for one that cannot be read.
    """
    if path.is_dir():
        path = path / "adapter_model.safetensors"
    with path.open("rb") as file:
        start, tensors = _read_header(file)
        digest = hashlib.sha256()
        for name in sorted(tensors):
            tensor = tensors[name]
            shape = ",".join(map(str, tensor.shape))
            for field in (name, tensor.dtype, shape):
                digest.update(_length(len(field.encode())) + field.encode())
            digest.update(_length(tensor.end - tensor.begin))
            for chunk in _chunks(file, start + tensor.begin, tensor.end - tensor.begin):
                digest.update(chunk)
    return "sha256:" + digest.hexdigest()


def _length(size: int) -> bytes:
    return size.to_bytes(8, "big")


def _chunks(file: BinaryIO, offset: int, size: int) -> Iterator[bytes]:
    file.seek(offset)
    while size:
        chunk = file.read(min(size, 1 << 20))
        if not chunk:
            raise Rejected("the file ends within a tensor")
        size -= len(chunk)
        yield chunk


def _read_header(file: BinaryIO) -> tuple[int, dict[str, _Tensor]]:
    """Where the data part starts, and the tensors, which must fill it without gap or overlap."""
    size = file.seek(0, 2)
    file.seek(0)
    prefix = file.read(8)
    length = int.from_bytes(prefix, "little")
    if len(prefix) < 8 or length > min(size - 8, MAX_HEADER_BYTES):
        raise Rejected("not a safetensors file")
    header = load_json(file.read(length))
    if not isinstance(header, dict):
        raise Rejected("not a safetensors file: its header is not an object")
    header.pop("__metadata__", None)
    tensors = {_utf8(name): _parse_tensor(name, entry) for name, entry in header.items()}
    end = 0
    for tensor in sorted(tensors.values(), key=lambda tensor: (tensor.begin, tensor.end)):
        if tensor.begin != end:
            raise Rejected("its tensors overlap or leave gaps")
        end = tensor.end
    if 8 + length + end != size:
        raise Rejected("its tensors do not fill the file")
    return 8 + length, tensors


def _utf8(name: str) -> str:
    try:
        name.encode()
    except UnicodeEncodeError:
        raise Rejected("a tensor's name holds half a character") from None
    return name


def _parse_tensor(name: str, entry: object) -> _Tensor:
    if not isinstance(entry, dict):
        raise Rejected(f"tensor {_show(name)} is not described by an object")
    dtype, shape, offsets = entry.get("dtype"), entry.get("shape"), entry.get("data_offsets")
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise Rejected(f"tensor {_show(name)} has the unknown number format {_show(dtype)}")
    if not (_are_counts(shape) and _are_counts(offsets) and len(offsets) == 2):
        raise Rejected(f"tensor {_show(name)} has no valid shape and place")
    word, width = DTYPES[dtype]
    numbers = 1
    for dimension in shape:
        numbers *= dimension
    if offsets[1] - offsets[0] != numbers * width:
        raise Rejected(f"tensor {_show(name)} has another size than its shape says")
    return _Tensor(word, tuple(shape), offsets[0], offsets[1])


def _are_counts(values: object) -> TypeGuard[list[int]]:
    return isinstance(values, list) and all(
        type(value) is int and 0 <= value <= MAX_COUNT for value in values
    )


def check_adapter(predicate: Predicate, path: Path) -> str:
    """The adapter at `path` is one that the new release is made of."""
    try:
        digest = adapter_digest(path)
    except OSError as error:
        raise Rejected(f"{_show(str(path))} cannot be read: {error.strerror or error}") from None
    for shard in _shards(predicate):
        if digest == shard["adapter_after"]:
            return f"{_show(path.name)} is the retrained adapter of shard {shard['shard']}"
    for adapter in _other_adapters(predicate):
        if digest == adapter["digest"]:
            return f"{_show(path.name)} is the unchanged adapter of shard {adapter['shard']}"
    if any(digest == shard["adapter_before"] for shard in _shards(predicate)):
        raise Rejected(f"{_show(path.name)} is an adapter that was retired by this erasure")
    raise Rejected(f"{_show(path.name)} is {digest}, which this certificate does not name")


# --- training manifests ---------------------------------------------------------------------------


Slice = list[tuple[str, list[str]]]  # position and record commitments of each subject


def read_manifest(data: bytes) -> list[Slice]:
    """The subjects that a shard was trained on, slice by slice.

    A JSON array with one array for each slice: of pairs of a position and an array of record
    commitments, each 64 lower-case hex digits. Positions and commitments stand in strictly
    ascending order: nothing can stand twice or hide. Raises `Rejected`.
    """
    slices = load_json(data)
    if not isinstance(slices, list) or not all(isinstance(part, list) for part in slices):
        raise Rejected("not a training manifest: no array of arrays")
    return [_read_slice(number, part) for number, part in enumerate(slices)]


def _read_slice(number: int, entries: list[Any]) -> Slice:
    for entry in entries:
        if not (isinstance(entry, list) and len(entry) == 2 and isinstance(entry[1], list)):
            raise Rejected(f"slice {number} holds something else than positions with commitments")
        _refuse_disorder(f"slice {number}: the commitments", entry[1])
    _refuse_disorder(f"slice {number}: the positions", [entry[0] for entry in entries])
    return [(position, commitments) for position, commitments in entries]


def _refuse_disorder(what: str, values: list[Any]) -> None:
    if not all(isinstance(value, str) and _HEX.fullmatch(value) for value in values):
        raise Rejected(f"{what} are not 64 lower-case hex digits each")
    if any(value >= following for value, following in pairwise(values)):
        raise Rejected(f"{what} are not in ascending order")


def manifest_digest(slices: list[Slice]) -> str:
    """The digest of a shard's manifest: SHA-256 over the JSON array of its slices' roots.

    A slice's root is "sha256:" and the hex root of the tree over its subjects' leaves. The array is
    written without white space.
    """
    trees = [[(bytes.fromhex(place), leaf_of(part)) for place, part in slice_] for slice_ in slices]
    text = json.dumps([f"sha256:{tree_root(tree).hex()}" for tree in trees], separators=(",", ":"))
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def check_manifest(predicate: Predicate, path: Path) -> str:
    """The manifest at `path` is one that a new adapter was trained on, without erased records."""
    slices = read_manifest(read_file(path))
    digest, name = manifest_digest(slices), _show(path.name)
    commitments = [entry for part in slices for _, records in part for entry in records]
    for shard in _shards(predicate):
        if digest == shard["manifest_after"]["digest"]:
            return _check_new_manifest(shard, name, commitments)
        if digest == shard["manifest_before"]["digest"]:
            raise Rejected(f"{name} is the manifest from before the erasure")
    raise Rejected(f"{name} is {digest}, which this certificate does not name")


def _check_new_manifest(shard: dict[str, Any], name: str, commitments: list[str]) -> str:
    if len(commitments) != shard["manifest_after"]["records"]:
        raise Rejected(f"{name} holds {len(commitments)} records, not the number certified")
    if not set(commitments).isdisjoint(shard["removed_commitments"]):
        raise Rejected(f"{name} holds a record that is certified as removed")
    return f"{name} is the new manifest of shard {shard['shard']}; no removed record is in it"


# --- the releases' manifests ----------------------------------------------------------------------


def check_release_manifests(predicate: Predicate, path: Path) -> str:
    """The releases' manifests at `path`, as `manage.py prove_manifest` writes them, are certified.

    Each is the exact text whose SHA-256 is the release's digest, and names the proof's root.
    """
    document = load_json(read_file(path))
    name, found = _show(path.name), []
    for when in ("before", "after"):
        proof, part = _proof(predicate, when), _member(document, when)
        if proof is None or part is None:
            continue
        if _member(part, "proof") != proof:
            raise Rejected(f"{name} and the certificate differ in the proof of the release {when}")
        _check_release_manifest(when, proof, _member(part, "manifest"))
        found.append(when)
    if not found:
        raise Rejected(f"{name} and the certificate have no proof in common")
    return f"{name}: each release ({' and '.join(found)}) has the tree of its proof"


def _member(value: object, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _check_release_manifest(when: str, proof: dict[str, Any], text: object) -> None:
    try:
        data = text.encode() if isinstance(text, str) else b""
        manifest = json.loads(data)
    except (ValueError, RecursionError):
        raise Rejected(f"the manifest of the release {when} is not JSON") from None
    if f"sha256:{hashlib.sha256(data).hexdigest()}" != proof["release"]:
        raise Rejected(f"the manifest of the release {when} has another digest than the release")
    if _member(_member(manifest, "records"), "root") != proof["root"]:
        raise Rejected(f"the release {when} has another tree than its proof")


# --- the command ----------------------------------------------------------------------------------


def read_file(path: Path) -> bytes:
    """The bytes of a file of sensible size. Raises `Rejected` with what is wrong."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise Rejected(f"{_show(str(path))} cannot be read: {error.strerror or error}") from None
    except ValueError:
        raise Rejected(f"{_show(str(path))} is not a file name") from None
    if len(data) > MAX_FILE_BYTES:
        raise Rejected(f"{_show(str(path))} is larger than {MAX_FILE_BYTES} bytes")
    return data


def verify_files(
    certificate: Path,
    key: Path,
    adapters: Iterable[Path] = (),
    manifests: Iterable[Path] = (),
    releases: Iterable[Path] = (),
) -> list[Check]:
    """`verify` on files, with the adapters and manifests that the reader holds; never raises."""
    try:
        raw = read_file(certificate)
    except Rejected as error:
        return [Check("certificate-file", False, str(error))]
    try:
        pem = read_file(key)
    except Rejected as error:
        return [Check("key", False, str(error))]
    checks, predicate = _examine(raw, pem)
    if predicate is not None:
        checks += [_run("adapter", check_adapter, predicate, path) for path in adapters]
        checks += [_run("manifest", check_manifest, predicate, path) for path in manifests]
        for path in releases:
            checks.append(_run("release-manifest", check_release_manifests, predicate, path))
    return checks


def _parser() -> argparse.ArgumentParser:
    summary, _, rest = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(
        prog="verifier.py",
        description=summary,
        epilog=rest[rest.find("Exit codes") :],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("certificate", type=Path, help="the certificate: a DSSE envelope in JSON")
    parser.add_argument("--key", type=Path, required=True, help="the issuer's public key in PEM")
    parser.add_argument(
        "--adapter",
        type=Path,
        action="append",
        default=[],
        metavar="DIR_OR_FILE",
        help="an adapter to compare: a safetensors file or a PEFT folder; may be repeated",
    )
    parser.add_argument(
        "--manifest",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="a training manifest to compare; may be repeated",
    )
    parser.add_argument(
        "--releases",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="the releases' manifests to compare, from manage.py prove_manifest; may be repeated",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def _as_json(checks: list[Check]) -> str:
    rows = [
        {"name": c.name, "passed": c.passed, "code": c.code, "detail": c.detail} for c in checks
    ]
    code = exit_code(checks)
    return json.dumps({"verified": code == 0, "exit_code": code, "checks": rows}, indent=2)


def _as_text(checks: list[Check]) -> str:
    lines = [f"{'pass' if c.passed else 'FAIL'}  {c.name:<16}  {c.detail}" for c in checks]
    code = exit_code(checks)
    lines.append("VERIFIED" if code == 0 else f"NOT VERIFIED (exit code {code})")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit code."""
    options = _parser().parse_args(arguments)
    checks = verify_files(
        options.certificate, options.key, options.adapter, options.manifest, options.releases
    )
    print(_as_json(checks) if options.json else _as_text(checks))
    return exit_code(checks)


if __name__ == "__main__":
    sys.exit(main())
