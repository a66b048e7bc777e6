"""Stories: what happens to an installation, one thing after the other, and what must hold."""

from __future__ import annotations

import traceback
import uuid
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from compliance.erasure.models import ErasureRequest
from compliance.erasure.states import State as RequestState
from compliance.evidence.models import Certificate
from compliance.jobs.models import Queue
from compliance.provenance.artefacts import artefact_path
from compliance.provenance.manifests import root_digest, subject_leaves
from compliance.provenance.models import Adapter, Checkpoint, Plan, Prompt, RecordPlace, Release
from compliance.provenance.releases import is_settled, live_release
from compliance.provenance.state import State
from compliance.records.scope import EVERYTHING, Scope
from recmodel.adapter import load_adapter
from tests.exactness import world
from tests.exactness.world import People, Records, Shape
from workers.building import refresh


@dataclass(frozen=True)
class Arrive:
    """Records come in, but those that were erased; no refresh takes them in yet."""

    people: People

    def happen(self, story: Story) -> None:
        people = {name: story.welcome(name, records) for name, records in self.people.items()}
        world.add_people(people)
        for name, records in people.items():
            story.receive(name, records)


@dataclass(frozen=True)
class Refresh:
    """Records come in, and a refresh takes in all that has come so far."""

    people: People

    def happen(self, story: Story) -> None:
        Arrive(self.people).happen(story)
        refresh(story.plan)
        story.taken_in = {
            name: dict(records)
            for name, records in story.stored.items()
            if name not in story.restricted
        }
        story.classes_taken_in = dict(story.classes)
        story.refreshed = True


@dataclass(frozen=True)
class Classify:
    """The operator sets a subject's erasure class; the next refresh takes it in."""

    subject: str
    erasure_class: str

    def happen(self, story: Story) -> None:
        if story.stored.get(self.subject):
            world.classify(self.subject, self.erasure_class)
            story.classes[self.subject] = self.erasure_class


@dataclass(frozen=True)
class Erase:
    """Somebody, known or unknown, is erased, or some of the person's records are."""

    subject: str
    scope: Scope = EVERYTHING

    def happen(self, story: Story) -> None:
        before = set(world.record_ids(self.subject))
        request = world.erase(self.subject, self.scope)
        story.erased |= before - set(world.record_ids(self.subject))
        story.gone.setdefault(self.subject, set()).update(
            (item, hour)
            for item, hour in story.stored.get(self.subject, ())
            if self.scope.covers(item, world.moment(hour))
        )
        for data in (story.stored, story.taken_in):
            left = {
                (item, hour): rating
                for (item, hour), rating in data.pop(self.subject, {}).items()
                if not self.scope.covers(item, world.moment(hour))
            }
            if left:
                data[self.subject] = left
        if self.subject not in story.stored:
            story.classes.pop(self.subject, None)
        assert len(world.record_ids(self.subject)) == len(story.stored.get(self.subject, ()))
        self._leave_out_restricted(story, request)

    def _leave_out_restricted(self, story: Story, request: ErasureRequest) -> None:
        """What is trained and judged anew is so without them; elsewhere a refresh lets them go."""
        anew = [*request.touched.values_list("shard", flat=True), None]
        for name in story.restricted:
            shards = world.shards_of(name)
            assert not shards & set(anew), f"{shards} and {anew}"
            if not shards:
                story.taken_in.pop(name, None)


@dataclass(frozen=True)
class Restrict:
    """Somebody, known or unknown, has a request that is verified and not yet decided."""

    subject: str

    def happen(self, story: Story) -> None:
        if self.subject not in story.restricted:
            story.restricted[self.subject] = world.restrict(self.subject)


@dataclass(frozen=True)
class Lift:
    """That request is denied, cancelled or expired; the next refresh takes the records in."""

    subject: str

    def happen(self, story: Story) -> None:
        if request_id := story.restricted.pop(self.subject, None):
            world.lift(request_id)
            if parked := story.welcome(self.subject, story.parked.pop(self.subject, {})):
                story.receive(self.subject, parked)
            assert len(world.record_ids(self.subject)) == len(story.stored.get(self.subject, ()))


@dataclass(frozen=True)
class Die:
    """The worker is killed."""

    def happen(self, story: Story) -> None:
        world.die()


@dataclass(frozen=True)
class Train:
    """A worker trains what waits, and does not come to replay and certificates."""

    def happen(self, story: Story) -> None:
        world.pick_up_lost_jobs()
        world.work_on(Queue.TRAIN)


@dataclass(frozen=True)
class Finish:
    """The workers do all there is to do."""

    def happen(self, story: Story) -> None:
        world.finish()


@dataclass(frozen=True)
class Meanwhile:
    """Something happens while a worker is about to train, or to replay, its `slice_`-th slice.

    `cause` gives the worker something to do. With `kept` it happens when that slice is trained
    and written, and not yet recorded.
    """

    cause: Erase | Refresh
    slice_: int
    event: Erase | Refresh | Die
    kept: bool

    def happen(self, story: Story) -> None:
        story.tell(self.cause)
        world.pick_up_lost_jobs()
        with (
            suppress(world.Killed),
            world.at_slice(self.slice_, lambda: self._act(story), kept=self.kept),
        ):
            world.work_on(Queue.TRAIN)
            world.work_on(Queue.REPLAY)

    def _act(self, story: Story) -> None:
        try:
            story.tell(self.event)
        except Exception:
            # The worker takes any exception for a failed attempt; pytest's own passes it by.
            pytest.fail(traceback.format_exc())


