"""Recommendations come from the live release, and from nothing else."""

import shutil
import threading
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from compliance.provenance.adapters import shard_quarantine
from compliance.provenance.artefacts import artefact_path
from compliance.provenance.models import Checkpoint, Plan, Serving
from compliance.provenance.releases import live_release, release_publish
from compliance.recommendations import engine, services
from compliance.recommendations.errors import (
    IncompleteReleaseError,
    NoReleaseError,
    SwitchingError,
)
from compliance.recommendations.services import recommend
from compliance.records.models import Item, Subject
from compliance.records.restricted import is_restricted
from compliance.records.restriction import restriction_begin, restriction_end
from compliance.records.scope import EVERYTHING
from recmodel.base import load_base
from recmodel.calibrator import scores
from recmodel.mixture import Mixture
from recmodel.prompts import Prompt, Reaction
from recmodel.rates import Counts
from tests.plans import CALIBRATOR
from tests.recommendations.world import START, make_plan, make_weights, serve


def test_it_gives_the_most_probable_items_that_the_subject_has_not_met(plan: Plan) -> None:
    answer = recommend(subject="alice", limit=5)

    probabilities = [item.probability for item in answer.items]
    assert len(answer.items) == 5
    assert probabilities == sorted(probabilities, reverse=True)
    assert not {item.item for item in answer.items} & {"i-001", "i-002", "i-003"}
    assert all(item.title == f"Title {int(item.item[2:])}" for item in answer.items)


def test_it_names_the_live_release_and_its_shards(plan: Plan) -> None:
    release, epoch = live_release()
    answer = recommend(subject="alice", limit=1)
    assert (answer.release, answer.epoch) == (release.digest, epoch)
    assert answer.shards == (0, 1)
    assert answer.mixture == "attention"


def test_its_probabilities_are_those_of_adapters_in_equal_parts_and_calibrator(plan: Plan) -> None:
    answer = recommend(subject="alice", limit=100)

    live = engine.live_engine()
    adapters = {shard: make_weights(plan, shard) for shard in (0, 1)}
    served = {c.adapter.shard: c.digest for c in live_release()[0].checkpoints.all()}
    assert served == {shard: weights.digest for shard, weights in adapters.items()}
    history = tuple(
        Reaction(item, liked, "")
        for item, liked in [("i-001", True), ("i-002", True), ("i-003", False)]
    )
    asked = tuple(Reaction(item.item, False, "") for item in answer.items)
    catalogue = live.shelf.catalogue
    bobs = Counts.of({"i-001": 1, "i-004": 1}, {"i-001": 1, "i-004": 1, "i-005": 1})
    told = Prompt("", bobs.tell(history), bobs.tell(asked))
    (logits,) = Mixture(load_base(), adapters).score([told], catalogue)
    items = [reaction.item for reaction in asked]
    rows = scores(logits, history, items, bobs, catalogue, plan.centre)
    expected = CALIBRATOR.probability(rows)
    assert [item.probability for item in answer.items] == pytest.approx(expected, abs=1e-5)


def test_a_subjects_own_records_are_counted_once_they_are_placed(plan: Plan) -> None:
    """Unplaced records are in no count, so none of them may be taken out of the counts."""
    before = recommend(subject="newcomer", limit=40)
    late = Item.objects.get(external_id="i-009")
    Subject.objects.get(external_id="alice").interactions.create(
        item=late, rating=5, occurred_at=START + timedelta(days=9)
    )
    assert recommend(subject="newcomer", limit=40) == before
    assert engine.live_engine().recommender.counts.reactions.get("i-009") is None
    assert recommend(subject="alice", limit=40).items


def test_it_is_deterministic(plan: Plan) -> None:
    first = recommend(subject="alice", limit=20)
    engine._current = None
    assert recommend(subject="alice", limit=20) == first


def test_a_shorter_list_is_the_head_of_a_longer_one(plan: Plan) -> None:
    assert recommend(subject="bob", limit=3).items == recommend(subject="bob", limit=9).items[:3]


def test_it_answers_unknown_subjects_as_those_without_history(plan: Plan) -> None:
    assert recommend(subject="nobody", limit=9) == recommend(subject="newcomer", limit=9)


def test_it_answers_restricted_subjects_as_unknown_ones(plan: Plan) -> None:
    known = recommend(subject="alice", limit=100)
    request_id = uuid.uuid4()
    restriction_begin(external_id="alice", request_id=request_id, scope=EVERYTHING)
    answer = recommend(subject="alice", limit=100)
    assert answer.items == recommend(subject="nobody", limit=100).items
    assert answer.items != known.items
    restriction_end(request_id=request_id)
    assert recommend(subject="alice", limit=100) == known


