"""One subject is erased: real workers retrain, replay and certify, and nothing else changes."""

import json
from hashlib import sha256
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

from compliance.erasure.models import Channel, ErasureRequest, Ground, IdentityMethod
from compliance.erasure.services import request_receive
from compliance.erasure.states import State
from compliance.evidence import verifier
from compliance.evidence.keys import PUBLIC_NAME
from compliance.evidence.models import Certificate
from compliance.jobs.models import Job, JobState
from compliance.provenance.artefacts import artefact_path
from compliance.provenance.examples import shard_examples
from compliance.provenance.models import Adapter, Checkpoint, Plan, Prompt, Release, Serving
from compliance.provenance.releases import live_release, served_checkpoints
from compliance.recommendations.loading import plan_catalogue
from compliance.records.models import Interaction, Subject
from recmodel.adapter import load_adapter
from recmodel.base import load_base
from recmodel.rates import told
from recmodel.training import TrainingConfig, initial_state, train_slice
from tests.approving import approve as approve_request
from tests.workers.conftest import SLICES, wait_for, worker


def ask(subject: str) -> ErasureRequest:
    return request_receive(
        subject=subject,
        channel=Channel.API,
        ground=Ground.CONSENT_WITHDRAWN,
        actor="client:1",
        identity=IdentityMethod.ASSERTED,
    )


def approve(subject: str) -> ErasureRequest:
    return approve_request(ask(subject))


def state_of(request: ErasureRequest) -> State:
    return ErasureRequest.objects.get(pk=request.pk).status


def somebody_in(plan: Plan, shard: int, slice_: int) -> str:
    """A subject that taught this slice of this shard."""
    prompt = Prompt.objects.filter(plan=plan, shard=shard, slice=slice_).order_by("pk").first()
    assert prompt, "The fixture has nobody there."
    return prompt.subject.external_id


def trained_from_scratch(plan: Plan, shard: int) -> str:
    """Digest of the shard's adapter, trained here on what the database holds now."""
    model, config = load_base(), TrainingConfig.from_dict(plan.config["training"])
    state, catalogue = initial_state(model, config, shard), plan_catalogue(plan)
    for slice_, prompts in enumerate(told(shard_examples(plan, shard))):
        state = train_slice(model, config, shard, slice_, prompts, state, catalogue)
    return state.digest


def files_of(checkpoint: Checkpoint) -> dict[str, str]:
    return {
        path.name: sha256(path.read_bytes()).hexdigest()
        for path in artefact_path(checkpoint.digest).iterdir()
    }


def test_an_erasure_ends_in_a_verified_certificate(plan: Plan, tmp_path: Path):
    other = served_checkpoints(plan)[0]
    before, name = files_of(other), somebody_in(plan, 1, SLICES - 1)
    with worker("train", "default"), worker("replay"):
        request = approve(name)
        wait_for(lambda: state_of(request) is State.COMPLETED)

    adapter = Adapter.objects.get(shard=1, state="active")
    assert adapter.digest == trained_from_scratch(plan, 1)
    assert adapter.replay == "identical"
    assert adapter.trainer != adapter.replayer
    assert files_of(other) == before
    assert not Subject.objects.filter(external_id=name).exists()

    certificate = Certificate.objects.get(request=request)
    envelope = tmp_path / "certificate.json"
    envelope.write_bytes(certificate.envelope)
    key = str(Path(settings.KEYS_DIR) / PUBLIC_NAME)
    artefact = str(artefact_path(adapter.digest))
    assert verifier.main([str(envelope), "--key", key, "--adapter", artefact]) == 0
    assert name not in envelope.read_text()
    proofs = tmp_path / "releases.json"
    call_command("prove_manifest", str(request.pk), out=proofs)
    assert verifier.main([str(envelope), "--key", key, "--releases", str(proofs)]) == 0
    assert name not in proofs.read_text()
    said = json.loads(_payload(certificate))["predicate"]["model"]
    assert said["proof_before"]["leaf"] is not None
    assert said["proof_after"]["leaf"] is None


def test_a_worker_killed_in_the_middle_leaves_the_same_bits(committed_db: None):
    from tests.workers.conftest import make_plan, make_records, train_here
    from workers.building import refresh

    make_records(subjects=12, records=30)
    plan = make_plan(epochs=60)
    refresh(plan)
    train_here()
    request = approve(somebody_in(plan, 0, 0))
    job = Job.objects.get(kind="train", state=JobState.QUEUED)
    with worker("train", "default") as first:
        wait_for(lambda: Job.objects.get(pk=job.pk).progress_done > 0)
        first.kill()
        first.wait()
    assert Job.objects.get(pk=job.pk).state == JobState.RUNNING, "It was killed too late."
    with worker("train", "default"), worker("replay"):
        wait_for(lambda: state_of(request) is State.COMPLETED)

    job.refresh_from_db()
    assert (job.state, job.attempts) == (JobState.SUCCEEDED, 2)
    assert Adapter.objects.get(shard=0, state="active").digest == trained_from_scratch(plan, 0)
    assert Certificate.objects.count() == 1