Event = Arrive | Refresh | Classify | Erase | Restrict | Lift | Train | Finish | Meanwhile


@dataclass
class Story:
    """An installation to which things happen, and what its data set is by now.

    stored: the records that are there, and classes those people's classes; taken_in: both up to
    the last refresh's cut, which is the data set that the state must be built from; gone: the
    records that were erased, which an import would refuse; restricted: who has an open request,
    and its id; parked: what has come in for them since.
    """

    plan: Plan
    stored: dict[str, dict] = field(default_factory=dict)
    classes: dict[str, str] = field(default_factory=dict)
    taken_in: dict[str, dict] = field(default_factory=dict)
    classes_taken_in: dict[str, str] = field(default_factory=dict)
    refreshed: bool = False
    gone: dict[str, set] = field(default_factory=dict)
    erased: set[int] = field(default_factory=set)
    restricted: dict[str, uuid.UUID] = field(default_factory=dict)
    parked: dict[str, dict] = field(default_factory=dict)
    # What taught which slice of which adapter, noted when it is planned: records by row id, which
    # tells one that comes back from the one that was erased.
    _taught: dict[tuple[int, int], set[int]] = field(default_factory=dict)

    def welcome(self, name: str, records: Records) -> Records:
        """Return the records that the suppression list lets in."""
        gone = self.gone.get(name, set())
        return {record: rating for record, rating in records.items() if record not in gone}

    def receive(self, name: str, records: Records) -> None:
        """Note that records came in; of two of one time the first stays."""
        parks = name in self.restricted
        stored = self.stored.get(name, {}) if parks else self.stored.setdefault(name, {})
        there = self.parked.setdefault(name, {}) if parks else stored
        there.update(
            {at: rating for at, rating in records.items() if at not in {**there, **stored}}
        )

    def tell(self, event: Event | Die) -> None:
        """Let something happen; then nothing that is served may have learned from the erased."""
        event.happen(self)
        self._note_plans()
        release, _ = live_release()
        for checkpoint in release.checkpoints.select_related("adapter"):
            assert not self._learned_from_erased(checkpoint), f"{event}: {checkpoint} is served"
        self._check_tree(release)

    def end(self) -> State:
        """Finish, check what must hold then, and return the state."""
        world.finish()
        self._note_plans()
        for checkpoint in Checkpoint.objects.filter(destroyed_at=None).select_related("adapter"):
            assert not self._learned_from_erased(checkpoint), f"{checkpoint} is not destroyed"
        if Certificate.objects.exists():
            assert world.weights_in_the_store() <= world.weights_on_record()
        open_requests = ErasureRequest.objects.exclude(state=RequestState.COMPLETED)
        assert not open_requests.exists(), open_requests
        assert Certificate.objects.count() == ErasureRequest.objects.count()
        for certificate in Certificate.objects.select_related("request"):
            _check_proofs(certificate.request)
        found = world.state_of(self.plan)
        release, _ = live_release()
        assert is_settled(release)
        assert None not in found.errors.values()
        for shard in found.shards:
            for _, digest, _ in shard["checkpoints"]:
                assert load_adapter(artefact_path(digest)).digest == digest
        return found

    def _check_tree(self, release: Release) -> None:
        """The live release commits to all that is placed, and to nothing else."""
        leaves = list(subject_leaves(RecordPlace.objects.filter(plan=self.plan)))
        tree = {leaf.position: leaf.leaf for leaf in leaves}
        assert release.manifest["records"] == {
            "root": root_digest(tree),
            "subjects": len(leaves),
            "records": RecordPlace.objects.count(),
        }

    def _note_plans(self) -> None:
        for adapter in Adapter.objects.filter(plan=self.plan):
            for slice_ in range(self.plan.slices):
                if (adapter.pk, slice_) not in self._taught:
                    records = RecordPlace.objects.filter(
                        shard=adapter.shard,
                        slice=slice_,
                        subject__in=Prompt.objects.values("subject"),
                    )
                    self._taught[adapter.pk, slice_] = set(records.values_list("pk", flat=True))

    def _learned_from_erased(self, checkpoint: Checkpoint) -> bool:
        learned_from: set[int] = set()
        for slice_ in range(checkpoint.slice + 1):
            learned_from |= self._taught[checkpoint.adapter_id, slice_]
        return bool(learned_from & self.erased)


def _check_proofs(request: ErasureRequest) -> None:
    """What taught an adapter is shown to be gone: there is no leaf, or another one."""
    before, after = request.proof_before, request.proof_after
    if after is None:
        assert request.release_after == "", "Something was served, and nothing is proven."
        return
    assert after["release"] == request.release_after
    assert before["release"] == request.release_before
    assert before["position"] == after["position"]
    assert all(map(is_settled, Release.objects.filter(digest=request.release_after)))
    if request.touched.exists():
        assert before["leaf"] is not None
        assert before["leaf"] != after["leaf"]


def begin(shape: Shape) -> Story:
    """Install, with a few items and nobody yet."""
    world.make_catalogue(world.ITEMS[:3])
    return Story(world.make_plan(shape))


def never(shape: Shape, story: Story) -> State:
    """Build from scratch what the story's data set gives: all in another order, and once."""
    world.make_catalogue(world.ITEMS[::-1])
    plan = world.make_plan(shape)
    if story.refreshed:
        world.add_people(dict(reversed(story.taken_in.items())))
        for name, erasure_class in story.classes_taken_in.items():
            world.classify(name, erasure_class)
        refresh(plan)
    world.finish()
    return world.state_of(plan)
