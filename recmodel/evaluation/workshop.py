"""Where adapters are trained and judged, once for all methods that share them."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain

import numpy as np

from recmodel.adapter import AdapterState
from recmodel.attention import Errors
from recmodel.calibrator import Calibrator
from recmodel.catalogue import Catalogue
from recmodel.evaluation.data import DataSet
from recmodel.evaluation.mixtures import Silent
from recmodel.evaluation.partitions import PARTITIONS, People
from recmodel.front_end import FrontEnd
from recmodel.gate import Scope
from recmodel.mixture import Mixture
from recmodel.partition import is_validation, keyed_hash, slice_of
from recmodel.plan_calibrator import simulated_calibrator
from recmodel.prefixes import PrefixCache
from recmodel.prompts import Prompt, prompt_ranges, prompts_of
from recmodel.rates import Counts, told
from recmodel.recommender import Person, prompt_errors_of
from recmodel.training import initial_state, train_slice
from recmodel.training_config import TrainingConfig

# As `manage.py train` has them by default.
ASIDE, SLICES, JUDGED = 0.1, 4, 2
DEFAULT = TrainingConfig()
MOST_TARGETS = 256  # of one prompt; who has more is asked by several with the same history

OnStep = Callable[[str], None]


@dataclass(frozen=True)
class Sharding:
    """How adapters are trained. `share`: of the people, chosen by keyed hash, teach them at all."""

    partition: str = "semantic"
    shards: int = 8
    slices: int = SLICES
    scope: Scope = "suffix"
    share: float = 1.0


@dataclass(frozen=True)
class Trained:
    """Adapters, their errors [K, V] on the judges' prompts, and what they took in CPU seconds.

    slices: by shard and slice; judging: by shard, telling its prompts of others included; taught:
    each teacher's shard and slice.
    """

    states: Mapping[int, AdapterState]
    errors: Errors
    partition: float
    slices: Mapping[tuple[int, int], float]
    judging: Mapping[int, float]
    taught: Mapping[str, tuple[int, int]]

    @property
    def training(self) -> float:
        """Return the CPU seconds of everything but the calibrator."""
        return self.partition + sum(self.slices.values()) + sum(self.judging.values())

    @property
    def erasure(self) -> float:
        """Return the CPU seconds that erasing one person costs, the mean over those who taught.

        What an erasure trains anew is the person's slice and those after it: so long as they took.
        """
        last = max((slice_ for _, slice_ in self.slices), default=0)
        each = [
            sum(self.slices[shard, later] for later in range(slice_, last + 1))
            + self.judging[shard]
            for shard, slice_ in self.taught.values()
        ]
        return float(np.mean(each)) if each else 0.0


class Priors:
    """Plans' own calibrators over a base and a catalogue: no record has a part in them."""

    def __init__(
        self, base: FrontEnd, catalogue: Catalogue, config: TrainingConfig = DEFAULT
    ) -> None:
        self.base = base
        self._catalogue, self._config = catalogue, config

    @cached_property
    def with_model(self) -> Calibrator:
        """Return the one that a default plan has."""
        return self._over(Mixture(self.base, {}))

    @cached_property
    def without_model(self) -> Calibrator:
        """Return one over all scores but the model's, made the same way."""
        return self._over(Silent(self.base))

    def _over(self, frozen: Mixture) -> Calibrator:
        centre = self._catalogue.centre
        return simulated_calibrator(frozen, self._catalogue, centre, self._config)


