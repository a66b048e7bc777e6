"""The methods with a language model: which adapters there are, how they are mixed, what is served.

Each is asked through the recommender, as it would be served: its logits go through a calibrator
that was fitted on the judges, drawn towards the plan's own. So the methods differ in their model
alone, and a score that the calibrator adds cannot pass for the model's.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Literal

import numpy as np

from recmodel.attention import Attention, Errors
from recmodel.calibrator import SCORES
from recmodel.clustering import centroids
from recmodel.evaluation.data import Floats
from recmodel.evaluation.mixtures import Ensemble, Silent
from recmodel.evaluation.workshop import Sharding, Trained, Workshop
from recmodel.gate import Form
from recmodel.mixture import Mixture
from recmodel.recommender import Recommender, Setting, evidence_of
from recmodel.taste import directions

MODEL = SCORES.index("model")
DEFAULT = Attention()


@dataclass(frozen=True)
class Adapters:
    """One way to train adapters and to answer with them. Without `sharding` there are none.

    answer: "mixture" mixes them by `attention` in `form`; "ensemble" lets each answer by itself and
    takes the mean of the probabilities; "silent" leaves the model out, so that the calibrator's
    other scores are all there is.
    """

    sharding: Sharding | None
    attention: Attention = DEFAULT
    form: Form = "nd"
    answer: Literal["mixture", "ensemble", "silent"] = "mixture"

    def recommender(self, shop: Workshop) -> Recommender:
        """Return who answers, with the plan's calibrator; trains what has not been trained."""
        trained = None if self.sharding is None else shop.train(self.sharding)
        silent = self.answer == "silent"
        prior = shop.priors.without_model if silent else shop.priors.with_model
        setting = Setting(self.attention, shop.centre, prior, shop.key, self._centroids(shop))
        errors = self._errors(shop, trained)
        return Recommender(
            mixture=self._mixture(shop, trained),
            setting=setting,
            evidence=evidence_of(shop.judges, errors, shop.catalogue, setting),
            counts=shop.counts,
            catalogue=shop.catalogue,
            calibrator=prior,
        )

    def _mixture(self, shop: Workshop, trained: Trained | None) -> Mixture:
        if self.answer == "silent":
            return Silent(shop.base)
        if self.sharding is None or trained is None:
            return Mixture(shop.base, {})
        if self.answer == "ensemble":
            return Ensemble(shop.base, trained.states, self.sharding.scope)
        return Mixture(shop.base, trained.states, self.sharding.scope, self.form)

    def _errors(self, shop: Workshop, trained: Trained | None) -> Errors:
        """Return the error matrix of those that are weighed: nobody, if none are."""
        if trained is None or self.answer != "mixture":
            return np.zeros((0, sum(len(person.prompts) for person in shop.judges)), np.int32)
        return trained.errors

    def _centroids(self, shop: Workshop) -> Floats | None:
        if self.attention.strategy != "centroid" or self.sharding is None:
            return None
        return centroids(directions(shop.catalogue.embeddings, shop.centre), self.sharding.shards)


@dataclass(frozen=True)
class Served:
    """What a method answered: probabilities, the model's own logits, and CPU seconds.

    inference: of all questions together.
    """

    probability: Floats
    alone: Floats | None
    training: float
    erasure: float
    inference: float


def served(method: Adapters, shop: Workshop) -> Served:
    """Train what the method needs, fit its calibrator on the judges, and ask all questions."""
    who = method.recommender(shop)
    began = time.process_time()
    calibrator = who.refitted(shop.judges)
    refit = time.process_time() - began
    began = time.process_time()
    rows = who.validation_rows(shop.tested)
    probability = calibrator.probability(rows)
    inference = time.process_time() - began
    trained = None if method.sharding is None else shop.train(method.sharding)
    return Served(
        probability=probability,
        alone=None if method.answer == "silent" else rows[:, MODEL],
        training=refit + (trained.training if trained else 0.0),
        erasure=refit + (trained.erasure if trained else 0.0),
        inference=inference,
    )
