import numpy as np
import pytest

from recmodel.evaluate import auc, rates, split, trial
from recmodel.movielens import read_movielens
from recmodel.training import train_slice
from tests.recmodel import cast

RECORDS = {subject: cast.records(subject, 30) for subject in ("alice", "bob")}


def test_what_is_held_out_is_never_trained_on(config):
    parts = split(RECORDS, config)
    for prompt in parts.test:
        mine = RECORDS[prompt.subject]
        assert set(prompt.suffixes) == set(mine[24:])
        assert prompt.prefix == tuple(mine[12:24])
    trained = {(p.subject, r) for p in parts.train for r in (*p.prefix, *p.suffixes)}
    held_out = {(p.subject, r) for p in parts.test for r in p.suffixes}
    assert not trained & held_out


def test_rates_are_smoothed_and_count_the_training_part_only(config):
    test = split(RECORDS, config).test
    table = rates(RECORDS, test)
    assert table.shape == (12, 2)
    early = [r.liked for mine in RECORDS.values() for r in mine[:24]]
    overall = sum(early) / len(early)
    own = sum(r.liked for r in test[0].prefix)
    assert table[0, 0] == pytest.approx((own + 5 * overall) / 17)


def test_auc_of_one_score_and_of_a_stack():
    labels = np.array([False, True] * 20)
    perfect, noise = labels + 0.0, np.random.default_rng(1).random(40)
    assert auc(labels, perfect) == 1.0
    assert auc(labels, perfect, noise) == 1.0


def test_movielens_files_are_read_in_time_order(tmp_path):
    (tmp_path / "movies.csv").write_text(
        "movieId,title,genres\n1,Red Dawn  II (1990),Action|War\n2,Bread,Drama\n"
    )
    (tmp_path / "ratings.csv").write_text(
        "userId,movieId,rating,timestamp\n7,2,3.5,20\n7,1,4.0,10\n999,999999,5.0,5\n"
    )
    texts, records = read_movielens(tmp_path)
    assert texts == {"1": "Red Dawn II (1990). Action, War", "2": "Bread. Drama"}
    assert [(r.item, r.liked, r.at) for r in records["7"]] == [
        ("1", True, "1970-01-01T00:00:10+00:00"),
        ("2", False, "1970-01-01T00:00:20+00:00"),
    ]
    assert "999" not in records


def test_people_put_aside_judge_and_are_not_trained_on(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("recmodel.evaluate.load_base", cast.tiny_model)
    monkeypatch.setattr("recmodel.evaluate.ASIDE", 0.5)
    trained: list[str] = []

    def watched(model, config, shard, slice_, prompts, *rest):
        trained.extend(prompt.subject for prompt in prompts)
        return train_slice(model, config, shard, slice_, prompts, *rest)

    monkeypatch.setattr("recmodel.evaluate.train_slice", watched)
    records = {name: cast.records(name, 30) for name in ("alice", "bob", "charlie", "dora", "eve")}
    tried = trial(records, cast.tiny_catalogue(), 2)
    judges = {person.subject for person in tried.judges}
    assert judges
    assert trained
    assert not judges & set(trained)
    assert {person.subject for person in tried.tested} == set(records)
    for person in tried.tested:
        assert not set(person.records) & set(person.prompts[0].suffixes)
