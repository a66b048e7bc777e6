"""What the person will be written, before it is: the very letter, without the person's own link."""

from typing import Any

from django.utils.translation import gettext as _

from compliance.erasure.law import WORDS
from compliance.erasure.letters import Letter, NoticeKind, letter
from compliance.erasure.models import ErasureRequest, Refusal
from compliance.erasure.services.timing import request_due_on


def refusal_letter(request: ErasureRequest, values: dict[str, Any]) -> Letter:
    """Return the letter of a refusal."""
    return _letter(NoticeKind.DENIED, request, **_reasons(values))


def part_letter(request: ErasureRequest, values: dict[str, Any]) -> Letter:
    """Return the letter that a part is erased and the rest is not."""
    return _letter(NoticeKind.APPROVED, request, **_reasons(values))


def extension_letter(request: ErasureRequest, values: dict[str, Any]) -> Letter:
    """Return the letter of an extension, with the due date that it would bring."""
    due = request_due_on(request, extended=True)
    return _letter(NoticeKind.EXTENSION, request, due_on=due, reason=values["reasons"].strip())


def _reasons(values: dict[str, Any]) -> dict[str, Any]:
    return {"article": WORDS[Refusal(values["article"])], "text": values["text"].strip()}


def _letter(kind: NoticeKind, request: ErasureRequest, **facts: Any) -> Letter:
    return letter(kind, request, link=_("(the person's own link stands here)"), facts=facts)
