"""A world small enough to build a thousand times: a tiny base, eight-number embeddings, few items.

Everything else is the real thing: Postgres, the services that people and programs call, the jobs,
training, replay and certificate. Only the worker processes are played, by this one.
"""

import shutil
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path

import numpy as np
import psycopg
import pytest
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from compliance.erasure.models import Channel, ErasureRequest, Ground, IdentityMethod
from compliance.erasure.services import request_receive
from compliance.jobs.models import Job, JobState, Queue
from compliance.jobs.signals import job_queued
from compliance.provenance.models import Checkpoint, Plan, RecordPlace
from compliance.provenance.partitioning import frozen_embeddings
from compliance.provenance.plans import plan_activate
from compliance.provenance.state import State, state
from compliance.recommendations import loading
from compliance.records.intake import Interacted, Outcome, interactions_take
from compliance.records.models import Interaction, Item, ItemEmbedding, Subject
from compliance.records.restricted import is_restricted
from compliance.records.restriction import restriction_begin, restriction_end
from compliance.records.scope import EVERYTHING, Scope
from recmodel import adapter, determinism
from recmodel.base import BaseConfig, load_base
from recmodel.canary import computed_model
from recmodel.training import TrainingConfig
from tests import environment
from tests.approving import approve
from tests.conftest import KEPT
from tests.plans import CALIBRATOR, MIXTURE
from workers import runner, training
from workers.building import PLAN_VERSION, refresh
from workers.runner import run_due, sweep_lost

ENCODER = "sha256:" + "e" * 64
START = datetime(2024, 1, 1, tzinfo=UTC)
ITEMS = ("apple", "Bread", "cheese", "dates", "Élan", "fig")
SHAPE = BaseConfig("none", dimension=8, hidden=16, layers=1, heads=2, intermediate=16, positions=64)
# Two prompts a step: order and number of the prompts matter.
TRAINING = TrainingConfig(
    rank=2,
    alpha=4,
    target_modules=("q_proj", "v_proj"),
    learning_rate=1e-2,
    epochs=2,
    batch_prompts=2,
    history_size=4,
    targets_per_prompt=3,
    min_history=1,
    seed="0d" * 32,
)

# item and hour -> rating: what makes a subject's record one of a kind, and the rest.
Records = Mapping[tuple[str, int], str]
People = Mapping[str, Records]


@dataclass(frozen=True)
class Shape:
    """What of the plan is drawn."""

    shards: int = 2
    slices: int = 2
    validation_share: float = 0.0
    key: str = "ab" * 32
    method: str = "hash"
    slice_by: tuple[str, ...] = ()
    scope: str = "suffix"
    strategy: str = "attention"
    form: str = "nd"


class Killed(BaseException):
    """The process is gone, as by kill -9: nothing of it tidies up."""


@contextmanager
def tiny_pipeline(folder: Path) -> Iterator[None]:
    """Let the workers' code load a tiny base, and call no worker: this process does the work."""
    computed_model(SHAPE).save(folder)
    waking = job_queued.disconnect(dispatch_uid="workers.waking.wake")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loading, "load_base", lambda: load_base(folder))
        patch.setattr(settings, "JOB_MAX_ATTEMPTS", 1000)
        # What takes time and is not in question: disks that lose power, versions of libraries.
        patch.setattr(adapter, "_sync", lambda _: None)
        patch.setattr(determinism, "fingerprint", cache(determinism.fingerprint))
        loading._base.cache_clear()
        yield
    loading._base.cache_clear()
    if waking:
        from workers.waking import connect

        connect()


