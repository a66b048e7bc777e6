"""What is out of service leaves the memory of a web process that nobody asks."""

import time
from collections.abc import Iterator

import pytest
from django.conf import settings

from compliance.provenance.adapters import shard_quarantine
from compliance.provenance.releases import release_publish
from compliance.recommendations import engine
from compliance.recommendations.services import recommend
from tests.recommendations.world import make_release


@pytest.fixture
def watched(committed_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(settings, "FORGET_SECONDS", 0.05)
    yield
    engine._current = None
    while engine._watcher:
        time.sleep(0.05)


def wait_until_forgotten() -> None:
    deadline = time.monotonic() + 10
    while engine._current is not None:
        assert time.monotonic() < deadline, "The engine is still in memory."
        time.sleep(0.05)


def test_a_switched_release_is_forgotten_without_a_question(watched: None):
    plan = make_release()
    recommend(subject="alice", limit=1)
    time.sleep(0.3)
    assert engine._current is not None  # still live
    shard_quarantine(plan=plan, shard=1, first_slice=0)
    release_publish(plan=plan)
    wait_until_forgotten()
    assert recommend(subject="alice", limit=1).shards == (0,)
    assert engine._watcher is not None
