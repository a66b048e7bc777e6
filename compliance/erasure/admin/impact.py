"""The impact of an approval in plain words."""

from cryptography.fernet import InvalidToken
from django.contrib.auth.models import AnonymousUser, User
from django.utils.translation import gettext as _

from compliance.accounts.admin_base import digest_code
from compliance.erasure import impact as impacts
from compliance.erasure.admin.words import minutes_words
from compliance.erasure.models import ErasureRequest
from compliance.erasure.states import State
from compliance.provenance.learning import Facts, Learning, adapter_words
from compliance.provenance.models import Checkpoint
from compliance.provenance.outlook import Outlook
from compliance.records.scope import Scope


def impact_for(
    request: ErasureRequest, user: User | AnonymousUser, part: Scope | None = None
) -> impacts.Impact | None:
    """Return what an approval would do, for those who may decide, while it can be approved.

    Before the identity is shown nothing is told of the person, not even whether it is known.
    """
    if request.status is not State.IN_REVIEW or not user.has_perm("erasure.decide"):
        return None
    try:
        return impacts.impact_of(request, part)
    except InvalidToken:  # the page has to open all the same; an approval says what is wrong
        return None


def is_nothing(impact: impacts.Impact) -> bool:
    """Tell whether there is nothing to erase."""
    return impact.learning.records == impact.learning.prompts == impact.parked == 0


def impact_facts(impact: impacts.Impact) -> Facts:
    """Return the impact in plain words."""
    learning = impact.learning
    return [
        (_("Records erased"), learning.records),
        *([(_("Parked records erased"), impact.parked)] if impact.parked else []),
        (_("Prompts removed or cut anew"), learning.prompts),
        (_("What learned from them"), _where(learning)),
        *(_retraining(learning, impact.outlook) if learning.plan else []),
        (_("Digest of this preview"), digest_code(impact.digest)),
    ]


def _retraining(learning: Learning, outlook: Outlook | None) -> Facts:
    adapter, clean = learning.adapter, learning.clean
    first = clean.slice + 1 if clean else 0
    moves: Facts = [
        (
            _("The subject moves to"),
            _("Shard %(shard)s, which is trained anew too") % {"shard": learning.moves_to},
        )
    ]
    return [
        (_("Adapter"), adapter_words(adapter)),
        (_("Its digest"), digest_code(adapter.digest if adapter else "")),
        (_("Serves meanwhile"), _meanwhile(clean)),
        (_("Trained anew"), _("From slice %(slice)s on") % {"slice": first}),
        *(moves if learning.moves_to is not None else []),
        *(_outlook(outlook, clean) if outlook else []),
    ]


def _outlook(outlook: Outlook, clean: Checkpoint | None) -> Facts:
    return [
        (_("Prompts to train"), outlook.prompts),
        (_("Until it is proven"), minutes_words(outlook.minutes)),
        (_("Quality meanwhile"), quality_words(outlook.error_ratio, clean is not None)),
    ]


def quality_words(ratio: float | None, stands_in: bool) -> str:
    """Return in plain words what `Outlook.error_ratio` says."""
    if not stands_in:
        return _("The other shards answer in its place; how well has not been measured")
    if ratio is None:
        return _("Not measured")
    percent = round(100 * (ratio - 1))
    if percent <= 0:
        return _("No worse than now: this shard errs as little without the withdrawn slices")
    return _("This shard's error is %(percent)s %% higher until it is retrained") % {
        "percent": percent
    }


def _where(learning: Learning) -> str:
    if learning.plan is None or learning.shard is None or learning.slice is None:
        return _("No adapter has learned from this subject")
    return _("Shard %(shard)s of %(shards)s, slice %(slice)s of %(slices)s (counted from 0)") % {
        "shard": learning.shard,
        "shards": learning.plan.shards,
        "slice": learning.slice,
        "slices": learning.plan.slices,
    }


def _meanwhile(clean: Checkpoint | None) -> str:
    if clean is None:
        return _("The other shards and the base model: this shard has no earlier checkpoint")
    return _("The shard's checkpoint after slice %(slice)s, which has not seen the records") % {
        "slice": clean.slice
    }