class Emptier:
    """Empties the database in a few milliseconds; sequences go on, so no row id comes twice."""

    def __init__(self) -> None:
        self._connection: psycopg.Connection = environment.server.superuser()
        rows = self._connection.execute(
            "SELECT format('%%I', tablename) FROM pg_tables WHERE schemaname = 'public'"
            " AND NOT tablename LIKE ANY(%s)",
            [list(KEPT)],
        ).fetchall()
        self._tables = [row[0] for row in rows]
        # The guards' triggers, and those of foreign keys, do not fire for a replica.
        self._connection.execute("SET session_replication_role = replica")

    def empty(self) -> None:
        """Remove all rows but those of migrations, and all artefacts."""
        deletions = "; ".join(f"DELETE FROM {table}" for table in self._tables)
        self._connection.execute(
            f"{deletions}; INSERT INTO provenance_serving (id, epoch) VALUES (1, 0)"
        )
        shutil.rmtree(settings.ARTEFACTS_DIR, ignore_errors=True)

    def close(self) -> None:
        self._connection.close()


def make_catalogue(items: Iterable[str] = ITEMS) -> None:
    """Put items there, each with an embedding that depends on its name alone."""
    rows = Item.objects.bulk_create(Item(external_id=name, title=name) for name in items)
    ItemEmbedding.objects.bulk_create(
        ItemEmbedding(item=row, encoder=ENCODER, text_digest="", vector=_vector(row.external_id))
        for row in rows
    )


def _vector(name: str) -> bytes:
    vector = np.random.default_rng(list(name.encode())).standard_normal(8)
    return (vector / np.linalg.norm(vector)).astype("<f4").tobytes()


# The catalogue that plans are made from, whatever is there by then.
EMBEDDINGS = np.array([np.frombuffer(_vector(name), "<f4") for name in ITEMS])


def make_plan(shape: Shape, **content: object) -> Plan:
    """Put a plan in force; `content` takes the place of what plans say here."""
    return plan_activate(
        config={
            "version": PLAN_VERSION,
            "front_end": "item-token",
            "base": {"digest": computed_model(SHAPE).digest},
            "encoder": {"name": "none", "digest": ENCODER},
            "like_threshold": "3.5",
            "partition": {
                "method": shape.method,
                "key": shape.key,
                "shards": shape.shards,
                "slices": shape.slices,
                "slice_by": list(shape.slice_by),
                "validation_share": shape.validation_share,
                **frozen_embeddings(EMBEDDINGS, shape.method, shape.shards),
            },
            "mixture": MIXTURE | {"strategy": shape.strategy, "form": shape.form},
            "calibrator": CALIBRATOR.to_dict(),
            "training": TRAINING.to_dict() | {"scope": shape.scope},
            **content,
        }
    )


def add_people(people: People) -> None:
    """Bring records in, as an import does, with the items they name."""
    named = {item for records in people.values() for item, _ in records}
    make_catalogue(sorted(named - set(Item.objects.values_list("external_id", flat=True))))
    items = dict(Item.objects.values_list("external_id", "pk"))
    rows = []
    for name, records in people.items():
        if is_restricted(name):
            send(name, records)
            continue
        subject, _ = Subject.objects.get_or_create(external_id=name)
        rows += [
            Interaction(
                subject=subject,
                item_id=items[item],
                rating=rating,
                occurred_at=moment(hour),
            )
            for (item, hour), rating in records.items()
        ]
    Interaction.objects.bulk_create(rows, ignore_conflicts=True)


def send(subject: str, records: Records) -> None:
    """Bring one subject's records in as a shop sends them."""
    taken = interactions_take(
        [
            Interacted(subject, item, Decimal(rating), moment(hour))
            for (item, hour), rating in sorted(records.items())
        ]
    )
    assert not [each for each in taken if each.outcome == Outcome.STORED], "It is restricted."


def restrict(subject: str, scope: Scope = EVERYTHING) -> uuid.UUID:
    """Begin the restriction of a request that has yet to be decided; return the request's id."""
    request_id = uuid.uuid4()
    with transaction.atomic():
        restriction_begin(external_id=subject, request_id=request_id, scope=scope)
    return request_id


