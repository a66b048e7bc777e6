"""A small trained world, and worker processes as they run in production."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from django.db import connections

from compliance.jobs.models import Queue
from compliance.provenance.models import Adapter, Plan
from compliance.provenance.plans import plan_activate
from compliance.records.models import Interaction, Item, ItemEmbedding, Subject
from recmodel.base import load_base
from recmodel.training import TrainingConfig
from tests.plans import ANSWERING, centre
from workers.building import PLAN_VERSION, refresh
from workers.runner import run_due, sweep_lost

ENCODER = "sha256:" + "e" * 64
START = datetime(2024, 1, 1, tzinfo=UTC)
SHARDS, SLICES = 2, 2


def make_records(*, subjects: int, records: int, items: int = 40) -> None:
    """Fill the database with people whose likes follow one direction of the embeddings."""
    random = np.random.default_rng(7)
    rows = Item.objects.bulk_create(
        Item(external_id=f"i{place:03}", title=f"Title {place}") for place in range(items)
    )
    vectors = random.standard_normal((items, 384)).astype("<f4")
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    ItemEmbedding.objects.bulk_create(
        ItemEmbedding(item=item, encoder=ENCODER, text_digest="", vector=vector.tobytes())
        for item, vector in zip(rows, vectors, strict=True)
    )
    for number in range(subjects):
        subject = Subject.objects.create(external_id=f"person-{number:03}")
        taste = random.standard_normal(384)
        chosen = random.permutation(items)[:records]
        Interaction.objects.bulk_create(
            Interaction(
                subject=subject,
                item=rows[place],
                rating=5 if vectors[place] @ taste > 0 else 2,
                occurred_at=START + timedelta(days=number, hours=hour),
            )
            for hour, place in enumerate(chosen)
        )


def make_plan(*, epochs: int = 2, validation_share: float = 0.0) -> Plan:
    """Put a small plan in force."""
    training = TrainingConfig(rank=2, epochs=epochs, batch_prompts=4, seed="0d" * 32)
    return plan_activate(
        config={
            "version": PLAN_VERSION,
            "base": {"digest": load_base().digest},
            "encoder": {"name": "none", "digest": ENCODER},
            "like_threshold": "3.5",
            "partition": {
                "method": "hash",
                "key": "ab" * 32,
                "shards": SHARDS,
                "slices": SLICES,
                "validation_share": validation_share,
                "centre": centre(),
            },
            **ANSWERING,
            "training": training.to_dict(),
        }
    )


def train_here() -> None:
    """Run what waits to be trained in this process."""
    run_due([Queue.TRAIN])


@pytest.fixture
def plan(committed_db: None) -> Plan:
    """Twelve people in two trained shards of two slices."""
    make_records(subjects=12, records=20)
    plan = make_plan()
    refresh(plan)
    train_here()
    assert Adapter.objects.filter(state="active").count() == SHARDS
    return plan


@contextmanager
def worker(*queues: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a Celery worker process; it is killed at the end if it still runs."""
    celery = [sys.executable, "-m", "celery", "-A", "workers.app", "worker", "--pool", "solo"]
    options = ["-Q", ",".join(queues), "-n", f"{queues[0]}-test@%h", "--loglevel", "warning"]
    process = subprocess.Popen([*celery, *options], start_new_session=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def wait_for(condition: Callable[[], bool], *, seconds: float = 90) -> None:
    """Wait until `condition` holds, sweeping as the scheduler does."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "It did not come about in time."
        sweep_lost()
        time.sleep(0.2)
    connections.close_all()
