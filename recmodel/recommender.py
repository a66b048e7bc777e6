"""What a release answers with: the mixture, who to trust in it, the counts and the calibrator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recmodel.attention import Attention, Errors, Evidence, omega, prompt_errors
from recmodel.calibrator import Calibrator, fit, scores
from recmodel.catalogue import Catalogue
from recmodel.mixture import Mixture
from recmodel.prompts import Prompt, Reaction
from recmodel.rates import Counts
from recmodel.taste import Embeddings, Floats, taste

# Candidates of one subject are scored so many to a prompt.
TARGETS = 32


@dataclass(frozen=True)
class Person:
    """A validation subject: its prompts, and all of its records, both in time order."""

    subject: str
    prompts: tuple[Prompt, ...]
    records: tuple[Reaction, ...]

    @property
    def liked(self) -> list[npt.NDArray[np.bool_]]:
        """Return what each prompt's targets were answered with."""
        return [np.array([r.liked for r in prompt.suffixes], bool) for prompt in self.prompts]


@dataclass(frozen=True)
class Setting:
    """What a plan says about answering. centre [d] is its mean embedding; centroids [K, d]."""

    attention: Attention
    centre: Embeddings
    calibrator: Calibrator
    key: bytes
    centroids: Floats | None = None


@dataclass(frozen=True, eq=False)
class Recommender:
    """Answers for any subject. Nothing in it changes, so that threads may share it.

    `evidence` has one row of errors for each adapter of `mixture`, in its order.
    """

    mixture: Mixture
    setting: Setting
    evidence: Evidence
    counts: Counts
    catalogue: Catalogue
    calibrator: Calibrator

    def probabilities(
        self, history: Sequence[Reaction], items: Sequence[str], records: Sequence[Reaction]
    ) -> Floats:
        """Return the probability that a subject likes each of `items`: float64 [len(items)].

        `history` is what the model reads; `records` are all of the subject's that were counted,
        which must not speak for themselves.
        """
        if not items:
            return np.empty(0)
        asked = [Reaction(item=item, liked=False, at="") for item in items]
        blocks = [tuple(asked[at : at + TARGETS]) for at in range(0, len(asked), TARGETS)]
        prompts = [Prompt("", tuple(history), block) for block in blocks]
        weights = np.tile(self._omega(history, self.evidence), (len(prompts), 1))
        logits = np.concatenate(self.mixture.score(prompts, self.catalogue, weights))
        return self.calibrator.probability(
            scores(
                logits,
                history,
                items,
                self.counts.without(records),
                self.catalogue,
                self.setting.centre,
            )
        )

    def validation_rows(self, people: Sequence[Person]) -> Floats:
        """Return the rows of scores [n, 6] of every validation target, person by person.

        Nobody's own prompts and records speak for themselves.
        """
        prompts = [prompt for person in people for prompt in person.prompts]
        others = {person.subject: self.evidence.without(person.subject) for person in people}
        weights = [self._omega(prompt.prefix, others[prompt.subject]) for prompt in prompts]
        K = len(self.mixture.shards)
        logits = iter(
            self.mixture.score(
                prompts, self.catalogue, np.array(weights, np.float32).reshape(len(prompts), K)
            )
        )
        rows = [np.empty((0, len(self.calibrator.weights)))]
        for person in people:
            counts = self.counts.without(person.records)
            for prompt in person.prompts:
                targets = [reaction.item for reaction in prompt.suffixes]
                rows.append(
                    scores(
                        next(logits),
                        prompt.prefix,
                        targets,
                        counts,
                        self.catalogue,
                        self.setting.centre,
                    )
                )
        return np.concatenate(rows)

    def refitted(self, people: Sequence[Person]) -> Calibrator:
        """Return the calibrator that the validation subjects teach, drawn towards the plan's."""
        liked = [np.empty(0, bool), *(part for person in people for part in person.liked)]
        return fit(self.validation_rows(people), np.concatenate(liked), self.setting.calibrator)

    def _omega(self, history: Sequence[Reaction], evidence: Evidence) -> npt.NDArray[np.float32]:
        return omega(
            self.setting.attention,
            history_taste(history, self.catalogue, self.setting.centre),
            evidence,
            self.setting.centroids,
        )


def history_taste(history: Sequence[Reaction], catalogue: Catalogue, centre: Embeddings) -> Floats:
    """Return the taste [d] that a history shows."""
    vectors = catalogue.vectors(reaction.item for reaction in history)
    return taste(vectors, np.array([reaction.liked for reaction in history], bool), centre)


def evidence_of(
    people: Sequence[Person], errors: Errors, catalogue: Catalogue, setting: Setting
) -> Evidence:
    """Join what validation prompts say: errors [K, V] over all prompts, person by person."""
    prompts = [prompt for person in people for prompt in person.prompts]
    tastes = [history_taste(prompt.prefix, catalogue, setting.centre) for prompt in prompts]
    return Evidence(
        ids=tuple(prompt.content_id(setting.key) for prompt in prompts),
        subjects=tuple(prompt.subject for prompt in prompts),
        tastes=np.array(tastes).reshape(len(prompts), len(setting.centre)),
        errors=errors,
    )


def prompt_errors_of(judged: Mixture, people: Sequence[Person], catalogue: Catalogue) -> Errors:
    """Return the errors of `judged`, which has one adapter, on all prompts of people: int32 [V]."""
    prompts = [prompt for person in people for prompt in person.prompts]
    liked = [part for person in people for part in person.liked]
    return prompt_errors(judged.score(prompts, catalogue), liked)