def lift(request_id: uuid.UUID) -> None:
    """End a restriction, as a denial does."""
    with transaction.atomic():
        restriction_end(request_id=request_id)


def shards_of(subject: str) -> set[int | None]:
    """Return where the subject's records are placed: a shard, or None for validation."""
    places = RecordPlace.objects.filter(subject__external_id=subject)
    return set(places.values_list("shard", flat=True))


def moment(hour: int) -> datetime:
    """Return when the records of an hour are dated."""
    return START + timedelta(hours=hour)


def record_ids(subject: str) -> list[int]:
    """Return the row ids of a subject's records."""
    rows = Interaction.objects.filter(subject__external_id=subject)
    return list(rows.values_list("pk", flat=True))


def classify(subject: str, erasure_class: str) -> None:
    """Set the class of a subject that is there."""
    Subject.objects.filter(external_id=subject).update(erasure_class=erasure_class)


def ask(subject: str, scope: Scope = EVERYTHING) -> ErasureRequest:
    """File a request whose identity is vouched for."""
    return request_receive(
        subject=subject,
        scope=scope,
        channel=Channel.API,
        ground=Ground.CONSENT_WITHDRAWN,
        actor="client:1",
        identity=IdentityMethod.ASSERTED,
    )


def erase(subject: str, scope: Scope = EVERYTHING) -> ErasureRequest:
    """File a request and approve it."""
    return approve(ask(subject, scope))


def work_on(queue: Queue, *, worker: str = "") -> int:
    """Do the due jobs of a queue as another process would; return how many there were."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (training, runner):
            patch.setattr(module, "WORKER", worker or f"{queue.value} worker")
        return run_due([queue])


@contextmanager
def at_slice(number: int, act: Callable[[], None], *, kept: bool = False) -> Iterator[None]:
    """Do `act` once, before this process trains or replays its `number`-th slice from now on.

    With `kept` it is after that slice was trained and its weights were written, before Postgres
    knows of them.
    """
    name = "_keep" if kept else "train_slice"
    real, calls = getattr(training, name), iter(range(1_000_000))

    def watched(*args: object, **more: object) -> object:
        result = real(*args, **more) if kept else None
        if next(calls) == number:
            act()
        return result if kept else real(*args, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, name, watched)
        yield


def die() -> None:
    """End this worker without a word."""
    raise Killed


def pick_up_lost_jobs() -> None:
    """Let leases run out and pauses pass, and sweep."""
    Job.objects.filter(state=JobState.RUNNING).update(lease_expires_at=START)
    sweep_lost()
    Job.objects.filter(state=JobState.QUEUED).update(run_after=timezone.now())


def finish() -> None:
    """Work until nothing is left to do."""
    pick_up_lost_jobs()
    while sum(work_on(queue) for queue in (Queue.TRAIN, Queue.REPLAY, Queue.DEFAULT)):
        pass


def build(
    shape: Shape, people: People, *, items: tuple[str, ...] = ITEMS, **content: object
) -> Plan:
    """Build it all from these records alone."""
    make_catalogue(items)
    plan = make_plan(shape, **content)
    add_people(people)
    refresh(plan)
    finish()
    return plan


def state_of(plan: Plan) -> State:
    """Return the state, once nothing waits."""
    open_jobs = Job.objects.exclude(state__in=[JobState.SUCCEEDED, JobState.CANCELLED])
    assert not open_jobs.exists(), [f"{job}: {job.state} {job.error}" for job in open_jobs]
    return state(plan)


def weights_in_the_store() -> set[str]:
    """Return the digests that the artefact store's folders are named after."""
    return {f"sha256:{path.name}" for path in Path(settings.ARTEFACTS_DIR).glob("*")}


def weights_on_record() -> set[str]:
    """Return the digests of the checkpoints that are not destroyed."""
    return set(Checkpoint.objects.filter(destroyed_at=None).values_list("digest", flat=True))
