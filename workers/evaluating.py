"""How well the live release ranks what people who taught it nothing liked, beside simple rates."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt
from django.db.models import Count, Q
from sklearn.metrics import roc_auc_score

from compliance.provenance.artefacts import artefact_path
from compliance.provenance.examples import shard_examples
from compliance.provenance.models import Plan, RecordPlace
from compliance.provenance.releases import served_checkpoints
from recmodel.adapter import load_adapter
from recmodel.mixture import Mixture
from recmodel.prompts import Prompt
from workers.model import base_model, plan_catalogue, training_config

# Smoothing of the like-rates: this many virtual records at the overall rate.
VIRTUAL = 5.0
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Evaluation:
    """Areas under the ROC curve over the targets of the validation subjects."""

    subjects: int
    targets: int
    item_and_user_rates: float | None
    model: float | None


def evaluate(plan: Plan) -> Evaluation:
    """Score every target of the validation subjects with the live mixture and with the rates.

    The areas are None where nobody is put aside, or all targets are alike.
    """
    prompts = [prompt for part in shard_examples(plan, None) for prompt in part]
    liked = np.array([s.liked for prompt in prompts for s in prompt.suffixes])
    people = len({prompt.subject for prompt in prompts})
    if len(set(liked.tolist())) < 2:
        return Evaluation(people, len(liked), None, None)
    return Evaluation(
        subjects=people,
        targets=len(liked),
        item_and_user_rates=float(roc_auc_score(liked, _rates(plan, prompts))),
        model=float(roc_auc_score(liked, _logits(plan, prompts))),
    )


def _logits(plan: Plan, prompts: Sequence[Prompt]) -> Floats:
    adapters = {
        checkpoint.adapter.shard: load_adapter(artefact_path(checkpoint.digest))
        for checkpoint in served_checkpoints(plan)
    }
    mixture = Mixture(
        base_model(plan.config["base"]["digest"]), adapters, training_config(plan).scope
    )
    return np.concatenate(mixture.score(prompts, plan_catalogue(plan)))


def _rates(plan: Plan, prompts: Sequence[Prompt]) -> Floats:
    """Return item logit + user logit: likes among training subjects, and in the own history."""
    likes, totals = _item_counts(plan)
    overall = sum(likes.values()) / max(1, sum(totals.values()))
    scores = []
    for prompt in prompts:
        own = sum(reaction.liked for reaction in prompt.prefix)
        user = _logit(own, len(prompt.prefix), overall)
        scores += [_logit(likes[s.item], totals[s.item], overall) + user for s in prompt.suffixes]
    return np.array(scores)


def _item_counts(plan: Plan) -> tuple[Counter[str], Counter[str]]:
    threshold = Decimal(plan.config["like_threshold"])
    rows = (
        RecordPlace.objects.filter(plan=plan, shard__isnull=False)
        .values("interaction__item__external_id")
        .annotate(total=Count("pk"), likes=Count("pk", filter=Q(interaction__rating__gt=threshold)))
    )
    likes: Counter[str] = Counter()
    totals: Counter[str] = Counter()
    for row in rows:
        likes[row["interaction__item__external_id"]] = row["likes"]
        totals[row["interaction__item__external_id"]] = row["total"]
    return likes, totals


def _logit(likes: int, total: int, overall: float) -> float:
    rate = (likes + VIRTUAL * overall) / (total + VIRTUAL)
    return float(np.log(rate / (1 - rate))) if 0 < rate < 1 else 20.0 * (rate - 0.5)
