"""What the person is told at each step, in words: `templates/mail/<kind>.txt`.

A letter is a template of ours with facts put in as values. Facts are never read as a template, and
none stands in the subject line.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation

from compliance.erasure.models import ErasureRequest


class NoticeKind(StrEnum):
    """The occasions on which the person is written to."""

    RECEIPT = "receipt"
    CODE = "code"
    VERIFIED = "verified"  # the restriction begins: Art. 18
    EXTENSION = "extension"
    PAUSED = "paused"
    RESUMED_CLOCK = "resumed_clock"
    DENIED = "denied"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    APPROVED = "approved"  # the records are gone
    COMPLETED = "completed"  # the certificate is there


NEEDED: dict[NoticeKind, frozenset[str]] = {
    NoticeKind.CODE: frozenset({"code", "minutes"}),
    NoticeKind.EXTENSION: frozenset({"due_on", "reason"}),
    NoticeKind.PAUSED: frozenset({"for_identity"}),
    NoticeKind.DENIED: frozenset({"article", "text"}),
}
# For the part that was refused, if any.
POSSIBLE: dict[NoticeKind, frozenset[str]] = {NoticeKind.APPROVED: frozenset({"article", "text"})}


@dataclass(frozen=True)
class Letter:
    subject: str
    text: str


def letter(
    kind: NoticeKind, request: ErasureRequest, *, link: str, facts: Mapping[str, Any]
) -> Letter:
    """Return the letter in the language of the request. `facts` are those that `kind` needs."""
    needed, given = NEEDED.get(kind, frozenset()), frozenset(facts)
    if given not in (needed, needed | POSSIBLE.get(kind, frozenset())):
        raise TypeError(f"A notice {kind} takes {sorted(needed)}, not {sorted(given)}.")
    return rendered(kind, request.language, {"request": request, "link": link, **facts})


def rendered(name: str, language: str, values: Mapping[str, Any]) -> Letter:
    """Return `templates/mail/<name>.txt` with `values`: the subject, an empty line, the text."""
    signed = {"controller": settings.CONTROLLER_NAME, "contact": settings.PRIVACY_CONTACT}
    with translation.override(language or settings.LANGUAGE_CODE):
        whole = render_to_string(f"mail/{name}.txt", signed | dict(values))
    subject, _, text = whole.strip().partition("\n\n")
    return Letter(" ".join(subject.split()), re.sub(r"\n{3,}", "\n\n", text).strip() + "\n")
