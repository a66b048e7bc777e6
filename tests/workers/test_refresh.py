"""A refresh takes in what has come: by the clock, or by command."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from compliance.jobs.models import Job, JobState, Queue
from compliance.provenance.models import Adapter, Plan, RecordPlace
from compliance.records.models import Interaction, Item, Subject
from recmodel.encoder import Encoder
from tests.workers.conftest import START, make_records, train_here
from workers import app
from workers.building import build, plan_config
from workers.embedding import embed_items
from workers.refreshing import REFRESH, refresh_enqueue
from workers.runner import run_due
from workers.tasks import refresh


@pytest.fixture
def real_plan(committed_db: None) -> Plan:
    """A trained plan by the encoder that is shipped: new items can be embedded."""
    make_records(subjects=6, records=8, items=12)
    encoder = Encoder.load()
    embed_items(encoder)
    build(
        plan_config(
            encoder=encoder,
            shards=2,
            slices=2,
            validation_share=0.0,
            like_threshold="3.5",
            seed="refresh",
        )
    )
    train_here()
    return Plan.objects.get(is_active=True)


def newcomer(name: str = "new person") -> None:
    """Somebody new who likes somewhat new."""
    subject = Subject.objects.create(external_id=name)
    items = [Item.objects.create(external_id=f"{name} {n}", title=f"Title {n}") for n in range(6)]
    Interaction.objects.bulk_create(
        Interaction(subject=subject, item=item, rating=5, occurred_at=START) for item in items
    )


def test_new_items_subjects_and_interactions_enter_training(real_plan: Plan):
    newcomer()
    assert refresh_enqueue() is not None
    assert run_due([Queue.DEFAULT]) == 1
    assert Job.objects.get(kind=REFRESH).state == JobState.SUCCEEDED
    places = RecordPlace.objects.filter(subject__external_id="new person")
    assert places.count() == 6
    place = places.first()
    waiting = Adapter.objects.get(state="pending")
    assert (waiting.shard, waiting.first_slice) == (place.shard, place.slice)
    train_here()
    assert Adapter.objects.filter(state="active").count() == real_plan.shards


def test_the_clock_queues_one_refresh_at_a_time(real_plan: Plan):
    refresh()
    refresh()
    assert Job.objects.filter(kind=REFRESH).count() == 1


def test_without_a_plan_the_clock_does_nothing(committed_db: None):
    refresh()
    assert not Job.objects.exists()


def test_the_clock_goes_by_the_setting():
    assert app.REFRESHES["refresh"]["schedule"] == 24 * 3600


def test_the_command_says_what_it_has_queued(real_plan: Plan, capsys: pytest.CaptureFixture[str]):
    call_command("refresh")
    assert "nothing to train" in capsys.readouterr().out
    newcomer()
    call_command("refresh")
    assert "Queued: shard" in capsys.readouterr().out
    assert Adapter.objects.filter(state="pending").count() == 1


def test_the_command_needs_a_plan(committed_db: None):
    with pytest.raises(CommandError, match="no plan yet"):
        call_command("refresh", stdout=StringIO())


def test_another_encoder_is_refused(real_plan: Plan):
    real_plan.config["encoder"]["digest"] = "sha256:" + "0" * 64
    real_plan.save()
    with pytest.raises(CommandError, match="Restore its files"):
        call_command("refresh", stdout=StringIO())
    refresh()
    run_due([Queue.DEFAULT])
    assert Job.objects.get(kind=REFRESH).state == JobState.FAILED
