"""Measure what erasing costs beside training everything, by the functions that workers call.

    python -m benchmarks.erasure [--json] [--data FOLDER]

Full: every shard from its initial weights, slice after slice, with the errors of each checkpoint
on the validation subjects, then the calibrator. Erasing: the touched shards from the last clean
checkpoint on, the errors of their new checkpoints, then the calibrator. Base and embeddings are in
memory in both, nothing that was read of anybody is. CPU seconds of one thread; the ratios are
within one run. Without a folder: simulated subjects. With one in MovieLens' format: its people.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from recmodel.adapter import AdapterState
from recmodel.attention import Attention, Errors
from recmodel.base import ItemTokenModel, load_base
from recmodel.calibrator import Calibrator
from recmodel.catalogue import Catalogue
from recmodel.clustering import centroids
from recmodel.determinism import configure
from recmodel.encoder import Encoder
from recmodel.fictional import fictional_catalogue
from recmodel.mixture import Mixture
from recmodel.movielens import read_movielens
from recmodel.partition import SemanticPartitioner, is_validation, keyed_digest, slice_of
from recmodel.plan_calibrator import plan_calibrator
from recmodel.prefixes import PrefixCache
from recmodel.prompts import Prompt, Reaction, prompt_ranges, prompts_of
from recmodel.rates import Counts, told
from recmodel.recommender import (
    Person,
    Recommender,
    Setting,
    evidence_of,
    history_taste,
    prompt_errors_of,
)
from recmodel.simulate import subjects
from recmodel.taste import centre_of, directions
from recmodel.training import TrainingConfig, initial_state, train_slice

KEY = b"erasure benchmark"
SLICES, VALIDATION_SHARE = 4, 0.1
DRAWN = 4  # subjects of each slice erased one by one
PROMPTS_PER_SUBJECT = 2  # of a validation subject, as new plans have it
SIMULATED, ITEMS, RECORDS, SEED = 600, 1500, 100, 3
WANTED = {
    "erase_one_speedup_mean": 9.5,
    "erase_one_speedup_min": 4.0,
    "erase_one_speedup_mean_k32": 38.0,
}

Records = Mapping[str, list[Reaction]]
Slices = dict[tuple[int, int], list[Prompt]]


@dataclass
class World:
    """A base, a catalogue, and people who react to it."""

    base: ItemTokenModel
    catalogue: Catalogue
    records: Records
    config: TrainingConfig
    calibrator: Calibrator

    @property
    def setting(self) -> Setting:
        centre = centre_of(self.catalogue.embeddings)
        return Setting(Attention(), centre, self.calibrator, KEY)


@dataclass
class Trained:
    """What stands after training: the weights after each slice, and their errors."""

    states: dict[tuple[int, int], AdapterState] = field(default_factory=dict)
    errors: dict[tuple[int, int], Errors] = field(default_factory=dict)


class Pipeline:
    """Trains, judges and refits for one number of shards."""

    def __init__(self, world: World, shards: int) -> None:
        self.world, self.shards = world, shards
        centre = world.setting.centre
        middles = centroids(directions(world.catalogue.embeddings, centre), shards)
        self.partitioner = SemanticPartitioner(KEY, middles)
        self.places = {name: self._place(name) for name in world.records}

    def _place(self, name: str) -> tuple[int, int] | None:
        """Return shard and slice, None for a validation subject."""
        if is_validation(KEY, name, VALIDATION_SHARE):
            return None
        world = self.world
        taste = history_taste(world.records[name], world.catalogue, world.setting.centre)
        return self.partitioner.shard(name, taste), slice_of(KEY, name, SLICES)

    def slices(self, without: Collection[str] = ()) -> Slices:
        """Return the prompts of each slice, but for some subjects."""
        found: Slices = {(k, r): [] for k in range(self.shards) for r in range(SLICES)}
        for name, place in self.places.items():
            if place is not None and name not in without:
                found[place] += self._prompts(name)
        return found

    def people(self) -> list[Person]:
        """Return the validation subjects."""
        return [
            Person(name, tuple(self._prompts(name)[-PROMPTS_PER_SUBJECT:]), tuple(records))
            for name, records in sorted(self.world.records.items())
            if self.places[name] is None
        ]

    def _prompts(self, name: str) -> list[Prompt]:
        records, config = self.world.records[name], self.world.config
        ranges = prompt_ranges(
            len(records),
            history_size=config.history_size,
            targets_per_prompt=config.targets_per_prompt,
            min_history=config.min_history,
        )
        return prompts_of(name, records, ranges)

    def train(self, trained: Trained, slices: Slices, first: Mapping[int, int]) -> Trained:
        """Train shards anew, each from its slice in `first` on, judge and refit: what is timed."""
        world, people = self.world, self.people()
        prefixes = PrefixCache(world.base, world.catalogue)
        done = Trained(dict(trained.states), dict(trained.errors))
        for shard, start in first.items():
            state = done.states.get((shard, start - 1)) or initial_state(
                world.base, world.config, shard
            )
            everything = told([slices[shard, number] for number in range(SLICES)], start)
            for slice_ in range(start, SLICES):
                state = train_slice(
                    world.base,
                    world.config,
                    shard,
                    slice_,
                    everything[slice_],
                    state,
                    world.catalogue,
                )
                done.states[shard, slice_] = state
                judged = Mixture(world.base, {shard: state}, world.config.scope)
                done.errors[shard, slice_] = prompt_errors_of(
                    judged, people, world.catalogue, prefixes
                )
        self._refit(done, people)
        return done

    def _refit(self, done: Trained, people: list[Person]) -> Calibrator:
        world, last = self.world, SLICES - 1
        errors = np.array([done.errors[shard, last] for shard in range(self.shards)])
        adapters = {shard: done.states[shard, last] for shard in range(self.shards)}
        who = Recommender(
            mixture=Mixture(world.base, adapters, world.config.scope),
            setting=world.setting,
            evidence=evidence_of(people, errors, world.catalogue, world.setting),
            counts=Counts.of_records(chain.from_iterable(world.records.values())),
            catalogue=world.catalogue,
            calibrator=world.calibrator,
        )
        return who.refitted(people)


def measure(world: World, shards: int) -> dict[str, Any]:
    """Return seconds of everything, of erasing subjects one by one, and of batches."""
    pipeline = Pipeline(world, shards)
    everyone = pipeline.slices()
    began = time.process_time()
    trained = pipeline.train(Trained(), everyone, dict.fromkeys(range(shards), 0))
    full = time.process_time() - began
    learned = sorted(
        (name for name, place in pipeline.places.items() if place is not None),
        key=lambda name: keyed_digest(KEY, "drawn", name),
    )
    ones = [_erase(pipeline, trained, everyone, [name]) for name in _drawn(pipeline, learned)]
    seconds = [spent for spent, _ in ones]
    sizes = Counter(place[0] for place in pipeline.places.values() if place)
    found = {
        "shards": shards,
        "subjects": len(learned),
        "largest_shard_over_mean": max(sizes.values()) * shards / len(learned),
        "full_seconds": full,
        "erase_one_seconds_mean": statistics.mean(seconds),
        "erase_one_speedup_mean": full / statistics.mean(seconds),
        "erase_one_speedup_min": full / max(seconds),
        "touched_adapters_max": max(touched for _, touched in ones),
    }
    for percent in (1, 10):
        batch = learned[: max(1, len(learned) * percent // 100)]
        spent, touched = _erase(pipeline, trained, everyone, batch)
        found[f"erase_{percent}_percent_speedup"] = full / spent
        found[f"erase_{percent}_percent_touched_adapters"] = touched
    return found


def _drawn(pipeline: Pipeline, learned: list[str]) -> list[str]:
    """Return the first few of each slice: slices hold equal shares of all, and cost unequally."""
    by_slice: dict[int, list[str]] = {slice_: [] for slice_ in range(SLICES)}
    for name in learned:
        place = pipeline.places[name]
        if place is not None:
            by_slice[place[1]].append(name)
    return [name for names in by_slice.values() for name in names[:DRAWN]]


def _erase(
    pipeline: Pipeline, trained: Trained, everyone: Slices, names: list[str]
) -> tuple[float, int]:
    """Return the seconds that erasing takes, and how many adapters had learned from `names`.

    Which slices changed is seen by comparing their prompts, not taken from the partitioner.
    """
    rest = pipeline.slices(without=set(names))
    first: dict[int, int] = {}
    for shard, slice_ in sorted(everyone):
        if rest[shard, slice_] != everyone[shard, slice_]:
            first.setdefault(shard, slice_)
    began = time.process_time()
    pipeline.train(trained, rest, first)
    return time.process_time() - began, len(first)


def make_world(data: Path | None) -> World:
    """Embed the items and read, or simulate, the people."""
    encoder, base, config = Encoder.load(), load_base(), TrainingConfig()
    records: Records
    if data is None:
        items = fictional_catalogue(ITEMS, SEED)
        vectors = encoder.encode([item.text for item in items])
        catalogue = Catalogue([item.external_id for item in items], vectors)
        records = dict(subjects(catalogue, SIMULATED, SEED, RECORDS))
    else:
        texts, records = read_movielens(data)
        catalogue = Catalogue(list(texts), encoder.encode(list(texts.values())))
    calibrator = plan_calibrator(base, catalogue, centre_of(catalogue.embeddings), config)
    return World(base, catalogue, records, config, calibrator)


def figures(world: World) -> dict[str, Any]:
    """Return all that is measured, with the keys that are asked for on top."""
    eight, many = measure(world, 8), measure(world, 32)
    return {
        "erase_one_speedup_mean": eight["erase_one_speedup_mean"],
        "erase_one_speedup_min": eight["erase_one_speedup_min"],
        "erase_one_speedup_mean_k32": many["erase_one_speedup_mean"],
        "touched_adapters_max": max(r["touched_adapters_max"] for r in (eight, many)),
        "k8": eight,
        "k32": many,
    }


def show(found: dict[str, Any]) -> None:
    """Print the figures as a table."""
    table = Table("measured", "8 shards", "32 shards", title="Training everything over erasing")
    for name in found["k8"]:
        table.add_row(name.replace("_", " "), *(f"{found[k][name]:.4g}" for k in ("k8", "k32")))
    console = Console()
    console.print(table)
    for name, wanted in WANTED.items():
        console.print(f"{name}: {found[name]:.2f}, wanted {wanted} or more")
    console.print(f"touched_adapters_max: {found['touched_adapters_max']}, wanted 1")


def main() -> None:
    """Read the command line, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--data", type=Path, help="a folder with ratings.csv and movies.csv")
    given = parser.parse_args()
    configure(1)
    found = figures(make_world(given.data))
    if given.json:
        print(json.dumps(found, indent=2))
    else:
        show(found)


if __name__ == "__main__":
    main()
