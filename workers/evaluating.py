"""How well the live release ranks what people who taught it nothing liked, beside simple rates."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score

from compliance.provenance.models import Plan
from compliance.provenance.releases import served_checkpoints
from compliance.provenance.validation import validation_subjects
from compliance.recommendations.loading import persons, plan_setting, recommender
from recmodel.calibrator import SCORES, fit
from recmodel.recommender import Person, Recommender
from recmodel.taste import Floats

FOLDS = 5


@dataclass(frozen=True)
class Evaluation:
    """Areas under the ROC curve over the targets of the validation subjects.

    item_and_user_rates: the sum of the two logits; model: the mixture alone; recommended: what is
    served, the calibrator fitted on other people than those it is measured on.
    """

    subjects: int
    targets: int
    item_and_user_rates: float | None
    model: float | None
    recommended: float | None


def evaluate(plan: Plan) -> Evaluation:
    """Score every target of the validation subjects with the live release and with the rates.

    The areas are None where nobody is put aside, or all targets are alike.
    """
    who = recommender(plan, served_checkpoints(plan), plan_setting(plan).calibrator)
    people = persons(validation_subjects(plan, every_prompt=True))
    liked = np.concatenate([np.empty(0, bool), *(part for one in people for part in one.liked)])
    if len(set(liked.tolist())) < 2:
        return Evaluation(len(people), len(liked), None, None, None)
    rows = who.validation_rows(people)
    rates = rows[:, SCORES.index("item_rate")] + rows[:, SCORES.index("subject_rate")]
    return Evaluation(
        subjects=len(people),
        targets=len(liked),
        item_and_user_rates=float(roc_auc_score(liked, rates)),
        model=float(roc_auc_score(liked, rows[:, SCORES.index("model")])),
        recommended=float(roc_auc_score(liked, _cross_fitted(who, people, rows, liked))),
    )


def _cross_fitted(
    who: Recommender, people: Sequence[Person], rows: Floats, liked: npt.NDArray[np.bool_]
) -> Floats:
    """Return probabilities by calibrators that were each fitted on the other people's targets."""
    sizes = [sum(map(len, person.liked)) for person in people]
    fold = np.repeat(np.arange(len(people)) % FOLDS, sizes)
    found = np.empty(len(rows))
    for number in range(FOLDS):
        mine = fold == number
        calibrator = fit(rows[~mine], liked[~mine], who.setting.calibrator)
        found[mine] = calibrator.probability(rows[mine])
    return found
