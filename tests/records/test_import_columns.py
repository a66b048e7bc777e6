"""Any columns: which are read is said by options, for CSV and Parquet alike."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from compliance.records.models import Interaction, Item, Subject

pytestmark = pytest.mark.django_db

# As BookCrossing is written: semicolons, Latin-1, every value quoted, backslashes before quotes.
BOOKS = """"ISBN";"Book-Title";"Book-Author";"Year-Of-Publication";"Image-URL-S"
"0000000001";"The Real \\"Cellar\\" & More; a Tale";"Zoë Quill";"1999";"http://img/1"
"000000000X";"Winter, Again";"A. Nobody";"0";"http://img/2"
"0000000003";"Cut \\";\\"short\\"";"1999";"http://img/3"
"""
RATINGS = """"User-ID";"ISBN";"Book-Rating"
"17";"000000000X";"8"
"17";"0000000001";"0"
"18";"0000000001";"5"
"17";"000000000X";"8"
"18";"0000000001";"6"
"19";"missing";"6"
"""
BOOK_OPTIONS = [
    *("--delimiter", ";", "--escape", "\\", "--encoding", "latin-1"),
    *("--id", "ISBN", "--title", "Book-Title", "--attribute", "author=Book-Author"),
    *("--attribute", "year=Year-Of-Publication"),
    *("--subject", "User-ID", "--item", "ISBN", "--rating", "Book-Rating"),
    *("--no-times", "2004-09-01"),
]
ITEMS = "sku;name\na;Lamp\n"


def _import(importer, items, interactions, *options):
    folder = importer.write({"i.csv": items, "r.csv": interactions})
    out = StringIO()
    files = (str(folder / "i.csv"), str(folder / "r.csv"))
    call_command("import_csv", *files, *options, rejects=importer.rejects, stdout=out)
    return out.getvalue()


def _books(importer, *options):
    return _import(importer, BOOKS.encode("latin-1"), RATINGS, *BOOK_OPTIONS, *options)


def test_bookcrossing_files_are_read_as_they_are(importer):
    out = _books(importer)
    assert list(Item.objects.values_list("external_id", "title", "attributes")) == [
        ("0000000001", 'The Real "Cellar" & More; a Tale', {"author": "Zoë Quill", "year": "1999"}),
        ("000000000X", "Winter, Again", {"author": "A. Nobody", "year": "0"}),
    ]
    records = Interaction.objects.order_by("subject__external_id", "item__external_id")
    assert list(records.values_list("subject__external_id", "item__external_id", "rating")) == [
        ("17", "0000000001", Decimal(0)),
        ("17", "000000000X", Decimal(8)),
        ("18", "0000000001", Decimal(5)),
    ]
    assert {row["reason"] for row in importer.rejected()} == {
        "line must have 5 columns",
        "item is not in the catalogue",
        "subject rated the item otherwise at the same time",
    }
    assert "Latin-1" not in out  # nobody needs to be told what the options said


def test_records_without_times_have_the_moment_that_was_given(importer):
    _books(importer)
    assert set(Interaction.objects.values_list("occurred_at", flat=True)) == {
        datetime(2004, 9, 1, tzinfo=UTC)
    }


def test_files_without_times_change_nothing_the_second_time(importer, stored):
    _books(importer)
    before = stored()
    assert "Nothing new" in _books(importer)
    assert stored() == before


def test_ratings_out_of_the_scale_are_rejected(importer):
    """BookCrossing has 0 where somebody read a book and did not rate it."""
    _books(importer, "--scale", "1:10")
    assert not Interaction.objects.filter(rating=0).exists()
    assert "rating is not between 1 and 10" in {row["reason"] for row in importer.rejected()}


def test_a_scale_beyond_ten_is_mapped_onto_it_and_said(importer):
    rows = "subject,item,rating,at\nann,a,100,1\nbo,a,33.335,1\ncy,a,-100,1\ndi,a,101,1\n"
    out = _import(importer, "id,title\na,Lamp\n", rows, "--scale=-100:100")
    assert list(Interaction.objects.order_by("subject").values_list("rating", flat=True)) == [
        Decimal("10.00"),
        Decimal("6.67"),
        Decimal("0.00"),
    ]
    assert "Ratings from -100 to 100 are stored from 0 to 10: 0 is 5." in out
    assert [row["value"] for row in importer.rejected()] == ["101"]


def test_columns_stand_in_any_order_and_others_are_left_out(importer):
    rows = "note,at,rating,item,who\nsecret,5,4,a,ann\n"
    _import(importer, "size,title,id\nbig,Lamp,a\n", rows, "--subject", "who")
    assert Item.objects.get().attributes == {"size": "big"}
    assert Subject.objects.get().external_id == "ann"


def test_a_tab_can_be_spelled(importer):
    rows = "subject\titem\trating\tat\nann\ta\t4\t5\n"
    _import(importer, "id\ttitle\na\tLamp\n", rows, "--delimiter", "\\t")
    assert Interaction.objects.count() == 1


def test_a_line_that_is_not_in_the_encoding_is_rejected_alone(importer):
    _import(
        importer,
        b"id,title\na,Caf\xe9\nb,Lamp\n",
        "subject,item,rating,at\nann,b,4,5\n",
        *("--encoding", "utf-8"),
    )
    assert [row["reason"] for row in importer.rejected()] == ["line is not utf-8"]
    assert Item.objects.get().title == "Lamp"


def test_windows_quotes_are_read_when_the_encoding_is_named(importer):
    rows = "subject,item,rating,at\nann,a,4,5\n"
    _import(importer, b"id,title\na,\x93Lamp\x94\n", rows, "--encoding", "cp1252")
    assert Item.objects.get().title == "“Lamp”"


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (("--delimiter", ";;"), "';;' is not one ASCII character other than a quote"),
        (("--delimiter", '"'), "is not one ASCII character other than a quote"),
        (("--delimiter", "\\", "--escape", "\\"), "are the same character"),
        (("--encoding", "utf-16"), "'utf-16' is no encoding that extends ASCII"),
        (("--encoding", "idna"), "is no encoding that extends ASCII"),
        (("--scale=-9e999999:9e999999",), "is not LEAST:MOST"),
        (("--encoding", "rot13"), "is no encoding that extends ASCII"),
        (("--encoding", "none\x00"), "is no encoding that extends ASCII"),
        (("--scale", "5"), "'5' is not LEAST:MOST, such as 1:5"),
        (("--scale", "5:5"), "is not LEAST:MOST"),
        (("--scale", "nan:5"), "is not LEAST:MOST"),
        (("--scale", "0:Infinity"), "is not LEAST:MOST"),
        (("--no-times", "soon"), "time is neither ISO 8601"),
        (("--no-times", "2999-01-01"), "time is in the future"),
        (("--attribute", "author"), "'author' is not NAME=COLUMN"),
        (("--attribute", "=name"), "is not NAME=COLUMN"),
        (("--attribute", "a=name", "--attribute", "a=sku"), "names one attribute twice"),
        (("--subject", "item"), "--subject and --item are both the column 'item'"),
        (("--at", "rating"), "--rating and --at are both the column 'rating'"),
        (("--title", "id"), "--id and --title are both the column 'id'"),
        (("--id", "sku"), "has no column 'sku'. Its first line is no line of column names"),
        (("--delimiter", ";"), "has no column 'id'"),
        (("--delimiter", ";", "--id", "sku"), "name the right one with --title"),
    ],
)
def test_a_wrong_option_is_named_in_one_line(importer, options, fault):
    with pytest.raises(CommandError, match=re.escape(fault)) as caught:
        _import(importer, ITEMS, "subject;item;rating;at\n", *options)
    assert "\n" not in str(caught.value)
    assert not Item.objects.exists()


def test_one_file_for_both_is_refused(importer):
    """Its other columns would become attributes of items, and say who rated them."""
    folder = importer.write({"both.csv": "id,title,subject,item,rating,at\n"})
    path = str(folder / "both.csv")
    with pytest.raises(CommandError, match="is given twice"):
        call_command("import_csv", path, path, rejects=importer.rejects)
