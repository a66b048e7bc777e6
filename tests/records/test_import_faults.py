"""Faulty lines: each is taken or rejected, not both and not neither, and never stops the rest."""

import tempfile
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from compliance.records.importing import movielens, plain
from compliance.records.importing.rows import InteractionRow, ItemRow, Reject
from compliance.records.models import Interaction, Item, Subject
from tests.records.conftest import MOVIES, RATINGS

NOW = datetime(2025, 1, 1, tzinfo=UTC)
LONG = "x" * 201

RATING_FAULTS = [
    ("9,1,6,5", "6", "rating is not between 0.5 and 5"),
    ("9,1,0,5", "0", "rating is not between 0.5 and 5"),
    ("9,1,-1,5", "-1", "rating is not between 0.5 and 5"),
    ("9,1,nan,5", "nan", "rating is not a number such as 3.5"),
    ("9,1,Infinity,5", "Infinity", "rating is not a number such as 3.5"),
    ("9,1,1e0,5", "1e0", "rating is not a number such as 3.5"),
    ("9,1,٣,5", "٣", "rating is not a number such as 3.5"),
    ("9,1,,5", "", "rating is not a number such as 3.5"),
    ("9,1,3.333,5", "3.333", "rating has more than two decimals"),
    ("9,1,4,soon", "soon", "time is not a whole number of seconds since 1970"),
    ("9,1,4,-5", "-5", "time is before 1970"),
    ("9,1,4,4102444800", "4102444800", "time is in the future"),
    ("9,1,4,964982703000", "964982703000", "time is out of range: give seconds, not milliseconds"),
    (
        "9,1,4," + "9" * 5000,
        "9" * 200 + "…",
        "time is out of range: give seconds, not milliseconds",
    ),
    ("9,1,4", "columns: 3", "line must have 4 columns"),
    ("9,1,4,5,6", "columns: 5", "line must have 4 columns"),
    ("   ", "columns: 1", "line must have 4 columns"),
    (",1,4,5", "", "user id is empty"),
    ("9, ,4,5", "", "movie id is empty"),
    (f"{LONG},1,4,5", "x" * 200 + "…", "user id is longer than 200 characters"),
    ("9\x00,1,4,5", "9\\x00", "user id contains a control character"),
    ("9,1\x1b[2J,4,5", "1\\x1b[2J", "movie id contains a control character"),
    ('9,"1,4,5', '9,"1,4,5', "quotes do not match"),
    ("9,999999,5.0,5", "999999", "item is not in the catalogue"),
    (
        "7,1,4.5,964982703",
        "4.50; stored is 4.00",
        "subject rated the item otherwise at the same time",
    ),
    ("x" * 70_000, "over 65536 bytes", "line is too long"),
]
MOVIE_FAULTS = [
    ("9,,Drama", "", "title is empty"),
    (",A,Drama", "", "movieId is empty"),
    (f"9,{'t' * 501},Drama", "t" * 200 + "…", "title is longer than 500 characters"),
    ("9,A\x07,Drama", "A\\x07", "title contains a control character"),
    ("9,A,Drama\x00", "Drama\\x00", "genres contains a control character"),
    ('9,"A"B,Drama', '9,"A"B,Drama', "quotes do not match"),
    (
        "1,Toy Story 2 (1999),Adventure|Animation",
        "Toy Story 2 (1999); the catalogue has Toy Story (1995)",
        "item is in the catalogue with another title",
    ),
    (
        "1,Toy Story (1995),Horror",
        "Toy Story (1995)",
        "item is in the catalogue with other attributes",
    ),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("line", "value", "reason"), RATING_FAULTS)
def test_a_faulty_rating_is_rejected_alone(importer, line, value, reason):
    report = importer.movielens(ratings=RATINGS + line)
    assert importer.rejected() == [
        {"file": "ratings.csv", "line": "6", "value": value, "reason": reason}
    ]
    assert (report.interactions, report.rejected) == (4, 1)
    assert report.reasons == {reason: 1}
    assert Subject.objects.count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize(("line", "value", "reason"), MOVIE_FAULTS)
def test_a_faulty_movie_is_rejected_alone(importer, line, value, reason):
    report = importer.movielens(movies=MOVIES + line + "\n")
    assert importer.rejected() == [
        {"file": "movies.csv", "line": "5", "value": value, "reason": reason}
    ]
    assert (report.items, report.interactions, report.rejected) == (3, 4, 1)
    assert Item.objects.get(external_id="1").title == "Toy Story (1995)"