def test_at_approval_nothing_that_learned_from_the_records_is_served(plan: Plan):
    name = somebody_in(plan, 1, 1)
    release, epoch = live_release()
    request = approve(name)

    assert not Interaction.objects.filter(subject__external_id=name).exists()
    assert not Prompt.objects.filter(subject__external_id=name).exists()
    interim, later = live_release()
    assert later > epoch
    assert interim.kind == "interim"
    assert request.release_before == release.digest != request.release_interim == interim.digest
    assert {row.adapter.shard: row.slice for row in interim.checkpoints.all()} == {0: 1, 1: 0}
    assert not interim.checkpoints.exclude(quarantined_at=None).exists()
    fallen = Adapter.objects.get(shard=1, generation=1)
    assert fallen.state == "quarantined"
    assert Job.objects.filter(kind="train", state="queued").count() == 1


def test_the_first_slice_takes_the_whole_shard_out(plan: Plan):
    approve(somebody_in(plan, 1, 0))
    interim, _ = live_release()
    assert {row.adapter.shard for row in interim.checkpoints.all()} == {0}


def test_a_second_erasure_in_the_shard_shares_the_retraining(plan: Plan):
    first = approve(somebody_in(plan, 1, 1))
    second = approve(somebody_in(plan, 1, 0))
    generations = list(Adapter.objects.filter(shard=1).order_by("generation"))
    assert [each.state for each in generations] == ["quarantined", "superseded", "pending"]
    assert Job.objects.filter(kind="train", state="queued").count() == 1
    with worker("train", "default"), worker("replay"):
        wait_for(lambda: {state_of(first), state_of(second)} == {State.COMPLETED})
    assert Adapter.objects.get(shard=1, state="active").digest == trained_from_scratch(plan, 1)
    shards = [
        json.loads(_payload(each))["predicate"]["model"]["shards"][0]
        for each in Certificate.objects.order_by("issued_at")
    ]
    assert {shard["adapter_after"] for shard in shards} == {trained_from_scratch(plan, 1)}
    assert sorted(shard["removed_for_others"] for shard in shards) == [0, 20]


def test_old_weights_are_destroyed_before_the_certificate(plan: Plan):
    old = Adapter.objects.get(shard=1).checkpoints.get(slice=1)
    path = artefact_path(old.digest)
    assert path.exists()
    with worker("train", "default"), worker("replay"):
        request = approve(somebody_in(plan, 1, 1))
        wait_for(lambda: state_of(request) is State.COMPLETED)
    assert not path.exists()
    destroyed = json.loads(_payload(Certificate.objects.get()))["predicate"]["derived"]
    assert [entry["digest"] for entry in destroyed] == [old.digest]
    for checkpoint in served_checkpoints(plan):
        assert load_adapter(artefact_path(checkpoint.digest)).digest == checkpoint.digest


@pytest.mark.parametrize("name", ["nobody-we-know", "person-000"])
def test_who_taught_nothing_is_answered_without_retraining(committed_db: None, name: str):
    from tests.workers.conftest import make_plan, make_records, train_here
    from workers.building import refresh

    make_records(subjects=1, records=3)  # too few for a prompt
    plan = make_plan()
    refresh(plan)
    train_here()
    number = Release.objects.count()
    with worker("train", "default"):
        request = approve(name)
        wait_for(lambda: state_of(request) is State.COMPLETED)
    placed = name.startswith("person")  # whose records were in the tree of the release
    # One without the records, and one with the calibrator that was fitted without them.
    assert Release.objects.count() == number + 2 * placed
    assert Serving.objects.get().epoch > number
    content = json.loads(_payload(Certificate.objects.get()))["predicate"]
    assert content["model"]["shards"] == []
    unchanged = content["model"]["release_interim"] == content["model"]["release_after"]
    assert unchanged != placed
    assert (content["model"]["proof_before"]["leaf"] is not None) == placed
    assert content["model"]["proof_after"]["leaf"] is None
    assert content["scope"][0]["erased"] == (0 if name.startswith("nobody") else 3)


def _payload(certificate: Certificate) -> bytes:
    return verifier.parse_envelope(bytes(certificate.envelope)).payload
