import numpy as np
import pytest

from recmodel.evaluation.partitions import PARTITIONS, People
from recmodel.prompts import Reaction
from tests.recmodel import cast
from tests.recmodel.evaluation import world

PEOPLE = People(b"k" * 32, cast.tiny_catalogue(), world.records(people=24))


@pytest.mark.parametrize("name", PARTITIONS)
@pytest.mark.parametrize("shards", [1, 4])
def test_everybody_gets_one_of_the_shards(name, shards):
    found = PARTITIONS[name](PEOPLE, shards)
    assert found.keys() == PEOPLE.records.keys()
    assert set(found.values()) <= set(range(shards))


@pytest.mark.parametrize(("name", "room"), [("balanced-kmeans", 6), ("receraser", 8)])
def test_balanced_partitions_keep_to_their_capacity(name, room):
    sizes = np.bincount(list(PARTITIONS[name](PEOPLE, 4).values()), minlength=4)
    assert sizes.max() <= room


@pytest.mark.parametrize("name", ["hash", "semantic"])
def test_ours_do_not_look_at_others(name):
    some = {n: mine for n, mine in PEOPLE.records.items() if n != "person-03"}
    before, after = (
        PARTITIONS[name](People(PEOPLE.key, PEOPLE.catalogue, records), 4)
        for records in (PEOPLE.records, some)
    )
    assert {n: shard for n, shard in before.items() if n != "person-03"} == after


def test_receraser_puts_people_of_one_mind_together():
    camps = {f"{k}-{n}": s for n in range(6) for k, s in (("x", "++++----"), ("y", "----++++"))}
    found = PARTITIONS["receraser"](People(b"k", cast.tiny_catalogue(), world.toy(camps)), 2)
    assert len({shard for name, shard in found.items() if name[0] == "x"}) == 1
    assert len(set(found.values())) == 2


def test_the_papers_partition_puts_people_of_one_taste_together():
    vectors = PEOPLE.catalogue.embeddings
    pleasant = vectors @ vectors[0] > 0
    records = {
        f"{kind}-{n}": [
            Reaction(f"item-{i}", bool(pleasant[i]) == (kind == "x"), world.at(i))
            for i in range(n, 60, 2)
        ]
        for n in range(5)
        for kind in "xy"
    }
    people = People(PEOPLE.key, PEOPLE.catalogue, records)
    found = PARTITIONS["balanced-kmeans"](people, 2)
    assert {name[0] for name, shard in found.items() if shard == 0} in ({"x"}, {"y"})
    assert {name[0] for name, shard in found.items() if shard == 1} in ({"x"}, {"y"})
