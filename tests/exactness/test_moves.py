"""Subjects who move: by a refresh, by an erasure of some of their records, by another class."""

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from compliance.erasure.models import ErasureRequest
from compliance.evidence import verifier
from compliance.evidence.models import Certificate
from compliance.provenance.learning import subject_learning, subject_touched
from compliance.provenance.models import Adapter, Checkpoint, FrozenShard, Plan, RecordPlace
from compliance.provenance.releases import live_release, served_checkpoints
from compliance.provenance.state import State
from compliance.records.models import Interaction, Subject
from compliance.records.scope import Scope
from compliance.records.services import records_in
from recmodel.partition import partitioner
from recmodel.taste import taste
from tests.exactness.test_rules import PEOPLE, Build, some_records, without
from tests.exactness.test_rules import build as build
from tests.exactness.world import (
    EMBEDDINGS,
    ITEMS,
    People,
    Records,
    Shape,
    add_people,
    classify,
    erase,
    finish,
    moment,
    state_of,
)
from workers.building import refresh

SEMANTIC = Shape(method="semantic")
CLASSED = Shape(slice_by=("stays", "leaves"))


def place_now(name: str) -> tuple[int | None, int]:
    return RecordPlace.objects.filter(subject__external_id=name).values_list("shard", "slice")[0]


def shard_for(plan: Plan, name: str, records: Records) -> int:
    """Return where the rules put somebody with these records."""
    ordered = sorted(records, key=lambda record: (record[1], record[0]))
    vectors = EMBEDDINGS[[ITEMS.index(item) for item, _ in ordered]]
    liked = np.array([float(records[record]) > 3.5 for record in ordered])
    centre = np.frombuffer(EMBEDDINGS.tobytes(), "<f4").reshape(EMBEDDINGS.shape)
    centre = (centre.astype(float).sum(axis=0) / len(centre)).astype(np.float32)
    return partitioner(plan.config["partition"]).shard(name, taste(vectors, liked, centre))


def single_records() -> Iterator[tuple[str, tuple[str, int]]]:
    for name, records in PEOPLE.items():
        for record in records:
            yield name, record


def less(name: str, *gone: tuple[str, int]) -> People:
    rest = {record: rating for record, rating in PEOPLE[name].items() if record not in gone}
    return without(name) | {name: rest}


def mover(plan: Plan) -> tuple[str, tuple[str, int]]:
    """Return somebody whom the loss of one record moves, and that record."""
    for name, record in single_records():
        rest = less(name, record)[name]
        if shard_for(plan, name, rest) != shard_for(plan, name, PEOPLE[name]):
            return name, record
    raise AssertionError("Nobody moves: draw other people.")


def newcomer(plan: Plan) -> tuple[str, tuple[str, int], str]:
    """Return somebody whom one more record moves, the record, and its rating."""
    for name, item, rating in product(PEOPLE, ITEMS, "15"):
        more = {**PEOPLE[name], (item, 9): rating}
        if shard_for(plan, name, more) != shard_for(plan, name, PEOPLE[name]):
            return name, (item, 9), rating
    raise AssertionError("Nobody moves: draw other people.")


def only(record: tuple[str, int]) -> Scope:
    return Scope(records=frozenset({(record[0], moment(record[1]))}))


def in_scope(name: str, record: tuple[str, int]) -> list[int]:
    return records_in(name, only(record))


def learned_from(name: str) -> list[Checkpoint]:
    """Return what is served of the shard that the subject is in, from its slice on."""
    shard, slice_ = place_now(name)
    served = served_checkpoints(Plan.objects.get())
    return [each for each in served if each.adapter.shard == shard and each.slice >= slice_]


def told(request: ErasureRequest) -> dict:
    """Return what the request's certificate says, sure to pass the verifier's own checks."""
    payload = verifier.parse_envelope(bytes(Certificate.objects.get(request=request).envelope))
    return json.loads(payload.payload)["predicate"]


def test_everybody_is_where_the_rules_put_them(build: Build):
    """Broken by a statistic over other people's records in the partitioner."""
    fans = {f"fan {n}": {(ITEMS[n], 0): "5", (ITEMS[n - 1], 1): "5"} for n in range(6)}
    people = PEOPLE | fans  # without a dislike, the centre matters
    build(people, SEMANTIC)
    plan = Plan.objects.get()
    expected = {name: shard_for(plan, name, records) for name, records in people.items()}
    assert {name: place_now(name)[0] for name in people} == expected
    for name in people:
        build({name: people[name]}, SEMANTIC)
        assert place_now(name)[0] == expected[name]


