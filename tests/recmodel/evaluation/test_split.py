import pytest

from recmodel.evaluation.data import split_by_time
from tests.recmodel.evaluation import world

RECORDS = world.records(people=3, each=25)


def test_the_last_fifth_is_asked_with_all_before_it_as_history():
    found = split_by_time(RECORDS)
    assert [question.subject for question in found.questions] == list(RECORDS)
    for question in found.questions:
        mine = RECORDS[question.subject]
        assert (*question.history, *question.targets) == tuple(mine)
        assert len(question.targets) == pytest.approx(0.2 * len(mine), abs=1)
        assert found.known[question.subject] == question.history


def test_nothing_that_is_asked_is_known():
    found = split_by_time(RECORDS)
    for question in found.questions:
        assert not set(found.known[question.subject]) & set(question.targets)


def test_at_most_so_many_are_asked_and_which_ones_hangs_on_them_alone():
    few = split_by_time(RECORDS, 2).questions
    alone = split_by_time({"person-01": RECORDS["person-01"]}, 2).questions
    assert [len(question.targets) for question in few] == [2, 2, 2]
    assert alone == (few[1],)
    assert few[1].history == split_by_time(RECORDS).questions[1].history


def test_rows_name_their_person():
    found = split_by_time(RECORDS, 2)
    assert found.users.tolist() == [0, 0, 1, 1, 2, 2]
    assert found.liked.tolist() == [r.liked for q in found.questions for r in q.targets]


def test_a_single_record_is_asked_and_nobody_without_records():
    found = split_by_time({"one": RECORDS["person-00"][:1], "none": []})
    assert [(q.subject, len(q.history), len(q.targets)) for q in found.questions] == [("one", 0, 1)]
    assert not found.known
