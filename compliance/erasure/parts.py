"""A part of what is asked for, which alone is approved; the rest is refused with reasons."""

import json
from dataclasses import dataclass

from compliance.canonical import canonical_json
from compliance.erasure.models import Refusal
from compliance.records.scope import Scope
from compliance.sealing import seal, unseal


@dataclass(frozen=True)
class Part:
    """What alone is approved of a request, and why the rest is refused: Art. 12(4)."""

    scope: Scope
    article: Refusal
    text: str


def part_seal(part: Part | None) -> bytes | None:
    """Encrypt a part with the identity key; all of a request needs no words."""
    if part is None:
        return None
    held = {"scope": part.scope.to_json(), "article": part.article.value, "text": part.text}
    return seal(canonical_json(held))


def part_unseal(sealed: bytes | memoryview | None) -> Part | None:
    """Return the part; raise `cryptography.fernet.InvalidToken` under another key."""
    if sealed is None:
        return None
    held = json.loads(unseal(sealed))
    return Part(Scope.from_json(held["scope"]), Refusal(held["article"]), held["text"])