def test_it_computes_anew_if_the_subject_is_restricted_meanwhile(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = services._answer

    def answer_during_a_verification(subject: str, limit: int) -> services.Recommendations:
        answer = answered(subject, limit)
        if not is_restricted("alice"):
            restriction_begin(external_id="alice", request_id=uuid.uuid4(), scope=EVERYTHING)
        return answer

    monkeypatch.setattr(services, "_answer", answer_during_a_verification)
    assert recommend(subject="alice", limit=5).items == recommend(subject="nobody", limit=5).items


def test_it_follows_a_switch_of_the_release(plan: Plan) -> None:
    before = recommend(subject="alice", limit=5)
    serve(plan, 0, seed=7, generation=2)
    after = recommend(subject="alice", limit=5)
    assert after.release != before.release
    assert after.items != before.items


def test_it_computes_anew_if_the_release_is_switched_meanwhile(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    fallen = Checkpoint.objects.get(adapter__shard=1)
    answered = []
    real = services._answer

    def answer_during_an_approval(*args):
        answered.append(real(*args))
        if len(answered) == 1:
            shard_quarantine(plan=plan, shard=1, first_slice=0)
            release_publish(plan=plan)
        return answered[-1]

    monkeypatch.setattr(services, "_answer", answer_during_an_approval)
    answer = recommend(subject="alice", limit=5)

    assert answered[0].shards == (0, 1)
    assert answer.shards == (0,)
    assert answer.release == live_release()[0].digest
    assert fallen.digest not in str(live_release()[0].manifest)


def test_it_computes_anew_if_the_subject_is_erased_meanwhile(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = services._answer

    def answer_during_an_erasure(subject, limit):
        answer = real(subject, limit)
        Subject.objects.filter(external_id=subject).delete()
        return answer

    monkeypatch.setattr(services, "_answer", answer_during_an_erasure)
    assert recommend(subject="alice", limit=5) == recommend(subject="nobody", limit=5)


def test_it_gives_up_if_the_release_is_switched_every_time(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    epochs = iter(range(100, 200))
    monkeypatch.setattr(services, "_moment", lambda subject: (next(epochs), None))
    with pytest.raises(SwitchingError):
        recommend(subject="alice", limit=5)


def test_without_any_clean_adapter_the_frozen_base_answers(plan: Plan) -> None:
    for shard in (0, 1):
        shard_quarantine(plan=plan, shard=shard, first_slice=0)
    release_publish(plan=plan)

    answer = recommend(subject="alice", limit=3)

    assert answer.shards == ()
    assert len(answer.items) == 3


def test_it_drops_the_quarantined_weights_from_memory(plan: Plan) -> None:
    recommend(subject="alice", limit=1)
    held = engine._current
    shard_quarantine(plan=plan, shard=1, first_slice=0)
    release_publish(plan=plan)
    recommend(subject="alice", limit=1)
    assert engine._current is not held
    assert engine._current.shards == (0,)


def test_it_refuses_a_checkpoint_that_is_out_of_service(plan: Plan) -> None:
    Checkpoint.objects.filter(adapter__shard=1).update(quarantined_at=timezone.now())
    with pytest.raises(IncompleteReleaseError, match="out of service"):
        recommend(subject="alice", limit=1)


def test_it_says_which_weights_are_missing(plan: Plan) -> None:
    digest = Checkpoint.objects.get(adapter__shard=1).digest
    shutil.rmtree(artefact_path(digest))
    with pytest.raises(IncompleteReleaseError, match=f"{digest} of shard 1"):
        recommend(subject="alice", limit=1)


def test_it_notices_weights_that_are_not_those_released(plan: Plan) -> None:
    one, other = (artefact_path(c.digest) for c in Checkpoint.objects.order_by("pk"))
    name = "adapter_model.safetensors"
    kept = (one / name).read_bytes()
    shutil.copy(other / name, one / name)
    with pytest.raises(IncompleteReleaseError, match="changed"):
        recommend(subject="alice", limit=1)
    (one / name).write_bytes(kept)


def test_it_refuses_another_base(plan: Plan) -> None:
    plan.config["base"]["digest"] = "sha256:" + "0" * 64
    plan.save()
    with pytest.raises(IncompleteReleaseError, match="base model"):
        recommend(subject="alice", limit=1)


@pytest.mark.django_db
def test_without_a_release_it_says_what_to_do() -> None:
    assert Serving.objects.get().release is None
    with pytest.raises(NoReleaseError, match=r"manage\.py train"):
        recommend(subject="alice", limit=1)


@pytest.mark.django_db
def test_without_embeddings_it_says_so() -> None:
    release_publish(plan=make_plan())
    with pytest.raises(IncompleteReleaseError, match="embedding"):
        recommend(subject="alice", limit=1)


def test_an_item_that_left_the_catalogue_is_left_out(plan: Plan) -> None:
    touched = set(Item.objects.exclude(interactions=None).values_list("external_id", flat=True))
    found = recommend(subject="alice", limit=40).items
    best = next(item.item for item in found if item.item not in touched)
    Item.objects.filter(external_id=best).delete()
    assert best not in [item.item for item in recommend(subject="alice", limit=40).items]


def test_threads_share_one_engine(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    release, epoch = live_release()
    monkeypatch.setattr(engine, "live_release", lambda: (release, epoch))
    built = []

    def build(*args: object) -> object:
        built.append(args)
        return type("Engine", (), {"release": release.digest, "epoch": epoch})()

    monkeypatch.setattr(engine, "_build", build)
    threads = [threading.Thread(target=engine.live_engine) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    engine._current = None
    assert len(built) == 1
