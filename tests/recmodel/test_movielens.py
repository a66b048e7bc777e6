import pytest

from recmodel.movielens import FolderError, read_movielens


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


@pytest.mark.parametrize(
    "line",
    [
        "7,1,nan,5",
        "7,1,1e309,5",
        "7,1,-1,5",
        "7,1,secret,5",
        "7,1,4,secret",
        "7,1,4,99999999999999",
    ],
)
def test_a_value_that_is_none_is_refused_by_its_line_and_not_repeated(folder, line):
    with (folder / "ratings.csv").open("a") as file:
        file.write(line + "\n")
    with pytest.raises(FolderError, match=r"ratings\.csv, line 5: the rating is no") as caught:
        read_movielens(folder)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "the first line must name userId,movieId,rating,timestamp"),
        (b"u,m,r,t\n1,1,5,1\n", "the first line must name"),
        (b"userId,movieId,rating,timestamp\n7,1\n", "line 2 has too few columns"),
        ("userId,movieId,rating,timestamp\n".encode("utf-16"), "is not UTF-8"),
        (None, "cannot be read"),
    ],
)
def test_a_file_that_is_another_is_refused_in_a_line(folder, content, fault):
    path = folder / "ratings.csv"
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(FolderError, match=fault):
        read_movielens(folder)
