"""Measure the model beside plain rates: `python -m recmodel.evaluate [--movielens FOLDER]`.

Without a folder: simulated subjects over a fictional catalogue that the base has not seen. Each
subject's last fifth is held out and asked with the history before it; AUC over all held-out
records. An AUC without the baselines beside it says little: the share of liked items in a
person's own history is hard to beat.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from recmodel.adapter import AdapterState
from recmodel.attention import Attention, Errors
from recmodel.base import ItemTokenModel, load_base
from recmodel.calibrator import Calibrator
from recmodel.catalogue import Catalogue
from recmodel.determinism import configure
from recmodel.encoder import Encoder
from recmodel.fictional import fictional_catalogue
from recmodel.gate import Form
from recmodel.mixture import Mixture
from recmodel.movielens import read_movielens
from recmodel.partition import is_validation, keyed_digest, shard_of
from recmodel.plan_calibrator import plan_calibrator
from recmodel.prompts import Prompt, Reaction, prompt_ranges, prompts_of
from recmodel.rates import Counts
from recmodel.recommender import Person, Recommender, Setting, evidence_of, prompt_errors_of
from recmodel.simulate import subjects
from recmodel.taste import Embeddings, centre_of
from recmodel.training import TrainingConfig, initial_state, train_slice

Floats = npt.NDArray[np.float64]
KEY = b"evaluation"
HELD_OUT, MOST_TARGETS = 0.2, 16
# A rate counts as if five records of the overall rate stood before it.
VIRTUAL = 5
SIMULATED_SEED = 7
# The share of subjects put aside to judge adapters, by their latest prompts.
ASIDE, JUDGED = 0.1, 2
MIXTURES: tuple[tuple[str, Attention, Form], ...] = (
    ("equal weights", Attention("average"), "nd"),
    ("attention", Attention(), "nd"),
    ("attention, decomposed form", Attention(), "d"),
    ("attention, tau = 1000 as in the paper", Attention(tau=1000.0), "nd"),
    ("the best adapter for each sample", Attention("major"), "nd"),
)

Records = Mapping[str, Sequence[Reaction]]


@dataclass(frozen=True)
class Split:
    """Prompts to train on and to test with, from the same subjects."""

    train: list[Prompt]
    test: list[Prompt]


def split(records: Records, config: TrainingConfig) -> Split:
    """Hold out the last fifth of each subject's records, at most 16 of them, chosen by hash."""
    train, test = [], []
    for subject, mine in records.items():
        cut = int(len(mine) * (1 - HELD_OUT))
        ranges = prompt_ranges(
            cut,
            history_size=config.history_size,
            targets_per_prompt=config.targets_per_prompt,
            min_history=config.min_history,
        )
        train += prompts_of(subject, mine[:cut], ranges)
        late = sorted(mine[cut:], key=lambda r: keyed_digest(KEY, subject, r.item))
        history = mine[max(0, cut - config.history_size) : cut]
        test.append(Prompt(subject, tuple(history), tuple(late[:MOST_TARGETS])))
    return Split(train, test)


def rates(records: Records, test: Sequence[Prompt]) -> Floats:
    """Return [targets, 2]: the subject's like-rate in the prefix, the item's before the cut."""
    seen: Counter[str] = Counter()
    liked: Counter[str] = Counter()
    for mine in records.values():
        for reaction in mine[: int(len(mine) * (1 - HELD_OUT))]:
            seen[reaction.item] += 1
            liked[reaction.item] += reaction.liked
    overall = sum(liked.values()) / sum(seen.values())
    rows = []
    for prompt in test:
        own = sum(r.liked for r in prompt.prefix) + VIRTUAL * overall
        own /= len(prompt.prefix) + VIRTUAL
        for r in prompt.suffixes:
            rows.append((own, (liked[r.item] + VIRTUAL * overall) / (seen[r.item] + VIRTUAL)))
    return np.array(rows)


def auc(labels: npt.NDArray[np.bool_], *columns: npt.NDArray[np.floating]) -> float:
    """Return the AUC of a score, or of a logistic regression on several (5-fold)."""
    if len(columns) == 1:
        return float(roc_auc_score(labels, columns[0]))
    stack = make_pipeline(StandardScaler(), LogisticRegression())
    fitted = cross_val_predict(stack, np.stack(columns, 1), labels, cv=5, method="predict_proba")
    return float(roc_auc_score(labels, fitted[:, 1]))


def train_shards(
    model: ItemTokenModel,
    config: TrainingConfig,
    prompts: Sequence[Prompt],
    catalogue: Catalogue,
    shards: int,
) -> dict[int, AdapterState]:
    """Train one adapter a shard in one slice each; prints the speed in records a CPU second."""
    states = {}
    began = time.process_time()
    for shard in range(shards):
        mine = [p for p in prompts if shard_of(KEY, p.subject, shards) == shard]
        start = initial_state(model, config, shard)
        states[shard] = train_slice(model, config, shard, 0, mine, start, catalogue)
    spent = time.process_time() - began
    done = config.epochs * sum(len(p.suffixes) for p in prompts)
    print(f"trained {done} records in {spent:.0f} CPU s, {done / spent:.0f} a second")
    return states


