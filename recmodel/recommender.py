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
from recmodel.prefixes import PrefixCache
from recmodel.prompts import Prompt, Reaction
from recmodel.rates import Counts, told_prompt
from recmodel.taste import Embeddings, Floats, taste


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

    def told(self, counts: Counts) -> list[Prompt]:
        """Return the prompts with what `counts`, which leave its records out, say of the items."""
        items = (r.item for prompt in self.prompts for r in (*prompt.prefix, *prompt.suffixes))
        others = counts.others(items)
        return [told_prompt(prompt, others) for prompt in self.prompts]


@dataclass(frozen=True)
class Setting:
    """What a plan says about answering.

    centre [d]: its mean embedding; centroids [shards, d], of length 1, if its partitioner has any.
    """

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
        weights = self.omega(history)[None]
        counts = self.counts.without(records)
        logits = self.mixture.score_candidates(
            tuple(history), items, self.catalogue, weights, counts
        )
        return self.calibrator.probability(self._rows(logits, history, items, counts))

    def omega(self, history: Sequence[Reaction]) -> npt.NDArray[np.float32]:
        """Return how much each adapter counts after a history: [K], in the mixture's order."""
        return self._omega(history, self.evidence)

    def validation_rows(self, people: Sequence[Person]) -> Floats:
        """Return the rows of scores [n, 6] of every validation target, person by person.

        Nobody's own prompts and records speak for themselves.
        """
        each = [self.counts.without(person.records) for person in people]
        told = [
            prompt for one, counts in zip(people, each, strict=True) for prompt in one.told(counts)
        ]
        logits = iter(self.mixture.score(told, self.catalogue, self._omegas(people)))
        rows = [np.empty((0, len(self.calibrator.weights)))]
        for person, counts in zip(people, each, strict=True):
            for prompt in person.prompts:
                targets = [reaction.item for reaction in prompt.suffixes]
                rows.append(self._rows(next(logits), prompt.prefix, targets, counts))
        return np.concatenate(rows)

    def refitted(self, people: Sequence[Person]) -> Calibrator:
        """Return the calibrator that the validation subjects teach, drawn towards the plan's."""
        liked = [np.empty(0, bool), *(part for person in people for part in person.liked)]
        rows = self.validation_rows(people)
        return fit(rows, np.concatenate(liked), self.setting.calibrator)

    def _rows(
        self,
        logits: npt.NDArray[np.float32],
        history: Sequence[Reaction],
        items: Sequence[str],
        counts: Counts,
    ) -> Floats:
        return scores(logits, history, items, counts, self.catalogue, self.setting.centre)

    def _omegas(self, people: Sequence[Person]) -> npt.NDArray[np.float32]:
        """Return the weights of each prompt, [prompts, K], by what others' prompts say."""
        weights = []
        for person in people:
            others = self.evidence.without(person.subject)
            weights += [self._omega(prompt.prefix, others) for prompt in person.prompts]
        return np.array(weights, np.float32).reshape(len(weights), len(self.mixture.shards))

    def _omega(self, history: Sequence[Reaction], evidence: Evidence) -> npt.NDArray[np.float32]:
        return omega(
            self.setting.attention,
            history_taste(history, self.catalogue, self.setting.centre),
            evidence,
            self._centroids(),
        )

    def _centroids(self) -> Floats | None:
        """Return the centroids of the shards that are served, in the mixture's order."""
        every = self.setting.centroids
        return None if every is None else every[list(self.mixture.shards)]


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


def prompt_errors_of(
    judged: Mixture,
    people: Sequence[Person],
    catalogue: Catalogue,
    prefixes: PrefixCache | None = None,
) -> Errors:
    """Return the errors of `judged`, which has one adapter, on all prompts of people: int32 [V]."""
    prompts = [prompt for person in people for prompt in person.prompts]
    liked = [part for person in people for part in person.liked]
    return prompt_errors(judged.score(prompts, catalogue, prefixes=prefixes), liked)
