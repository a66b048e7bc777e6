"""The rules that keep the contract, each with what would break it. README.md lists them all."""

from collections.abc import Callable
from datetime import timedelta

import numpy as np
import pytest

from compliance.jobs.models import Job, JobState, Queue
from compliance.provenance.models import (
    Adapter,
    Checkpoint,
    ErrorRow,
    FittedCalibrator,
    Plan,
    RecordPlace,
)
from compliance.provenance.releases import is_settled, live_release
from compliance.provenance.state import State
from compliance.records.models import Interaction, Item, Subject
from recmodel.catalogue import Catalogue
from recmodel.training import initial_state, train_slice
from tests.exactness.world import (
    ITEMS,
    START,
    TRAINING,
    Emptier,
    People,
    Records,
    Shape,
    add_people,
    erase,
    finish,
    make_catalogue,
    make_plan,
    state_of,
    work_on,
)
from tests.exactness.world import build as build_here
from tests.recmodel import cast
from workers.building import refresh
from workers.model import base_model

# Where the key puts people: shard and slice.
PLACES = {
    "grace": (0, 0),
    "eve": (0, 0),
    "dora": (0, 1),
    "frank": (1, 0),
    "judy": (1, 0),
    "Bob": (1, 1),
}
PLAIN = Shape()
WITH_VALIDATION = Shape(validation_share=0.3)  # which "ada" is part of, and none of the above
Build = Callable[..., State]


