import pytest

from recmodel.movielens import read_movielens


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "movies.csv").write_text(
        "movieId,title,genres\n1,Red Dawn  II (1990),Action|War\n2,Bread,Drama\n"
    )
    (tmp_path / "ratings.csv").write_text(
        "userId,movieId,rating,timestamp\n7,2,3.5,20\n7,1,4.0,10\n999,999999,5.0,5\n"
    )
    return tmp_path


def test_movielens_files_are_read_in_time_order(folder):
    texts, records = read_movielens(folder)
    assert texts == {"1": "Red Dawn II (1990). Action, War", "2": "Bread. Drama"}
    assert [(r.item, r.liked, r.at) for r in records["7"]] == [
        ("1", True, "1970-01-01T00:00:10+00:00"),
        ("2", False, "1970-01-01T00:00:20+00:00"),
    ]
    assert "999" not in records


def test_another_threshold_makes_other_likes(folder):
    _, records = read_movielens(folder, 3.0)
    assert [r.liked for r in records["7"]] == [True, True]