def test_a_partial_erasure_that_moves_the_subject_touches_two_shards(build: Build):
    """Broken by retraining one of the two, and by leaving the rest of the records behind."""
    build(shape=SEMANTIC)
    plan = Plan.objects.get()
    name, record = mover(plan)
    old, _ = place_now(name)
    expected = build(less(name, record), SEMANTIC)
    build(shape=SEMANTIC)
    subject, gone = Subject.objects.get(external_id=name), in_scope(name, record)
    foreseen = subject_learning(subject, gone, subject_touched(subject, gone))
    innocent = set(Checkpoint.objects.exclude(adapter__shard=old).values_list("digest", flat=True))
    request = erase(name, only(record))
    new, _ = place_now(name)
    assert old != new
    assert (foreseen.shard, foreseen.moves_to, foreseen.records) == (old, new, 1)
    assert {touched.shard for touched in request.touched.all()} == {old, new}
    finish()
    assert state_of(Plan.objects.get()) == expected
    said = told(request)
    assert said["scope"] == [{"store": "interactions", "found": 1, "erased": 1, "remaining": 0}]
    shards = {shard["shard"]: shard for shard in said["model"]["shards"]}
    rest = len(PEOPLE[name]) - 1
    assert (len(shards[old]["removed_commitments"]), shards[old]["withdrawn"]) == (1, rest)
    assert (shards[new]["removed_commitments"], shards[new]["added"]) == ([], rest)
    assert said["derived"]
    assert not innocent & {artefact["digest"] for artefact in said["derived"]}


def test_a_subject_who_moved_may_be_erased_before_the_retraining(build: Build):
    """Broken by certificates that take the shard moved to for one that lost records."""
    build(shape=SEMANTIC)
    name, record = mover(Plan.objects.get())
    expected = build(without(name), SEMANTIC)
    build(shape=SEMANTIC)
    first = erase(name, only(record))
    new, _ = place_now(name)
    second = erase(name)
    finish()
    assert state_of(Plan.objects.get()) == expected
    shards = {shard["shard"]: shard for shard in told(first)["model"]["shards"]}
    assert shards[new]["manifest_before"] == shards[new]["manifest_after"]
    assert shards[new]["removed_for_others"] == shards[new]["added"] == len(PEOPLE[name]) - 1
    assert [shard["shard"] for shard in told(second)["model"]["shards"]] == [new]


@pytest.mark.parametrize("shape", [Shape(), SEMANTIC], ids=["hash", "semantic"])
def test_every_single_record_can_be_erased(build: Build, shape: Shape):
    """Broken by prompts or places that are not cut anew."""
    for name, record in list(single_records())[::18]:
        expected = build(less(name, record), shape)
        build(shape=shape)
        erase(name, only(record))
        finish()
        assert state_of(Plan.objects.get()) == expected


def test_what_a_mover_had_taught_is_out_of_service_at_the_refresh(build: Build):
    """Broken by a refresh that leaves it there: the erasure that follows looks elsewhere."""
    build(shape=SEMANTIC)
    plan = Plan.objects.get()
    name, record, rating = newcomer(plan)
    expected = build(without(name), SEMANTIC)
    build(shape=SEMANTIC)
    plan, old = Plan.objects.get(), place_now(name)
    taught = learned_from(name)
    assert taught
    add_people({name: {record: rating}})
    refresh(plan)
    assert place_now(name) != old
    assert not {each.pk for each in taught} & {each.pk for each in served_checkpoints(plan)}
    erase(name)
    release, _ = live_release()
    assert not {each.pk for each in taught} & {each.pk for each in release.checkpoints.all()}
    finish()
    assert state_of(plan) == expected


def test_a_partial_erasure_takes_in_no_new_records_of_the_subject(build: Build):
    """Broken by placing all that the subject has by now: the new record would move it."""
    build(shape=SEMANTIC)
    name, record, rating = newcomer(Plan.objects.get())
    gone = next(
        each
        for each in PEOPLE[name]
        if shard_for(Plan.objects.get(), name, less(name, each)[name]) == place_now(name)[0]
    )
    expected = build(less(name, gone), SEMANTIC)
    build(shape=SEMANTIC)
    add_people({name: {record: rating}})
    erase(name, only(gone))
    finish()
    assert state_of(Plan.objects.get()) == expected
    assert Interaction.objects.filter(record_place=None).count() == 1


def test_an_erasure_of_new_records_alone_retrains_nothing(build: Build):
    expected = build()
    add_people({"grace": {("fig", 9): "5"}})
    request = erase("grace", only(("fig", 9)))
    finish()
    assert state_of(Plan.objects.get()) == expected
    assert (request.erased_interactions, request.touched.count()) == (1, 0)
    assert not Adapter.objects.filter(generation__gt=1).exists()