def some_records(number: int) -> Records:
    """Nine records, in each hour three at once."""
    return {
        (ITEMS[(number + at) % len(ITEMS)], at // 3): "152"[(number + at * at) % 3]
        for at in range(9)
    }


PEOPLE: People = {name: some_records(number) for number, name in enumerate(PLACES)}


def without(*names: str) -> People:
    return {name: records for name, records in PEOPLE.items() if name not in names}


@pytest.fixture
def build(world: None, emptier: Emptier) -> Build:
    """Build an installation in place of the last, and return its state."""

    def run(people: People = PEOPLE, shape: Shape = PLAIN, **more: tuple[str, ...]) -> State:
        emptier.empty()
        return state_of(build_here(shape, people, **more))

    return run


def adapters(found: State) -> list[str]:
    return [shard["adapter"] for shard in found.shards]


def checkpoint(found: State, shard: int, slice_: int) -> str:
    return found.shards[shard]["checkpoints"][slice_][1]


# Nothing depends on the whole data set.


def test_the_key_alone_says_where_a_subject_goes(build: Build):
    """Broken by balancing: a count of the others would move somebody."""
    for name in PLACES:
        build()
        place = RecordPlace.objects.filter(subject__external_id=name).first()
        assert (place.shard, place.slice) == PLACES[name]
        build({name: PEOPLE[name]})
        place = RecordPlace.objects.filter(subject__external_id=name).first()
        assert (place.shard, place.slice) == PLACES[name]


def test_a_shard_knows_nothing_of_the_others(build: Build):
    """Broken by a statistic over all records, such as a mean rating that says what a like is."""
    theirs = {name: PEOPLE[name] for name in ("frank", "judy", "Bob")}
    bad, good = ({name: dict.fromkeys(theirs[name], "09"[n]) for name in theirs} for n in (0, 1))
    alone, among_bad, among_good = (build(without(*theirs) | more) for more in ({}, bad, good))
    assert alone.shards[0] == among_bad.shards[0] == among_good.shards[0]
    assert alone.shards[1] != among_bad.shards[1] != among_good.shards[1]


def test_a_checkpoint_knows_nothing_of_later_slices(build: Build):
    """Broken by a schedule over the steps of all slices, or by choosing the best checkpoint."""
    every, fewer = build(), build(without("dora"))
    assert checkpoint(every, 0, 0) == checkpoint(fewer, 0, 0)
    assert checkpoint(every, 0, 1) != checkpoint(fewer, 0, 1)


def test_an_adapter_knows_nothing_of_validation_subjects(build: Build):
    """Broken by early stopping, and by training on them."""
    people = PEOPLE | {"ada": some_records(3)}
    every = build(people, WITH_VALIDATION)
    fewer = build(PEOPLE, WITH_VALIDATION)
    assert len(every.places) == len(fewer.places) + 1
    assert every.shards == fewer.shards
    assert every.errors != fewer.errors
    build(people, WITH_VALIDATION)
    erase("ada")
    finish()
    assert not Adapter.objects.filter(generation__gt=1).exists()
    assert state_of(Plan.objects.get()) == fewer


def test_items_that_nobody_touched_do_not_matter(build: Build):
    """Broken by statistics over the catalogue at hand: the plan names no catalogue."""
    more = (*ITEMS, *(f"later {number}" for number in range(40)))
    assert build(items=more) == build()


def test_a_shard_with_nobody_in_it_keeps_the_first_weights(build: Build):
    """Broken by anything that an empty slice does: decay, a step, another draw."""
    found = build(without("frank", "judy", "Bob"))
    model = base_model(Plan.objects.get())
    first = initial_state(model, TRAINING, 1).digest
    assert [digest for _, digest, _ in found.shards[1]["checkpoints"]] == [first, first]


def test_an_erasure_takes_in_no_new_records(build: Build):
    """Broken by an erasure that places what has come since the last refresh."""
    expected = build(without("eve"))
    build()
    newcomers = {"ivan": some_records(5), "grace": {("fig", 7): "5"}}
    add_people(newcomers)
    erase("eve")
    finish()
    assert state_of(Plan.objects.get()) == expected


@pytest.mark.parametrize("name", ["ada", "ivan"])
def test_the_release_forgets_those_whom_no_adapter_knew(build: Build, name: str):
    """Broken by a tree over training subjects alone, or a release that only training replaces."""
    nobodies = {"ada": some_records(3), "ivan": {("fig", 1): "5"}}
    people = PEOPLE | nobodies
    fewer = build({key: people[key] for key in people if key != name}, WITH_VALIDATION)
    every = build(people, WITH_VALIDATION)
    assert every.release != fewer.release
    assert every.shards == fewer.shards
    request = erase(name)
    interim, _ = live_release()
    assert (request.release_before, request.release_interim) == (every.release, interim.digest)
    assert request.proof_before["leaf"] is not None
    finish()
    after, _ = live_release()
    assert interim.manifest["records"] == after.manifest["records"]
    request.refresh_from_db()
    assert request.proof_after["leaf"] is None
    assert state_of(Plan.objects.get()) == fewer


def test_the_calibrator_goes_out_of_service_with_any_record(build: Build):
    """Broken by a calibrator that serves on, or stays in the database, until it is fitted anew."""
    build(PEOPLE | {"ada": some_records(3)}, WITH_VALIDATION)
    assert calibrators() == (True, 1)
    erase("dora")
    assert calibrators() == (False, 0)
    finish()
    assert calibrators() == (True, 1)


def calibrators() -> tuple[bool, int]:
    """Return whether the live release serves a fitted calibrator, and how many are kept."""
    release, _ = live_release()
    return is_settled(release), FittedCalibrator.objects.count()


def test_a_validation_subject_takes_its_errors_along(build: Build):
    """Broken by columns of the error matrix that outlive the person they are about."""
    build(PEOPLE | {"ada": some_records(3)}, WITH_VALIDATION)
    assert ErrorRow.objects.filter(subject__external_id="ada").count() == 4
    erase("ada")
    assert not ErrorRow.objects.exists()


def test_errors_of_weights_that_are_gone_are_gone(build: Build):
    """Broken by rows of the error matrix that outlive the weights they judge."""
    build(PEOPLE | {"ada": some_records(3)}, WITH_VALIDATION)
    erase("dora")
    finish()
    kept = set(Checkpoint.objects.filter(destroyed_at=None).values_list("digest", flat=True))
    assert {row.weights for row in ErrorRow.objects.all()} == kept


def test_training_refuses_records_that_are_not_those_of_its_manifest(build: Build):
    """Broken by trusting the stored leaves: they say what should stand, not what does."""
    build(without("eve"))
    add_people({"eve": PEOPLE["eve"]})
    refresh(Plan.objects.get())
    row = Interaction.objects.filter(subject__external_id="grace").first()
    Interaction.objects.filter(pk=row.pk).update(rating=6 - row.rating)
    work_on(Queue.TRAIN)
    [job] = Job.objects.filter(state=JobState.QUEUED)
    assert "have changed since it was planned" in job.error
    assert not Adapter.objects.filter(generation=2, state="active").exists()


# Order and names are content.


def test_row_numbers_are_nowhere(build: Build, emptier: Emptier):
    """Broken by a row number in a hash, a commitment, a seed or an order."""
    expected = build()
    emptier.empty()
    others = {f"gone {number}": some_records(number) for number in range(7)}
    make_catalogue((*ITEMS[::-1], "gone"))
    add_people(dict(reversed((others | PEOPLE).items())))
    Subject.objects.filter(external_id__startswith="gone").delete()
    Item.objects.filter(external_id="gone").delete()
    plan = make_plan(PLAIN)
    refresh(plan)
    finish()
    assert state_of(plan) == expected


def test_the_order_of_arrival_is_nowhere(build: Build, emptier: Emptier):
    """Broken by ties in time that row numbers decide; here the last comes first, one by one."""
    expected = build()
    emptier.empty()
    make_catalogue(ITEMS)
    plan = make_plan(PLAIN)
    for name, records in reversed(PEOPLE.items()):
        for record, rating in reversed(records.items()):
            add_people({name: {record: rating}})
    refresh(plan)
    finish()
    assert state_of(plan) == expected


def test_a_late_record_finds_its_place_in_time(build: Build):
    """Broken by placing new records after the old ones."""
    expected = build()
    late = next(iter(PEOPLE["dora"]))
    early = {record: rating for record, rating in PEOPLE["dora"].items() if record != late}
    build(without("dora") | {"dora": early})
    add_people({"dora": {late: PEOPLE["dora"][late]}})
    refresh(Plan.objects.get())
    finish()
    assert state_of(Plan.objects.get()) == expected


def test_ties_in_time_go_by_code_points(build: Build):
    """Broken by the collation of a database: another server sorts names in another way."""
    build({"dora": {(item, 0): "5" for item in ITEMS}})
    placed = RecordPlace.objects.order_by("place")
    assert list(placed.values_list("interaction__item__external_id", flat=True)) == sorted(ITEMS)


def test_the_rest_keeps_its_order_when_a_prompt_is_erased(monkeypatch: pytest.MonkeyPatch):
    """Broken by a shuffle by index, however seeded: a permutation depends on how many there are."""
    prompts = cast.prompts("alice", "bob", "charlie", "dora")
    rest = [prompt for prompt in prompts if prompt.subject != "bob"]
    every, fewer = _epochs(prompts, monkeypatch), _epochs(rest, monkeypatch)
    assert [[p for p in epoch if p.subject != "bob"] for epoch in every] == fewer
    assert every[0] != every[1]


def _epochs(prompts: list, monkeypatch: pytest.MonkeyPatch) -> list[list]:
    """Return the prompts of each epoch in the order that training meets them."""
    met: list = []
    model, catalogue = cast.tiny_model(), cast.tiny_catalogue()
    from recmodel import training

    real = training.collate
    with monkeypatch.context() as patch:
        patch.setattr(training, "collate", lambda chosen, _: met.extend(chosen) or real(chosen, _))
        start = initial_state(model, cast.CONFIG, 0)
        train_slice(model, cast.CONFIG, 0, 0, prompts, start, catalogue)
    size = len(prompts)
    return [met[at : at + size] for at in range(0, len(met), size)]


def test_an_embedding_is_the_same_whatever_the_rows_around_it():
    """Broken by a catalogue that centres or scales its embeddings by their own mean."""
    vectors = np.random.default_rng(1).standard_normal((9, 8)).astype(np.float32)
    names = [f"item {number}" for number in range(9)]
    every, fewer = Catalogue(names, vectors), Catalogue(names[::-2], vectors[::-2])
    assert fewer.vectors(names[::4]).tobytes() == every.vectors(names[::4]).tobytes()


# The state itself sees what it should.


@pytest.mark.parametrize("changed", ["rating", "time", "item"])
def test_the_state_sees_every_part_of_a_record(build: Build, changed: str):
    before = build()
    build(without("dora"))
    add_people({"dora": PEOPLE["dora"]})
    row = Interaction.objects.filter(subject__external_id="dora").first()
    match changed:
        case "rating":
            row.rating = 4
        case "time":
            row.occurred_at = START + timedelta(hours=9)
        case "item":
            row.item = Item.objects.create(external_id="new", title="new")
            row.item.embeddings.create(
                encoder="sha256:" + "e" * 64, vector=np.ones(8, "<f4").tobytes()
            )
    row.save()
    refresh(Plan.objects.get())
    finish()
    after = state_of(Plan.objects.get())
    assert after.places != before.places
    assert after.release != before.release
    assert adapters(after)[1] == adapters(before)[1]


def test_the_state_has_no_names(build: Build):
    text = str(build())
    assert not [name for name in PLACES if name in text]
