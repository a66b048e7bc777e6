"""CSV by RFC 4180 that no spreadsheet takes for a formula, and JSON, piece by piece."""

import csv
import io
import json
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from compliance.evidence.reports.formats import csv_pieces, json_pieces, json_text, leaves

COLUMNS = ("name", "value")


def written(*values, **options):
    return "".join(csv_pieces(COLUMNS, ({"name": "n", "value": v} for v in values), **options))


def read(text):
    return [row[1] for row in csv.reader(io.StringIO(text, newline=""))][1:]


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+49 30 1234",
        "-2+3",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        '=HYPERLINK("http://x.example","y")',
        "=cmd|' /C calc'!A0",
        "-1+1|x",
        "\uff1d1+1",
    ],
)
def test_a_text_that_begins_like_a_formula_gets_an_apostrophe(text):
    assert read(written(text)) == [f"'{text}"]


@pytest.mark.parametrize("text", ["1=1", "a@b", "it's", " =", "'quoted'"])
def test_other_texts_stay_as_they_are(text):
    assert read(written(text)) == [text]


def test_a_negative_number_stays_a_number():
    assert read(written(-3, 0, 2.5, "-3", "+2.50")) == ["-3", "0", "2.5", "-3", "+2.50"]


def test_quotes_commas_and_line_breaks_are_quoted():
    awkward = 'says "no", then\r\ngoes'
    text = written(awkward)
    assert text == 'name,value\r\nn,"says ""no"", then\r\ngoes"\r\n'
    assert read(text) == [awkward]


def test_lines_end_as_the_standard_says():
    assert written("a", "b") == "name,value\r\nn,a\r\nn,b\r\n"


def test_a_table_without_rows_has_its_header():
    assert written() == "name,value\r\n"


def test_what_is_missing_is_empty_and_yes_is_true():
    assert read(written(None, True, False)) == ["", "true", "false"]


def test_times_have_their_offset():
    moment, day = datetime(2026, 1, 31, 23, 30, tzinfo=UTC), date(2026, 1, 31)
    assert read(written(moment, day)) == ["2026-01-31T23:30:00+00:00", "2026-01-31"]


def test_the_mark_for_excel_stands_in_front_if_it_is_wanted():
    assert written("ä", bom=True).encode().startswith(b"\xef\xbb\xbfname,")
    assert written("ä").encode().startswith(b"name,")


@pytest.mark.parametrize("rows", [0, 1, 499, 500, 501, 1001])
def test_json_in_pieces_is_one_object(rows):
    pieces = list(json_pieces({"a": 1}, "rows", ({"n": n} for n in range(rows))))
    assert json.loads("".join(pieces)) == {"a": 1, "rows": [{"n": n} for n in range(rows)]}


def test_csv_in_pieces_is_one_table():
    assert len(read(written(*range(1001)))) == 1001


def test_json_holds_ids_and_dates():
    number = UUID(int=7)
    assert json.loads(json_text({"id": number, "on": date(2026, 2, 1)})) == {
        "id": str(number),
        "on": "2026-02-01",
    }


def test_each_leaf_says_where_it_stands():
    assert list(leaves({"a": {"b": 1}, "c": [{"d": "x"}, {"d": "y"}], "e": None})) == [
        ("a/b", 1),
        ("c/1/d", "x"),
        ("c/2/d", "y"),
        ("e", None),
    ]
