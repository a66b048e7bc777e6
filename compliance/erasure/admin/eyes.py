"""Where two persons must approve: what the first approved, for the second to see."""

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.utils.translation import gettext as _

from compliance.erasure.admin.history import people_names
from compliance.erasure.admin.page import as_written
from compliance.erasure.admin.scopes import scope_facts
from compliance.erasure.admin.words import moment
from compliance.erasure.endorsing import answer_digest, endorsement_gap, endorsement_stands
from compliance.erasure.models import Endorsement, ErasureRequest
from compliance.erasure.parts import Part, part_unseal
from compliance.erasure.states import State
from compliance.provenance.learning import Facts

Viewer = User | AnonymousUser


def endorsement_facts(request: ErasureRequest, user: Viewer) -> Facts:
    """Return who has approved what, and who is missing, where two must approve the same."""
    if not settings.FOUR_EYES or request.status is not State.IN_REVIEW:
        return []
    rows = list(
        Endorsement.objects.filter(request=request).select_related("request").order_by("pk")
    )
    names = people_names(row.actor for row in rows)
    facts: Facts = []
    standing = 0
    for row in rows:
        stands = _stands(row)
        standing += stands
        facts += _one(row, names[row.actor], stands, user)
    return [*facts, (_("Still to approve"), _missing(standing))]


def gap_words(request: ErasureRequest, *, actor: str, digest: str, part: Part | None) -> str:
    """Say in what an approval of this is not what another person approved; empty if it is."""
    if not settings.FOUR_EYES:
        return ""
    answer = answer_digest(request, digest, part)
    gap = endorsement_gap(request, actor=actor, digest=digest, answer=answer)
    if gap is None:
        return ""
    who = people_names([gap.endorsement.actor])[gap.endorsement.actor]
    if gap.is_impact:
        words = _("%(who)s has approved another impact: another part, or one that has changed.")
    else:
        words = _("%(who)s has approved the same impact with another answer to the person.")
    return words % {"who": who}


def _stands(row: Endorsement) -> bool:
    try:
        return endorsement_stands(row)
    except InvalidToken:  # the page has to open all the same
        return False


def _one(row: Endorsement, who: str, stands: bool, user: Viewer) -> Facts:
    stale = _("%(when)s, of an impact that has changed since: it counts no more")
    when = moment(row.at) if stands else stale % {"when": moment(row.at)}
    return [(_("Approved by %(who)s") % {"who": who}, when), *_part(row, user)]


def _part(row: Endorsement, user: Viewer) -> Facts:
    """Return the part and the refusal of the rest. A scope names personal data."""
    if row.part is None:
        return []
    if not user.has_perm("erasure.view_endorsement"):
        return [(_("Approved is"), _("A part; the rest is refused"))]
    try:
        part = part_unseal(row.part)
    except InvalidToken:
        return [(_("Which exactly"), _("Encrypted with another identity key"))]
    assert part is not None
    return [
        (_("Approved is"), _("A part; the rest is refused")),
        *(scope_facts(part.scope) if user.has_perm("erasure.view_identity") else []),
        (_("Article"), part.article.label),
        (_("The person will read"), as_written(part.text)),
    ]


def _missing(standing: int) -> str:
    return _("one more person, who approves just the same") if standing else _("two persons")
