"""TALLRec's rows are read as they are; what is wrong with a file is said without repeating it."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from recmodel.tallrec.baselines import ItemRate, baselines, history_share
from recmodel.tallrec.rows import (
    RecommendationRow,
    Row,
    RowsError,
    read_recommendations,
    read_rows,
)
from recmodel.tallrec.shots import draw

ASK = "Say whether the person will like one more."
FILM = {
    "instruction": ASK,
    "input": 'Liked: "Harbour, The (1990)", "Up & "Away" (1991)"\n'
    'Not liked: "Last, First (1989)"\nWill the person like the film "Salt (1992)"?',
    "output": "Yes.",
}
BOOK = {
    "instruction": ASK,
    "input": 'Liked: "Moss" written by A. Green, Jr., "Tin" written by B. Grey\n'
    'Not liked: \nWill the person like the book ""Rye" written by C. Brown"?',
    "output": "No.",
}


@pytest.fixture
def write(tmp_path):
    def _write(content):
        path = tmp_path / "rows.json"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return _write


def row(liked, disliked, target, answer="Yes."):
    lists = (", ".join(f'"{title}"' for title in titles) for titles in (liked, disliked))
    text = "Liked: {}\nNot liked: {}\n".format(*lists)
    return RecommendationRow(ASK, f'{text}Will the person like "{target}"?', answer)


@pytest.mark.parametrize(
    "content",
    [
        json.dumps([FILM, BOOK]),
        json.dumps([FILM, BOOK], indent=4),
        "\n".join(map(json.dumps, [FILM, BOOK])) + "\n\n",
        b"\xef\xbb\xbf" + json.dumps([FILM, BOOK]).encode(),
    ],
)
def test_a_list_and_one_object_a_line_are_the_same(write, content):
    film, book = read_recommendations(write(content))
    assert (film.liked, book.liked) == (True, False)
    assert film.input == FILM["input"]


def test_the_question_is_the_last_line_and_the_rest_its_history(write):
    film, book = read_recommendations(write(json.dumps([FILM, BOOK])))
    assert film.question == 'Will the person like the film "Salt (1992)"?'
    assert film.history + "\n" + film.question == FILM["input"]
    assert book.history.endswith("Not liked: ")


def test_titles_are_found_with_their_commas_quotes_and_authors(write):
    film, book = read_recommendations(write(json.dumps([FILM, BOOK])))
    assert film.reactions == (
        ("Harbour, The (1990)", 'Up & "Away" (1991)'),
        ("Last, First (1989)",),
    )
    assert film.target == "Salt (1992)"
    assert book.reactions == (("Moss written by A. Green, Jr.", "Tin written by B. Grey"), ())
    assert book.target == "Rye written by C. Brown"


def test_a_target_counts_as_the_item_that_histories_name(write):
    """Published book files quote a target together with its author."""
    (book,) = read_recommendations(write(json.dumps([BOOK])))
    liked = row(["x"], [], "x")
    others = RecommendationRow(
        ASK,
        BOOK["input"].replace('"Moss" written by A. Green, Jr.', '"Rye" written by C. Brown'),
        "No.",
    )
    assert others.reactions[0][0] == book.target
    assert ItemRate([liked, others])(book) > ItemRate([liked, book])(book)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("", "has no rows"),
        ("[]", "has no rows"),
        ("[1]", "row 1 is not an object"),
        ('{"instruction": "a"}', "row 1: output is missing"),
        (json.dumps([FILM, {**FILM, "output": "Perhaps."}]), 'row 2: output is neither "Yes."'),
        (json.dumps([{**FILM, "input": 3}]), "row 1: input is missing or is not a text"),
        (json.dumps([{**FILM, "input": "\ud800"}]), "row 1: input holds half a character"),
        (json.dumps([{**FILM, "input": " "}]), "row 1: input is empty"),
        (json.dumps([{**FILM, "instruction": ""}]), "row 1: instruction is missing"),
        ("[{]", "is not JSON"),
        (json.dumps(FILM) + "\nsecret", "line 2 is not JSON"),
        ("[" * 100_000, "is not JSON"),
        (b"\xff\xfe[", "is not UTF-8"),
    ],
)
def test_a_bad_file_gives_one_line_that_names_the_row(write, content, fault):
    with pytest.raises(RowsError, match=fault) as caught:
        read_recommendations(write(content))
    assert "\n" not in str(caught.value)
    assert "Harbour" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(RowsError, match=r"none\.json cannot be read: No such file"):
        read_rows(tmp_path / "none.json")


def test_rows_of_other_tasks_may_have_no_input_and_any_output(write):
    path = write(json.dumps([{"instruction": "Count to two.", "output": "1 2"}]))
    assert read_rows(path) == [Row("Count to two.", "", "1 2")]


@given(st.text(max_size=200))
def test_no_history_breaks_the_baselines(text):
    any_row = RecommendationRow(ASK, text, "No.")
    assert 0 <= history_share(any_row) <= 1
    assert isinstance(any_row.target, str)


def test_a_smaller_draw_is_the_start_of_a_larger_one_whatever_the_files_order():
    rows = [row([f"t{n}"], [], "x") for n in range(100)]
    assert draw(rows, 64, seed=1)[:16] == draw(rows[::-1], 16, seed=1)
    assert draw(rows, 16, seed=1) != draw(rows, 16, seed=2)
    assert sorted(draw(rows, None, 3), key=str) == sorted(rows, key=str)


@pytest.mark.parametrize("shots", [0, -1, 101])
def test_a_draw_that_cannot_be_is_refused(shots):
    with pytest.raises(ValueError, match="draw from 1 to 100, or all"):
        draw([row([], [], str(n)) for n in range(100)], shots, seed=1)


def test_baselines_rank_by_history_and_by_what_others_liked():
    known = [row(["good"], ["bad"], "x") for _ in range(20)]
    asked = [row(["a", "b"], [], "bad", "No."), row(["a", "b"], [], "good")]
    asked += [row([], ["a"], "bad", "No."), row(["a"], ["b"], "good")]
    liked = [one.liked for one in asked]
    found = {name: roc_auc_score(liked, score) for name, score in baselines(known, asked).items()}
    assert found == {"history share": 0.625, "item like-rate": 1.0, "both": 1.0}
    assert np.isfinite(list(found.values())).all()
