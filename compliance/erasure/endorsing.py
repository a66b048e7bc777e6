"""Where two persons must approve: what one of them has approved, and whether it is the same.

An endorsement is of an impact and of an answer: with a part approved, the person is told why the
rest is refused, and whoever approves second sends these very words.
"""

from dataclasses import dataclass

from django.conf import settings

from compliance.erasure.errors import NoPersonError, SecondPersonError
from compliance.erasure.identity import identity_decrypt, scope_decrypt
from compliance.erasure.impact import impact_digest, impact_parts
from compliance.erasure.models import Endorsement, ErasureRequest, Step
from compliance.erasure.parts import Part, part_seal, part_unseal
from compliance.erasure.transitions import event_add
from compliance.keyring import Key, keyed_digest


@dataclass(frozen=True)
class Gap:
    """What somebody approved last, where it is not the same: another impact or another answer."""

    endorsement: Endorsement
    is_impact: bool


def answer_digest(request: ErasureRequest, digest: str, part: Part | None) -> str:
    """Return the keyed digest of what the person is told with this impact; empty for all of it.

    A form sends its line ends as it likes: they are no other words.
    """
    if part is None:
        return ""
    text = part.text.strip().replace("\r\n", "\n")
    parts = (str(request.pk), digest, part.article.value, text)
    return keyed_digest(Key.COMMITMENT, "answer", *parts).hex()


def approval_suffices(
    request: ErasureRequest, *, actor: str, digest: str, part: Part | None = None
) -> bool:
    """Tell whether this approval erases, or is the first of two that are needed of just this.

    Raises `SecondPersonError` for the same person again and `NoPersonError` for an API client.
    """
    if not settings.FOUR_EYES:
        return True
    if not actor.startswith("user:"):  # whoever holds a client's key may be the other person
        raise NoPersonError
    answer = answer_digest(request, digest, part)
    same = Endorsement.objects.filter(request=request, digest=digest, answer=answer)
    if same.exclude(actor=actor).exists():
        return True
    if same.exists():
        raise SecondPersonError
    return False


def endorsement_add(request: ErasureRequest, *, actor: str, digest: str, part: Part | None) -> None:
    """Note that `actor` is the first of two who approve just this."""
    answer = answer_digest(request, digest, part)
    Endorsement.objects.create(
        request=request, digest=digest, answer=answer, part=part_seal(part), actor=actor
    )
    event_add(request, Step.ENDORSED, actor=actor)


def awaits_first(
    request: ErasureRequest, *, actor: str, digest: str | None, part: Part | None
) -> bool:
    """Tell whether two must approve and nobody but `actor` has approved just this yet.

    Without a digest, while a part is being chosen: whether nobody else has approved anything.
    """
    others = Endorsement.objects.filter(request=request).exclude(actor=actor)
    if digest is not None:
        others = others.filter(digest=digest, answer=answer_digest(request, digest, part))
    return settings.FOUR_EYES and not others.exists()


def endorsement_gap(request: ErasureRequest, *, actor: str, digest: str, answer: str) -> Gap | None:
    """Return in what an approval differs from what another person approved last.

    None if nobody else has approved yet, or somebody has approved just this.
    """
    others = Endorsement.objects.filter(request=request).exclude(actor=actor)
    if others.filter(digest=digest, answer=answer).exists():
        return None
    last = others.order_by("-pk").first()
    return Gap(last, is_impact=last.digest != digest) if last else None


def endorsement_stands(endorsement: Endorsement) -> bool:
    """Tell whether the impact that was approved is still what an approval would do.

    Raises `InvalidToken` under another identity key, `IdentityGoneError` for an answered request.
    """
    request = endorsement.request
    part = part_unseal(endorsement.part)
    scope = part.scope if part else scope_decrypt(request.scope)
    parts = impact_parts(request, identity_decrypt(request.identity), scope)
    return impact_digest(parts) == endorsement.digest


def part_to_confirm(request: ErasureRequest, *, actor: str) -> Part | None:
    """Return the part that another person has approved last, if that can still be confirmed."""
    others = Endorsement.objects.filter(request=request, part__isnull=False).exclude(actor=actor)
    for endorsement in others.select_related("request").order_by("-pk"):
        if endorsement_stands(endorsement):
            return part_unseal(endorsement.part)
    return None