def test_too_few_records_left_for_a_prompt_are_withdrawn(build: Build):
    """Broken by counting erased records alone: the certificate's sum would not hold."""
    others = list(PEOPLE["dora"])[1:]
    expected = build(less("dora", *others))
    build()
    scope = Scope(records=frozenset((item, moment(hour)) for item, hour in others))
    request = erase("dora", scope)
    finish()
    assert state_of(Plan.objects.get()) == expected
    [shard] = told(request)["model"]["shards"]
    assert (len(shard["removed_commitments"]), shard["withdrawn"]) == (len(others), 1)


def build_classed(build: Build, people: People = PEOPLE, **classes: str) -> State:
    build(people, CLASSED)
    return reclassify(**classes)


def reclassify(**classes: str) -> State:
    for name, erasure_class in classes.items():
        classify(name, erasure_class)
    refresh(Plan.objects.get())
    finish()
    return state_of(Plan.objects.get())


def test_a_likely_subject_is_in_the_last_slices_and_moves_with_its_class(build: Build):
    """Broken by an erasure that looks for the subject in its new slice alone."""
    build_classed(build, grace="stays", dora="leaves", judy="stays")
    assert [place_now(name)[1] for name in ("grace", "dora", "judy")] == [0, 1, 0]
    first = learned_from("grace")
    classify("grace", "leaves")
    refresh(Plan.objects.get())
    assert place_now("grace") == (0, 1)
    served = {each.pk for each in served_checkpoints(Plan.objects.get())}
    assert not {each.pk for each in first} & served
    erase("grace")
    finish()
    found = state_of(Plan.objects.get())
    assert found == build_classed(build, without("grace"), dora="leaves", judy="stays")


def test_a_partial_erasure_takes_in_no_new_class(build: Build):
    """Broken by placing the rest by the class that the subject has by now."""
    record = next(iter(PEOPLE["grace"]))
    expected = build_classed(build, less("grace", record), grace="stays")
    build_classed(build, grace="stays")
    classify("grace", "leaves")
    erase("grace", only(record))
    finish()
    assert state_of(Plan.objects.get()) == expected
    assert reclassify(grace="leaves") != expected


FROZEN = replace(SEMANTIC, method="balanced-kmeans")


def test_a_balanced_partition_stays_when_somebody_is_erased(build: Build):
    build(shape=FROZEN)
    places = {name: place_now(name) for name in PEOPLE}
    assert sorted(shard for shard, _ in places.values()) == [0, 0, 0, 1, 1, 1]
    request = erase("dora")
    record = next(iter(PEOPLE["grace"]))
    erase("grace", only(record))
    finish()
    assert {name: place_now(name) for name in PEOPLE if name != "dora"} == {
        name: place for name, place in places.items() if name != "dora"
    }
    assert FrozenShard.objects.count() == len(PEOPLE) - 1
    assert told(request)["model"]["exactness"] == "given-a-frozen-partition"


def test_under_a_frozen_partition_a_newcomer_goes_to_the_nearest(build: Build):
    """Broken by clustering everybody anew at each refresh."""
    build(shape=FROZEN)
    places = {name: place_now(name) for name in PEOPLE}
    means = np.array([np.mean(list(kept_tastes(shard).values()), axis=0) for shard in (0, 1)])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    newcomers = {f"ivan {number}": some_records(number) for number in range(6)}
    add_people(newcomers | {"grace": {("fig", 9): "5"}})
    refresh(Plan.objects.get())
    assert {name: place_now(name) for name in PEOPLE} == places
    found = kept_tastes(0) | kept_tastes(1)
    nearest = {name: int(np.argmax(means @ found[name])) for name in newcomers}
    assert set(nearest.values()) == {0, 1}
    assert {name: place_now(name)[0] for name in newcomers} == nearest


def kept_tastes(shard: int) -> dict[str, np.ndarray]:
    rows = FrozenShard.objects.filter(shard=shard).values_list("subject__external_id", "taste")
    return {name: np.frombuffer(bytes(kept), "<f4") for name, kept in rows}


def test_the_taste_kept_with_a_frozen_shard_is_that_of_the_records_left(build: Build):
    """Broken by a row that still holds what the erased records said."""
    record = next(iter(PEOPLE["grace"]))
    build(shape=FROZEN)
    erase("grace", only(record))
    kept = FrozenShard.objects.get(subject__external_id="grace").taste
    build(less("grace", record), FROZEN)
    assert bytes(kept) == bytes(FrozenShard.objects.get(subject__external_id="grace").taste)
