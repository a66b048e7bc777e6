"""What each state and step means, in the words of the person who asked."""

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from compliance.erasure.models import Ground, ScopeKind, Step
from compliance.erasure.states import State


class Words(NamedTuple):
    """How a request stands, what that means, and what comes next."""

    title: Promise
    now: Promise
    following: Promise | str = ""


_ERASED = _("Your data has been erased")
_GONE = _(
    "The records are gone. What our recommender had learned from them is out of service, and it "
    "learns anew without them."
)

STATES: dict[State, Words] = {
    State.RECEIVED: Words(
        _("We have your request"), _("Nothing has been erased yet."), _("Come back in a minute.")
    ),
    State.AWAITING_IDENTITY: Words(
        _("Please confirm that it is you"),
        _("We have your request. Before we erase anything we must be sure that you ask yourself."),
    ),
    State.IN_REVIEW: Words(
        _("We are looking at your request"),
        _(
            "We know that it is you. From now on the data is restricted (Article 18 GDPR): we "
            "learn nothing more from it, and what we recommend to you does not rest on it."
        ),
        _("Somebody decides, and you get an answer by the day below."),
    ),
    State.APPROVED: Words(_ERASED, _GONE, _("You get a certificate once that is done.")),
    State.RETRAINING: Words(_ERASED, _GONE, _("You get a certificate once that is done.")),
    State.VERIFYING: Words(
        _ERASED,
        _("The recommender has learned anew without the records. Now that is being checked."),
        _("You get a certificate once that is done."),
    ),
    State.FAILED: Words(
        _ERASED,
        _(
            "The records are gone, and what our recommender had learned from them is out of "
            "service. To let it learn anew takes longer than planned; somebody is looking into it."
        ),
        _("You get a certificate once that is done."),
    ),
    State.COMPLETED: Words(
        _ERASED,
        _(
            "The records are gone, and our recommender has learned anew without them. The "
            "certificate below says so."
        ),
    ),
    State.DENIED: Words(
        _("We refuse your request"), _("Nothing has been erased. Below you read why.")
    ),
    State.CANCELLED: Words(
        _("The request was taken back"),
        _("Nothing has been erased. You can ask again at any time."),
    ),
    State.EXPIRED: Words(
        _("The request has ended"),
        _(
            "We could not make sure that you asked yourself, and so could not act on it: Articles "
            "11(2) and 12(6) GDPR. Nothing has been erased. You can ask again at any time."
        ),
    ),
}

# As people say it. `Ground` has the law's words.
GROUND_WORDS: dict[str, Promise] = {
    Ground.CONSENT_WITHDRAWN: _("I do not want you to use my data any more."),
    Ground.NOT_NECESSARY: _("You do not need my data any more."),
    Ground.OBJECTION: _("I object to what you do with my data, because of my situation."),
    Ground.UNLAWFUL: _("You were not allowed to use my data."),
    Ground.LEGAL_OBLIGATION: _("The law says that my data must be erased."),
    Ground.CHILD: _("I was a child when the data was collected."),
}
SCOPE_WORDS: dict[str, Promise] = {
    ScopeKind.EVERYTHING: _("Everything"),
    ScopeKind.ITEMS: _("What is about certain things"),
    ScopeKind.PERIOD: _("What is from a certain period"),
    ScopeKind.RECORDS: _("Certain records"),
}

PART = _("A part of your data has been erased")

MOVES: dict[State, Promise] = {
    State.RECEIVED: _("We received your request."),
    State.AWAITING_IDENTITY: _("We asked you to confirm that it is you."),
    State.IN_REVIEW: _("We were sure that it is you. Since then the data is restricted."),
    State.APPROVED: _("We erased your data."),
    State.RETRAINING: _("The recommender began to learn anew without it."),
    State.VERIFYING: _("We began to check what the recommender has learned."),
    State.COMPLETED: _("We signed the certificate. Your request is done."),
    State.DENIED: _("We refused your request."),
    State.CANCELLED: _("The request was taken back."),
    State.EXPIRED: _("The time to confirm that it is you ran out."),
    State.FAILED: _("Learning anew was interrupted. Somebody is looking into it."),
}

# The other steps are our own business.
STEPS: dict[str, Promise] = {
    Step.EXTENDED: _("We told you that we need more time."),
    Step.PAUSED: _("The time to answer stood still from here: we had a question."),
    Step.UNPAUSED: _("The time to answer ran again."),
    Step.CODES_USED_UP: _("A code was given up after five wrong ones."),
    Step.RESTRICTION_LIFTED: _("The restriction ended: we use the data as before."),
}

# The way of a request that is granted.
WAY: list[tuple[Promise, frozenset[State]]] = [
    (_("Received"), frozenset({State.RECEIVED})),
    (_("It is you"), frozenset({State.AWAITING_IDENTITY})),
    (_("Decision"), frozenset({State.IN_REVIEW})),
    (_("Erased"), frozenset({State.APPROVED, State.RETRAINING, State.VERIFYING, State.FAILED})),
    (_("Certificate"), frozenset({State.COMPLETED})),
]
