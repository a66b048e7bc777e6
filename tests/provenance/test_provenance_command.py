"""`manage.py provenance`: what learned from whom, and what to say when nothing did."""

import json
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from compliance.provenance.manifests import as_json, slice_manifests
from compliance.provenance.models import Adapter, AdapterState, Plan
from compliance.provenance.placement import place_new_records
from compliance.provenance.releases import release_publish
from compliance.provenance.selectors import Learned, UnknownSubjectError, subject_provenance
from compliance.records.models import Interaction, Item, ItemEmbedding, Subject
from recmodel.partition import is_validation, shard_of, slice_of
from tests.plans import ANSWERING

pytestmark = pytest.mark.django_db

START = datetime(2024, 1, 1, tzinfo=UTC)
DIGEST = "sha256:" + "a" * 64
CONFIG = {
    "base": {"digest": DIGEST},
    "encoder": {"digest": DIGEST},
    "like_threshold": "3.5",
    "partition": {
        "method": "hash",
        "key": "ab" * 32,
        "shards": 2,
        "slices": 2,
        "validation_share": 0.3,
    },
    **ANSWERING,
    "training": {"history_size": 4, "targets_per_prompt": 2, "min_history": 2},
}


@pytest.fixture
def plan() -> Plan:
    return Plan.objects.create(digest="sha256:" + "1" * 64, config=CONFIG, is_active=True)


def make_subject(name: str, records: int) -> Subject:
    subject, _ = Subject.objects.get_or_create(external_id=name)
    first = subject.interactions.count()
    for number in range(first, first + records):
        item, _ = Item.objects.get_or_create(
            external_id=f"i-{number}", defaults={"title": f"Title {number}"}
        )
        ItemEmbedding.objects.get_or_create(item=item, encoder=DIGEST)
        Interaction.objects.create(
            subject=subject, item=item, rating=4, occurred_at=START + timedelta(hours=number)
        )
    return subject


def place_of(plan: Plan, name: str) -> tuple[int | None, int]:
    """Return the shard, None for a validation subject, and the slice that the key names."""
    key = plan.partition_key
    shard = None if is_validation(key, name, 0.3) else shard_of(key, name, plan.shards)
    return shard, slice_of(key, name, plan.slices)


def named(plan: Plan, *, validation: bool) -> str:
    """Return a name that the plan's keyed hash places as asked for."""
    names = (f"subject-{number}" for number in range(1000))
    return next(name for name in names if (place_of(plan, name)[0] is None) == validation)


def train(plan: Plan, shard: int, state: AdapterState = AdapterState.ACTIVE) -> Adapter:
    """Stand in for a training: an adapter with the records' manifest and a checkpoint a slice."""
    newest = plan.adapters.filter(shard=shard).count()
    plan.adapters.filter(shard=shard).update(state=AdapterState.SUPERSEDED)
    adapter = Adapter.objects.create(
        plan=plan,
        shard=shard,
        generation=newest + 1,
        state=state,
        first_slice=0,
        manifest=as_json(slice_manifests(plan, shard)),
        digest=DIGEST,
    )
    if state == AdapterState.ACTIVE:
        for slice_ in range(plan.slices):
            root = adapter.manifest[slice_]["root"]
            adapter.checkpoints.create(slice=slice_, digest=DIGEST, root=root)
        release_publish(plan=plan)
    return adapter


def printed(name: str, **options: bool) -> str:
    out = StringIO()
    call_command("provenance", name, stdout=out, **options)
    return out.getvalue()


