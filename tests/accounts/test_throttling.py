"""Counters of attempts: one for all processes, and they know nobody."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.utils import timezone

from compliance.accounts.models import Throttle
from compliance.accounts.throttling import throttle_clear, throttle_hit, throttle_purge


def hit(who: str = "alice", what: str = "knock", limit: int = 2) -> int | None:
    return throttle_hit(what, who, limit=limit, seconds=60)


def let_the_window_end() -> None:
    Throttle.objects.update(ends_at=timezone.now() - timedelta(seconds=1))


def test_the_limit_is_allowed_and_no_more(db: None) -> None:
    assert [hit(), hit()] == [None, None]
    assert 0 < hit() <= 60


def test_others_and_other_things_are_counted_apart(db: None) -> None:
    assert [hit(limit=1), hit(limit=1) is None] == [None, False]
    assert hit("bob", limit=1) is None
    assert hit(what="ring", limit=1) is None


def test_trying_on_does_not_prolong_the_wait(db: None) -> None:
    first = [hit() for _ in range(20)][-1]
    ends_at = Throttle.objects.get().ends_at
    assert hit() <= first
    assert Throttle.objects.get().ends_at == ends_at
    assert Throttle.objects.get().count == 3  # it stays where it can not overflow


def test_after_the_window_it_begins_anew(db: None) -> None:
    assert [hit() for _ in range(3)][-1]
    let_the_window_end()
    assert [hit(), hit()] == [None, None]
    assert hit()


def test_it_can_be_cleared(db: None) -> None:
    hit(limit=1)
    throttle_clear("knock", "alice")
    assert hit(limit=1) is None


def test_only_ended_windows_are_purged(db: None) -> None:
    hit("alice")
    let_the_window_end()
    hit("bob")
    assert (throttle_purge(), throttle_purge()) == (1, 0)
    assert Throttle.objects.count() == 1


def test_the_table_does_not_tell_whom_it_counts(db: None) -> None:
    hit("alice")
    with connection.cursor() as cursor:
        cursor.execute("SELECT accounts_throttle::text FROM accounts_throttle")
        row = cursor.fetchone()[0]
    assert "alice" not in row
    assert b"alice".hex() not in row
    assert len(Throttle.objects.get().key) == 32


def test_no_call_waits_for_a_disk(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT relpersistence FROM pg_class WHERE relname = 'accounts_throttle'")
        assert cursor.fetchone() == ("u",)


def test_of_many_at_once_exactly_the_limit_passes(committed_db: None) -> None:
    def knock(_: int) -> bool:
        try:
            return hit(limit=7) is None
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(knock, range(64))) == 7


@pytest.mark.parametrize("who", ["", "a\x00b", "ä" * 500, "🦊"])
def test_anything_can_be_counted(db: None, who: str) -> None:
    assert hit(who) is None