@pytest.mark.django_db
def test_a_line_that_stands_twice_is_counted_and_the_first_rating_wins(importer):
    report = importer.movielens(
        ratings="userId,movieId,rating,timestamp\n7,1,4,5\n7,1,4.0,5\n7,1,2,5\n7,1,2,6\n"
    )
    assert (report.interactions, report.unchanged, report.rejected) == (2, 1, 1)
    assert [row["line"] for row in importer.rejected()] == ["4"]
    assert (
        Interaction.objects.get(occurred_at=datetime(1970, 1, 1, 0, 0, 5, tzinfo=UTC)).rating == 4
    )


@pytest.mark.django_db
def test_a_last_line_without_line_feed_and_empty_lines_are_fine(importer):
    report = importer.movielens(ratings="userId,movieId,rating,timestamp\n\n7,1,4,5\n\r\n\n7,2,4,6")
    assert (report.interactions, report.rejected) == (2, 0)


@pytest.mark.django_db
def test_an_item_whose_line_is_rejected_is_not_in_the_catalogue(importer):
    report = importer.movielens(movies="movieId,title,genres\n1,,Drama\n2,B,Drama\n")
    assert report.reasons == {"item is not in the catalogue": 3, "title is empty": 1}
    assert set(Subject.objects.values_list("external_id", flat=True)) == {"7"}


def _read(readers, first, second, data):
    """Read `data` as both files of a format; return the outcomes of the second."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        outcomes = []
        for part in (0, 1):
            contents = [first, second]
            contents[part] += data
            source = readers(folder, contents)
            table = (source.items, source.interactions)[part]
            outcomes.append(list(table.read()))
        return outcomes


def _latest(folder, contents):
    for name, content in zip(movielens.LATEST_FILES, contents, strict=True):
        (folder / name).write_bytes(content)
    return movielens.latest_source(folder, NOW)


def _ml_100k(folder, contents):
    for name, content in zip(movielens.ML_100K_FILES, contents, strict=True):
        (folder / name).write_bytes(content)
    return movielens.ml_100k_source(folder, NOW)


def _plain(folder, contents):
    paths = [folder / name for name in plain.FILES]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    return plain.plain_source(*paths, NOW)


CELL = st.sampled_from(
    [b"1", b"4.0", b"964982703", b"2024-05-01T00:00:00Z", b"0001-01-01T00:00+09:00", b"", b'"']
) | st.binary(max_size=8)
SEPARATOR = st.sampled_from([b",", b"\t", b"|", b"\n", b"\r\n"])
LINES = st.lists(st.tuples(CELL, SEPARATOR), max_size=40).map(
    lambda pairs: b"".join(cell + separator for cell, separator in pairs)
)
FORMATS = {
    "latest": (_latest, b"movieId,title,genres\n", b"userId,movieId,rating,timestamp\n"),
    "ml-100k": (_ml_100k, b"", b""),
    "plain": (_plain, b"id,title,size\n", b"subject,item,rating,at\n"),
}


@pytest.mark.parametrize("name", FORMATS)
@given(data=LINES | st.binary(max_size=200))
@example(data=b'7,1,"4,5\n7,1,4,5\n')
@example(data=b"a,b,1,9999-12-31T23:59:59-23:59\n")
@example(data=b"\xff\xfe,\xe9\n")
def test_every_line_has_exactly_one_outcome(name, data):
    readers, *headers = FORMATS[name]
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) and not headers[0]:
        data = b"x" + data  # UTF-16 is refused as a whole
    marked = data.removeprefix(b"\xef\xbb\xbf") if not headers[0] else data
    first = 2 if headers[0] else 1
    expected = [
        number for number, line in enumerate(marked.split(b"\n"), start=first) if line.strip(b"\r")
    ]
    for outcomes in _read(readers, *headers, data):
        assert [outcome.line for outcome in outcomes] == expected
        for outcome in outcomes:
            _check(outcome)


def _check(outcome):
    assert isinstance(outcome, ItemRow | InteractionRow | Reject)
    if isinstance(outcome, InteractionRow):
        assert outcome.subject
        assert outcome.item
        assert Decimal(0) <= outcome.rating <= Decimal(10)
        assert datetime(1970, 1, 1, tzinfo=UTC) <= outcome.at <= NOW
    elif isinstance(outcome, Reject):
        assert outcome.value.isprintable()
        assert len(outcome.value) <= 2100
