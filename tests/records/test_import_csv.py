"""Plain CSV: two files, any attributes."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from compliance.records.importing.rows import SourceError
from compliance.records.models import Interaction, Item

pytestmark = pytest.mark.django_db

ITEMS = 'id,title,colour,size\nkettle,"Kettle, ""old""",red,\ncup,Cup,,small\n'
INTERACTIONS = """subject,item,rating,at
ann@example.org,kettle,7.25,2024-05-01T12:00:00+02:00
ann@example.org,cup,10,1714557600
bo,cup,0,2024-05-01
"""


def test_columns_after_the_title_become_attributes(importer):
    importer.run({"items.csv": ITEMS, "interactions.csv": INTERACTIONS})
    assert list(Item.objects.values_list("external_id", "title", "attributes")) == [
        ("cup", "Cup", {"size": "small"}),
        ("kettle", 'Kettle, "old"', {"colour": "red"}),
    ]


def test_times_are_iso_8601_or_seconds(importer):
    report = importer.run({"items.csv": ITEMS, "interactions.csv": INTERACTIONS})
    assert report.interactions == 3
    records = Interaction.objects.order_by("rating").values_list("rating", "occurred_at")
    assert list(records) == [
        (Decimal("0.00"), datetime(2024, 5, 1, tzinfo=UTC)),
        (Decimal("7.25"), datetime(2024, 5, 1, 10, tzinfo=UTC)),
        (Decimal("10.00"), datetime(2024, 5, 1, 10, tzinfo=UTC)),
    ]


def test_the_command_takes_two_files(importer):
    folder = importer.write({"items.csv": ITEMS, "interactions.csv": INTERACTIONS})
    out = StringIO()
    paths = (str(folder / "items.csv"), str(folder / "interactions.csv"))
    call_command("import_csv", *paths, rejects=importer.rejects, stdout=out)
    assert Interaction.objects.count() == 3
    assert "ann@example.org" not in out.getvalue()


def test_a_byte_order_mark_and_crlf_change_nothing(importer):
    marked = {
        "items.csv": b"\xef\xbb\xbf" + ITEMS.replace("\n", "\r\n").encode(),
        "interactions.csv": b"\xef\xbb\xbf" + INTERACTIONS.replace("\n", "\r\n").encode(),
    }
    report = importer.run(marked)
    assert (report.items, report.interactions, report.rejected) == (2, 3, 0)
    assert Item.objects.get(external_id="cup").attributes == {"size": "small"}


def test_latin_1_is_read_with_a_notice(importer):
    report = importer.run(
        {
            "items.csv": "id,title\nm,Les Misérables\n".encode("latin-1"),
            "interactions.csv": INTERACTIONS,
        }
    )
    assert Item.objects.get(external_id="m").title == "Les Misérables"
    assert report.notices == ("items.csv is not UTF-8; it was read as Latin-1.",)


@pytest.mark.parametrize(
    ("header", "fault"),
    [
        ("id", "has no column 'title'. Its first line is 'id': name the right one with --title."),
        ("id,title,title", "has 2 columns 'title'"),
        ("id,title,", "must name every column, each of them once"),
        ("id,title,size,size", "must name every column, each of them once"),
        ("id,title,a\x00b", "must name every column, each of them once"),
        ("", "has no column 'id'"),
    ],
)
def test_a_wrong_header_is_refused(importer, header, fault):
    with pytest.raises(SourceError, match=re.escape(fault)) as caught:
        importer.run({"items.csv": header + "\n", "interactions.csv": INTERACTIONS})
    assert "items.csv" in str(caught.value)
    assert str(caught.value).isprintable()


def test_a_missing_file_is_named(importer):
    folder = importer.write({"items.csv": ITEMS})
    with pytest.raises(CommandError, match=r"interactions\.csv does not exist"):
        call_command(
            "import_csv",
            str(folder / "items.csv"),
            str(folder / "interactions.csv"),
            rejects=importer.rejects,
        )


def test_a_record_in_place_of_the_column_names_is_not_repeated(importer):
    """It is about somebody, and a terminal is no place for that."""
    records = INTERACTIONS.split("\n", 1)[1]
    with pytest.raises(SourceError, match="no line of column names") as caught:
        importer.run({"items.csv": ITEMS, "interactions.csv": records})
    assert "ann@example.org" not in str(caught.value)
