"""What an identifier looks like in the database: itself, and each keyed digest made of it."""

import base64
import json
from dataclasses import dataclass
from typing import Self

from compliance.accounts.throttling import throttle_key
from compliance.erasure.identity import identity_index
from compliance.portal.pages import PER_SUBJECT
from compliance.provenance.manifests import subject_commitment, subject_position, subject_secret
from compliance.records.suppression import suppression_tag


@dataclass(frozen=True)
class Needle:
    """One form of an identifier, as bytes and as the texts that it is written in."""

    name: str
    raw: bytes
    texts: tuple[str, ...]
    is_digest: bool = True

    @classmethod
    def digest(cls, name: str, raw: bytes) -> Self:
        return cls(name, raw, (raw.hex(), base64.b64encode(raw).decode()))


# With it every commitment could be tested, so it stands nowhere.
NEVER_STORED = "what its commitments are made with"


def needles_of(identifier: str) -> list[Needle]:
    """Return all forms under which the program could have stored `identifier`."""
    secret = subject_secret(identifier)
    return [
        Needle("the identifier", identifier.encode(), _spellings(identifier), is_digest=False),
        Needle.digest("its blind index", identity_index(identifier)),  # restrictions' tags too
        Needle.digest("its suppression tag", suppression_tag(identifier)),
        Needle.digest("its commitment", subject_commitment(identifier)),
        Needle.digest("its position in trees", subject_position(secret)),
        Needle.digest("its counter", throttle_key(PER_SUBJECT, identifier)),
        Needle.digest(NEVER_STORED, secret),
    ]


def _spellings(identifier: str) -> tuple[str, ...]:
    """Return the identifier as text and as JSON writes it."""
    escaped = (json.dumps(identifier, ensure_ascii=ascii_)[1:-1] for ascii_ in (True, False))
    return tuple(dict.fromkeys([identifier, *escaped]))
