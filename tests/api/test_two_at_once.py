"""Two reviewers at once, on connections of their own: one wins, the other is told."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from compliance.erasure.models import ErasureRequest
from compliance.records.models import Interaction
from tests.admin.conftest import ALICE, make_request, make_trained_plan
from tests.api.cases import REFUSAL, URL
from tests.api.conftest import Caller
from tests.recommendations.world import make_client

pytestmark = pytest.mark.usefixtures("committed_db")


@pytest.fixture
def reviewer() -> Caller:
    return Caller(*make_client("erasure:decide", name="reviewer"))


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    start, answers = threading.Barrier(len(calls)), []

    def run(call: Callable[[], Any]) -> None:
        try:
            start.wait()
            answers.append(call())
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def told(answers: list[Any]) -> str:
    """Return the type of the problem that all but one were answered with."""
    lost = [answer for answer in answers if answer.status_code != 200]
    assert [answer.status_code for answer in lost] == [409] * (len(answers) - 1)
    (kind,) = {answer.json()["type"].rpartition("/")[2] for answer in lost}
    return kind


def test_of_two_approvals_one_wins(reviewer: Caller) -> None:
    make_trained_plan()
    request = make_request()
    path = f"{URL}/{request.pk}"
    body = {"digest": reviewer.get(f"{path}/impact").json()["digest"]}
    answers = at_once(*[lambda: reviewer.post(f"{path}/approve", body)] * 2)
    assert told(answers) == "illegal-transition"
    assert request.events.filter(to_state="approved").count() == 1
    assert not Interaction.objects.filter(subject__external_id=ALICE).exists()


def test_of_an_approval_and_a_refusal_one_wins(reviewer: Caller) -> None:
    make_trained_plan()
    for subject in (ALICE, "other-1", "other-2"):
        request = make_request(subject=subject)
        path = f"{URL}/{request.pk}"
        body = {"digest": reviewer.get(f"{path}/impact").json()["digest"]}
        answers = at_once(
            lambda path=path, body=body: reviewer.post(f"{path}/approve", body),
            lambda path=path: reviewer.post(f"{path}/deny", REFUSAL),
        )
        assert told(answers) == "illegal-transition"
        state = ErasureRequest.objects.get(pk=request.pk).state
        gone = not Interaction.objects.filter(subject__external_id=subject).exists()
        assert gone == (state != "denied")
