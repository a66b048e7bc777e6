"""Postgres lets a batch go one way, and what was looked at be what is done."""

import pytest
from django.db import DatabaseError, connection, transaction

from compliance.erasure.batches import (
    batch_draft,
    batch_finish,
    batch_look,
    batch_start,
    item_work,
    items_open,
)
from compliance.erasure.models import Batch, BatchAction, BatchItem
from tests.erasure.conftest import RITA, ask

pytestmark = pytest.mark.django_db


def refused(statement: str) -> str:
    """Run a statement as the application's role, expect a refusal, and return its message."""
    with (
        pytest.raises(DatabaseError) as caught,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    return str(caught.value)


def ready() -> Batch:
    batch = batch_draft(action=BatchAction.CANCEL, request_ids=[ask().pk], actor="user:0")
    batch_look(batch_id=batch.pk, actor="user:0", values={"a": "b"})
    batch.refresh_from_db()
    for item_id in items_open(batch):
        item_work(item_id=item_id)
    batch_finish(batch.pk)
    batch.refresh_from_db()
    return batch


def test_no_batch_runs_that_was_not_looked_at():
    batch_draft(action=BatchAction.CANCEL, request_ids=[ask().pk], actor=RITA)
    for state in ("ready", "running", "done"):
        assert "cannot go from draft" in refused(f"UPDATE erasure_batch SET state = '{state}'")
    with pytest.raises(DatabaseError, match="starts as draft"), transaction.atomic():
        Batch.objects.create(action=BatchAction.CANCEL, state="ready", actor=RITA)


def test_what_was_chosen_and_filled_in_stays():
    ready()
    for change in ("action = 'approve'", "actor = 'user:1'", "values = '\\x00'"):
        assert "is refused" in refused(f"UPDATE erasure_batch SET {change}"), change
    assert "is refused" in refused("UPDATE erasure_batchitem SET request_id = batch_id")


def test_what_is_done_is_what_was_looked_at():
    batch = batch_draft(action=BatchAction.CANCEL, request_ids=[ask().pk], actor=RITA)
    assert "is refused" in refused("UPDATE erasure_batchitem SET result = 'done'")
    batch_look(batch_id=batch.pk, actor=RITA, values={"a": "b"})
    BatchItem.objects.update(result="possible", digest="sha256:a")
    assert "is refused" in refused("UPDATE erasure_batchitem SET digest = 'sha256:b'")
    Batch.objects.update(values=None)
    assert "is refused" in refused("UPDATE erasure_batch SET values = '\\x00'")


@pytest.mark.parametrize(("state", "result"), [("previewing", "waiting"), ("draft", "possible")])
def test_no_request_comes_to_a_batch_that_is_looked_at_or_as_if_it_had_been(state, result):
    batch = batch_draft(action=BatchAction.CANCEL, request_ids=[ask().pk], actor=RITA)
    Batch.objects.update(state=state)
    with pytest.raises(DatabaseError, match="chosen in a draft"), transaction.atomic():
        BatchItem.objects.create(batch=batch, request=ask(subject="bob"), result=result)


def test_a_batch_that_is_done_and_its_results_stay():
    batch = ready()
    assert BatchItem.objects.get().result == "refused"
    assert "is refused" in refused("UPDATE erasure_batchitem SET result = 'possible'")
    batch_start(batch_id=batch.pk, actor="user:0")
    batch_finish(batch.pk)
    assert "is refused" in refused("UPDATE erasure_batch SET done_at = now()")
    assert "is refused" in refused("UPDATE erasure_batch SET state = 'running'")