class Workshop:
    """One seed's people, keys and prompts, and the adapters that were trained on them so far.

    A keyed hash puts a tenth of the people aside: they teach no adapter, and judge all of them.
    """

    def __init__(
        self,
        data: DataSet,
        priors: Priors,
        seed: int,
        config: TrainingConfig = DEFAULT,
    ) -> None:
        self.split, self.base = data.split, priors.base
        self.key = hashlib.sha256(f"evaluation/{seed}".encode()).digest()
        root = hashlib.sha256(f"training/{seed}".encode()).hexdigest()
        self.config = replace(config, seed=root)
        self.catalogue = data.catalogue
        self.centre = data.catalogue.centre
        self.counts = Counts.of_records(chain.from_iterable(self.split.known.values()))
        self.on_step: OnStep = lambda what: None
        self._trained: dict[Sharding, Trained] = {}
        self.priors = priors
        aside = [name for name in self.split.known if is_validation(self.key, name, ASIDE)]
        self.judges = [
            Person(name, tuple(prompts[-JUDGED:]), tuple(self.split.known[name]))
            for name in sorted(aside)
            if (prompts := self.prompts(name))
        ]
        self.tested = [self._tested(place) for place in range(len(self.split.questions))]

    def prompts(self, subject: str) -> list[Prompt]:
        """Return what a subject's known records make."""
        records = self.split.known[subject]
        ranges = prompt_ranges(
            len(records),
            history_size=self.config.history_size,
            targets_per_prompt=self.config.targets_per_prompt,
            min_history=self.config.min_history,
        )
        return prompts_of(subject, records, ranges)

    def train(self, sharding: Sharding) -> Trained:
        """Return the adapters of a sharding, trained when they are first asked for."""
        if sharding not in self._trained:
            self._trained[sharding] = self._train(sharding)
        return self._trained[sharding]

    def _train(self, sharding: Sharding) -> Trained:
        began = time.process_time()
        taught = self._places(sharding)
        partition = time.process_time() - began
        config = replace(self.config, scope=sharding.scope)
        states, errors = {}, []
        # The judges' histories are read once for all adapters, as workers do.
        prefixes = PrefixCache(self.base, self.catalogue)
        slices: dict[tuple[int, int], float] = {}
        judging: dict[int, float] = {}
        for shard in range(sharding.shards):
            self.on_step(f"shard {shard + 1} of {sharding.shards}")
            state = initial_state(self.base, config, shard)
            began = time.process_time()
            prompts_told = told(self._slices(shard, taught, sharding.slices))
            telling = time.process_time() - began
            for slice_, prompts in enumerate(prompts_told):
                began = time.process_time()
                state = train_slice(
                    self.base, config, shard, slice_, prompts, state, self.catalogue
                )
                slices[shard, slice_] = time.process_time() - began
            began = time.process_time()
            judged = Mixture(self.base, {shard: state}, sharding.scope)
            errors.append(prompt_errors_of(judged, self.judges, self.catalogue, prefixes))
            judging[shard] = telling + time.process_time() - began
            states[shard] = state
        return Trained(states, np.array(errors), partition, slices, judging, taught)

    def _slices(
        self, shard: int, taught: Mapping[str, tuple[int, int]], slices: int
    ) -> list[list[Prompt]]:
        found: list[list[Prompt]] = [[] for _ in range(slices)]
        for name, (its_shard, slice_) in taught.items():
            if its_shard == shard:
                found[slice_] += self.prompts(name)
        return found

    def _places(self, sharding: Sharding) -> dict[str, tuple[int, int]]:
        judges = {person.subject for person in self.judges}
        limit = int(sharding.share * 2**64)
        records = {
            name: mine
            for name, mine in self.split.known.items()
            if name not in judges and keyed_hash(self.key, "share", name) < limit
        }
        people = People(self.key, self.catalogue, records)
        shards = PARTITIONS[sharding.partition](people, sharding.shards)
        return {
            name: (shard, slice_of(self.key, name, sharding.slices))
            for name, shard in shards.items()
        }

    def _tested(self, place: int) -> Person:
        question = self.split.questions[place]
        read = question.history[-self.config.history_size :]
        prompts = [
            Prompt(question.subject, read, question.targets[start : start + MOST_TARGETS])
            for start in range(0, len(question.targets), MOST_TARGETS)
        ]
        return Person(question.subject, tuple(prompts), question.history)