@dataclass(frozen=True)
class Trial:
    """Trained adapters, the people put aside who judge them, and all people's held-out records."""

    model: ItemTokenModel
    catalogue: Catalogue
    counts: Counts
    states: Mapping[int, AdapterState]
    judges: Sequence[Person]
    tested: Sequence[Person]

    def recommender(self, attention: Attention, form: Form = "nd") -> Recommender:
        """Return who answers when adapters are weighed and mixed like this."""
        setting = Setting(attention, self._centre, self._prior, KEY)
        return Recommender(
            mixture=Mixture(self.model, self.states, form=form),
            setting=setting,
            evidence=evidence_of(self.judges, self._errors, self.catalogue, setting),
            counts=self.counts,
            catalogue=self.catalogue,
            calibrator=self._prior,
        )

    @cached_property
    def _centre(self) -> Embeddings:
        return centre_of(self.catalogue.embeddings)

    @cached_property
    def _prior(self) -> Calibrator:
        return plan_calibrator(self.model, self.catalogue, self._centre, TrainingConfig())

    @cached_property
    def _errors(self) -> Errors:
        rows = [
            prompt_errors_of(Mixture(self.model, {shard: state}), self.judges, self.catalogue)
            for shard, state in sorted(self.states.items())
        ]
        return np.array(rows)


def trial(records: Records, catalogue: Catalogue, shards: int) -> Trial:
    """Train on the people who are not put aside; everybody's last fifth is for the test."""
    model, config = load_base(), TrainingConfig()
    parts = split(records, config)
    aside = {name for name in records if is_validation(KEY, name, ASIDE)}
    states = train_shards(
        model, config, [p for p in parts.train if p.subject not in aside], catalogue, shards
    )
    known = {name: mine[: int(len(mine) * (1 - HELD_OUT))] for name, mine in records.items()}
    prompts = {name: [p for p in parts.train if p.subject == name] for name in sorted(aside)}
    return Trial(
        model=model,
        catalogue=catalogue,
        counts=Counts.of_records(chain.from_iterable(known.values())),
        states=states,
        judges=[
            Person(name, tuple(mine[-JUDGED:]), tuple(known[name]))
            for name, mine in prompts.items()
        ],
        tested=[Person(p.subject, (p,), tuple(known[p.subject])) for p in parts.test],
    )


def report(records: Records, catalogue: Catalogue, shards: int) -> None:
    """Print the table of AUCs."""
    tried = trial(records, catalogue, shards)
    tests = [person.prompts[0] for person in tried.tested]
    labels = np.array([r.liked for p in tests for r in p.suffixes])
    own, item = rates(records, tests).T
    cold = np.concatenate(Mixture(tried.model, {}).score(tests, catalogue))
    alone = [Mixture(tried.model, {s: a}).score(tests, catalogue) for s, a in tried.states.items()]
    found = {
        "subject's like-rate": auc(labels, own),
        "item's like-rate": auc(labels, item),
        "both, stacked": auc(labels, own, item),
        "frozen base": auc(labels, cold),
        "frozen base, rates stacked": auc(labels, cold, own, item),
        f"one adapter of {shards}, mean": float(
            np.mean([auc(labels, np.concatenate(logits)) for logits in alone])
        ),
    }
    for name, attention, form in MIXTURES:
        logits = tried.recommender(attention, form).validation_rows(tried.tested)[:, 0]
        found[name] = auc(labels, logits)
        found[f"{name}, rates stacked"] = auc(labels, logits, own, item)
    served = tried.recommender(Attention())
    rows = served.validation_rows(tried.tested)
    found["served, by the plan's calibrator"] = auc(labels, served.calibrator.probability(rows))
    fitted = served.refitted(tried.judges)
    found["served, by the fitted calibrator"] = auc(labels, fitted.probability(rows))
    print(f"{len(records)} subjects, {len(labels)} held-out records, {labels.mean():.3f} liked")
    for name, value in found.items():
        print(f"{name:44} {value:.4f}")


def main() -> None:
    """Read the command line and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--movielens", type=Path, help="a folder with ratings.csv and movies.csv")
    parser.add_argument("--shards", type=int, default=8)
    given = parser.parse_args()
    configure(1)
    encoder = Encoder.load()
    if given.movielens is not None:
        texts, records = read_movielens(given.movielens)
        catalogue = Catalogue(list(texts), encoder.encode(list(texts.values())))
    else:
        items = fictional_catalogue(1000, SIMULATED_SEED)
        vectors = encoder.encode([item.text for item in items])
        catalogue = Catalogue([item.external_id for item in items], vectors)
        records = dict(subjects(catalogue, 600, SIMULATED_SEED, records=80))
    report(records, catalogue, given.shards)


if __name__ == "__main__":
    main()
