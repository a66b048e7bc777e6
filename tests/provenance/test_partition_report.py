"""`manage.py partition_report`: how even the shards are, and how much alike their subjects."""

import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from compliance.provenance.models import Plan
from compliance.provenance.partitioning import frozen_catalogue
from compliance.provenance.placement import place_new_records
from compliance.provenance.plans import plan_activate
from compliance.records.models import Interaction, Item, ItemEmbedding, Subject
from tests.plans import ANSWERING

pytestmark = pytest.mark.django_db

ENCODER = "sha256:" + "e" * 64
START = datetime(2024, 1, 1, tzinfo=UTC)
SHARDS, PEOPLE = 3, 60


def make_world() -> None:
    """Three kinds of items, and people who like one kind each."""
    random = np.random.default_rng(4)
    items = [Item.objects.create(external_id=f"i{n:02}", title=f"T{n}") for n in range(30)]
    vectors = [np.eye(8)[n % 3] + 0.1 * random.standard_normal(8) for n in range(30)]
    ItemEmbedding.objects.bulk_create(
        ItemEmbedding(item=item, encoder=ENCODER, text_digest="", vector=v.astype("<f4").tobytes())
        for item, v in zip(items, vectors, strict=True)
    )
    for number in range(PEOPLE):
        subject = Subject.objects.create(external_id=f"person-{number}")
        Interaction.objects.bulk_create(
            Interaction(
                subject=subject,
                item=items[n],
                rating=5 if n % 3 == number % 3 else 1,
                occurred_at=START + timedelta(hours=n),
            )
            for n in random.permutation(30)[: 6 + number % 4].tolist()
        )


def make_plan(method: str, frozen: dict[str, str] | None = None) -> Plan:
    partition = {
        "method": method,
        "key": "ab" * 32,
        "shards": SHARDS,
        "slices": 2,
        "validation_share": 0.1,
        **(frozen_catalogue(ENCODER, method, SHARDS) if frozen is None else frozen),
    }
    plan = plan_activate(
        config={
            "base": {"digest": ENCODER},
            "encoder": {"digest": ENCODER},
            "like_threshold": "3.5",
            "partition": partition,
            **ANSWERING,
            "training": {"history_size": 4, "targets_per_prompt": 2, "min_history": 1},
        }
    )
    place_new_records(plan)
    return plan


def report(**options: object) -> str:
    out = StringIO()
    call_command("partition_report", stdout=out, **options)
    return out.getvalue()


@pytest.mark.parametrize("method", ["semantic", "hash", "balanced-kmeans"])
def test_what_is_in_force_is_what_its_method_gives(method):
    make_world()
    make_plan(method)
    in_force, *others = json.loads(report(json=True))
    assert in_force["in_force"]
    assert in_force["method"] == method
    again = next(each for each in others if each["method"] == method)
    assert in_force == again | {"in_force": True}


def test_it_tells_sizes_and_coherence_of_each_partitioner():
    make_world()
    make_plan("semantic")
    _, *found = json.loads(report(json=True))
    by_name = {each["method"]: each for each in found}
    assert set(by_name) == {"semantic", "hash", "balanced-kmeans"}
    [subjects] = {sum(each["subjects"]) for each in found}
    assert 0.75 * PEOPLE < subjects < PEOPLE  # some are put aside
    assert len({sum(each["records"]) for each in found}) == 1
    order = sorted(by_name, key=lambda name: by_name[name]["coherence"])
    assert order == ["hash", "semantic", "balanced-kmeans"]
    largest = max(by_name["hash"]["subjects"]) * SHARDS / subjects
    assert by_name["hash"]["largest_subjects_over_mean"] == pytest.approx(largest, abs=1e-4)
    assert max(by_name["balanced-kmeans"]["subjects"]) == -(-subjects // SHARDS)


def test_the_plot_has_a_row_a_partition_and_two_bars_a_shard(tmp_path: Path):
    make_world()
    make_plan("hash")
    path = tmp_path / "shards.svg"
    assert "in force: hash" in report(plot=path)
    drawn = ElementTree.parse(path).getroot()
    space = "{http://www.w3.org/2000/svg}"
    bars = [each for each in drawn.iter(f"{space}rect") if "." in each.get("height", "")]
    assert len(bars) == 4 * SHARDS * 2
    texts = [each.text for each in drawn.iter(f"{space}text")]
    assert {"in force: hash", "semantic", "hash", "balanced-kmeans"} <= set(texts)
    assert not [text for text in texts if "person" in text]


def test_without_a_plan_or_a_picture_it_says_what_to_do(tmp_path: Path):
    with pytest.raises(CommandError, match="no plan yet"):
        report()
    make_world()
    make_plan("hash")
    with pytest.raises(CommandError, match=r"name a file \.svg"):
        report(plot=tmp_path / "shards.png")
    with pytest.raises(CommandError, match="not written"):
        report(plot=tmp_path / "none" / "shards.svg")


def test_records_of_items_without_an_embedding_wait():
    """Broken by placing by the rest: the place would depend on when the item is embedded."""
    make_world()
    new = Item.objects.create(external_id="new", title="New")
    subject = Subject.objects.get(external_id="person-1")
    late = Interaction.objects.create(subject=subject, item=new, rating=5, occurred_at=START)
    plan = make_plan("semantic")
    assert list(Interaction.objects.filter(record_place=None)) == [late]
    new.embeddings.create(encoder=ENCODER, vector=np.ones(8, "<f4").tobytes())
    place_new_records(plan)
    assert late.subject.places.get(interaction=late).place == 0


def test_a_catalogue_smaller_than_the_shards_and_an_empty_one_work():
    small = frozen_catalogue(ENCODER, "semantic", SHARDS)
    assert small == {"centre": "", "centroids": ""}
    make_world()
    ItemEmbedding.objects.exclude(item__external_id__in=["i00", "i01"]).delete()
    make_plan("semantic")
    assert sum(json.loads(report(json=True))[0]["subjects"]) > 0


@pytest.mark.parametrize("method", ["semantic", "balanced-kmeans"])
def test_a_plan_made_before_there_were_items_can_place(method):
    frozen = frozen_catalogue(ENCODER, method, SHARDS)
    make_world()
    make_plan(method, frozen)
    assert not Interaction.objects.filter(record_place=None).exists()