def test_it_names_shard_slice_prompts_and_adapter(plan):
    name = named(plan, validation=False)
    make_subject(name, 7)
    place_new_records(plan)
    shard, slice_ = place_of(plan, name)
    train(plan, shard)
    found = subject_provenance(name)
    assert (found.shard, found.slice, found.is_validation) == (shard, slice_, False)
    assert [(p.first, p.target, p.end) for p in found.prompts] == [(0, 2, 4), (0, 4, 6), (2, 6, 7)]
    assert [record.as_target for record in found.records] == [0, 0, 1, 1, 1, 1, 1]
    assert [record.as_history for record in found.records] == [2, 2, 2, 2, 1, 1, 0]
    [adapter] = found.adapters
    assert (adapter.generation, adapter.state, adapter.learned) == (1, "active", Learned.ALL)
    assert adapter.is_live
    assert adapter.releases == (1,)
    text = printed(name)
    assert f"Shard {shard}, slice {slice_}" in text
    assert "from all records of the subject" in text


def test_an_adapter_that_is_not_trained_yet_has_learned_nothing_yet(plan):
    name = named(plan, validation=False)
    make_subject(name, 7)
    place_new_records(plan)
    train(plan, place_of(plan, name)[0], AdapterState.PENDING)
    [adapter] = subject_provenance(name).adapters
    assert (adapter.learned, adapter.digest, adapter.is_live) == (Learned.NOT_YET, "", False)


def test_an_older_adapter_has_perhaps_learned_a_part(plan):
    name = named(plan, validation=False)
    make_subject(name, 5)
    place_new_records(plan)
    shard = place_of(plan, name)[0]
    train(plan, shard)
    make_subject(name, 2)
    place_new_records(plan)
    train(plan, shard)
    assert [a.learned for a in subject_provenance(name).adapters] == [Learned.ALL, Learned.PART]


def test_an_adapter_older_than_all_records_has_learned_nothing(plan):
    name = named(plan, validation=False)
    shard = place_of(plan, name)[0]
    adapter = train(plan, shard)
    Adapter.objects.filter(pk=adapter.pk).update(created_at=START)
    make_subject(name, 5)
    place_new_records(plan)
    [adapter] = subject_provenance(name).adapters
    assert adapter.learned is Learned.NOTHING


def test_a_validation_subject_is_called_one(plan):
    name = named(plan, validation=True)
    make_subject(name, 5)
    place_new_records(plan)
    found = subject_provenance(name)
    assert (found.is_validation, found.shard, found.adapters) == (True, None, ())
    assert "no adapter learns from its records" in printed(name)


def test_too_few_records_for_a_prompt_are_told(plan):
    name = named(plan, validation=False)
    make_subject(name, 2)
    place_new_records(plan)
    train(plan, place_of(plan, name)[0])
    assert subject_provenance(name).adapters == ()
    assert "too few records for a prompt" in printed(name)


def test_records_without_a_place_are_told(plan):
    name = named(plan, validation=False)
    make_subject(name, 5)
    assert "None of the subject's 5 records is placed yet" in printed(name)
    place_new_records(plan)
    make_subject(name, 1)
    assert "1 of 6 records are not placed yet" in printed(name)
    assert subject_provenance(name).unplaced == 1


def test_it_works_before_there_is_a_plan():
    make_subject("early", 3)
    assert "placed yet" in printed("early")


def test_long_histories_are_cut_unless_asked_for(plan):
    name = named(plan, validation=False)
    make_subject(name, 20)
    place_new_records(plan)
    assert "Title 9" not in printed(name)
    assert "Title 9" in printed(name, records=True)


def test_json_has_all_of_it(plan):
    name = named(plan, validation=False)
    make_subject(name, 20)
    place_new_records(plan)
    found = json.loads(printed(name, json=True))
    assert found["subject"] == name
    assert len(found["records"]) == 20
    assert found["prompts"][0] == {"first": 0, "target": 2, "end": 4}


def test_an_unknown_subject_is_refused_without_repeating_the_identifier():
    with pytest.raises(UnknownSubjectError):
        subject_provenance("nobody")
    with pytest.raises(CommandError, match="no subject with this identifier") as error:
        printed("nobody")
    assert error.value.returncode == 1
    assert "nobody" not in str(error.value)
