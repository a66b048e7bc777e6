"""The plan's own calibrator: fitted before any record is seen, on simulated subjects.

It serves while the release's fitted one is out of service, and is what that one starts from.
"""

from __future__ import annotations

from itertools import chain

import numpy as np

from recmodel.calibrator import Calibrator, fit, scores, standard
from recmodel.catalogue import Catalogue
from recmodel.front_end import FrontEnd
from recmodel.mixture import Mixture
from recmodel.prompts import prompt_ranges, prompts_of
from recmodel.rates import Counts, told_prompt
from recmodel.simulate import subjects
from recmodel.taste import Embeddings
from recmodel.training_config import TrainingConfig

SUBJECTS, RECORDS, SEED = 200, 120, 11


class SmallCatalogueError(ValueError):
    """Too few items for anybody to have a history and something to be asked about."""


def plan_calibrator(
    base: FrontEnd,
    catalogue: Catalogue,
    centre: Embeddings,
    config: TrainingConfig,
) -> Calibrator:
    """Fit a calibrator over the frozen base, on simulated subjects who meet this catalogue.

    Raises SmallCatalogueError.
    """
    return simulated_calibrator(Mixture(base, {}), catalogue, centre, config)


def simulated_calibrator(
    frozen: Mixture,
    catalogue: Catalogue,
    centre: Embeddings,
    config: TrainingConfig,
) -> Calibrator:
    """Fit a calibrator over a mixture that no record has taught, on the same subjects.

    Raises SmallCatalogueError.
    """
    people = dict(subjects(catalogue, SUBJECTS, SEED, RECORDS))
    counts = Counts.of_records(chain.from_iterable(people.values()))
    rows, liked = [], []
    for subject, records in people.items():
        ranges = prompt_ranges(
            len(records),
            history_size=config.history_size,
            targets_per_prompt=config.targets_per_prompt,
            min_history=config.min_history,
        )
        others = counts.without(records)
        known = others.others(record.item for record in records)
        prompts = [told_prompt(prompt, known) for prompt in prompts_of(subject, records, ranges)]
        for prompt, logits in zip(prompts, frozen.score(prompts, catalogue), strict=True):
            targets = [reaction.item for reaction in prompt.suffixes]
            rows.append(scores(logits, prompt.prefix, targets, others, catalogue, centre))
            liked += [reaction.liked for reaction in prompt.suffixes]
    if not rows:
        raise SmallCatalogueError(
            f"the catalogue has {len(catalogue)} items: simulated people, on whom a plan's"
            " calibrator is fitted, find too few for a history there; import more items"
        )
    both = np.concatenate(rows)
    return fit(both, np.array(liked), standard(both))
