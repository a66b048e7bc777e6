"""Parquet: typed columns become the same rows as text does."""

import contextlib
import datetime as dt
import re
from decimal import Decimal
from io import StringIO

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from compliance.records.importing.load import import_parquet
from compliance.records.importing.parquet import parquet_source
from compliance.records.importing.rows import SourceError
from compliance.records.models import Interaction, Item

AT = dt.datetime(2024, 5, 1, 10, tzinfo=dt.UTC)
ITEMS = {"id": ["a", "b"], "title": ["Lamp", "Bowl"], "size": [3, None]}
INTERACTIONS = {
    "subject": ["ann", "bo"],
    "item": ["a", "b"],
    "rating": [3.7, 4.0],
    "at": [AT, AT],
}


@pytest.fixture
def write(tmp_path):
    """Write one column a keyword to a file; return its path."""

    def _write(name, columns, **options):
        pq.write_table(pa.table(columns), tmp_path / name, **options)
        return tmp_path / name

    return _write


@pytest.fixture
def load(write, tmp_path):
    def _load(items=ITEMS, interactions=INTERACTIONS):
        paths = write("i.parquet", items), write("r.parquet", interactions)
        return import_parquet(*paths, rejects=tmp_path / "rejects.csv")

    return _load


@pytest.mark.django_db
def test_a_catalogue_and_its_interactions_are_stored(load):
    report = load()
    assert (report.items, report.interactions, report.rejected) == (2, 2, 0)
    assert list(Item.objects.values_list("title", "attributes")) == [
        ("Lamp", {"size": "3"}),
        ("Bowl", {}),
    ]
    assert set(Interaction.objects.values_list("rating", "occurred_at")) == {
        (Decimal("3.70"), AT),
        (Decimal("4.00"), AT),
    }
    assert load().unchanged == 4


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("at", pa.array([AT, AT], pa.timestamp("ns", "Europe/Berlin"))),
        ("at", pa.array([AT.replace(tzinfo=None)] * 2, pa.timestamp("ms"))),
        ("at", pa.array([int(AT.timestamp())] * 2, pa.int64())),
        ("at", pa.array(["2024-05-01T12:00:00+02:00"] * 2)),
        ("rating", pa.array([3.7, 4], pa.float32())),
        ("rating", pa.array([Decimal("3.7"), 4], pa.decimal128(4, 2))),
        ("rating", pa.array(["3.7", "4"], pa.large_string())),
        ("item", pa.array(["a", "b"]).dictionary_encode()),
        ("subject", pa.array([b"ann", b"bo"], pa.binary())),
    ],
)
def test_values_are_the_same_whatever_their_type(load, name, values):
    load(interactions={**INTERACTIONS, name: values})
    found = Interaction.objects.values_list("subject__external_id", "rating", "occurred_at")
    assert set(found) == {("ann", Decimal("3.70"), AT), ("bo", Decimal("4.00"), AT)}


@pytest.mark.django_db
def test_a_bad_value_is_rejected_alone(load, tmp_path):
    subjects = pa.array([None, b"\xff", b"x" * 70_000, b"ok"], pa.binary()).cast(pa.large_binary())
    rows = {"item": ["a"] * 4, "rating": [5.0, 5.0, 5.0, float("nan")], "at": [AT] * 4}
    report = load(interactions={"subject": subjects, **rows})
    assert report.reasons == {
        "subject is empty": 1,
        "value is not UTF-8": 1,
        "value is too long": 1,
        "rating is not a number such as 3.5": 1,
    }
    assert not Interaction.objects.exists()
    lines = (tmp_path / "rejects.csv").read_text().splitlines()[1:]
    assert [line.split(",")[1] for line in lines] == ["1", "2", "3", "4"]


@pytest.mark.django_db
def test_row_numbers_go_on_from_one_row_group_to_the_next(write, tmp_path):
    many = {"subject": ["ann"] * 25_000, "item": ["a"] * 25_000, "rating": [11] + [5] * 24_999}
    many["rating"][-1] = 12
    rows = write("r.parquet", {**many, "at": list(range(25_000))}, row_group_size=7_000)
    report = import_parquet(write("i.parquet", ITEMS), rows, rejects=tmp_path / "rejects.csv")
    assert (report.interactions, report.rejected) == (24_998, 2)
    lines = (tmp_path / "rejects.csv").read_text().splitlines()[1:]
    assert [line.split(",")[1] for line in lines] == ["1", "25000"]


@pytest.mark.django_db
def test_the_command_takes_the_same_options_as_for_csv(write, tmp_path):
    items = write("i.parquet", {"ISBN": ["a"], "name": ["Lamp"], "url": ["http://x"]})
    rows = write("r.parquet", {"user": [7], "ISBN": ["a"], "stars": [80]})
    out = StringIO()
    options = ["--id", "ISBN", "--title", "name", "--attribute", "link=url", "--subject", "user"]
    options += ["--item", "ISBN", "--rating", "stars", "--scale", "0:100", "--no-times", "2020"]
    options[-1] = "2020-01-01"
    call_command(
        "import_parquet", str(items), str(rows), *options, rejects=tmp_path / "r.csv", stdout=out
    )
    assert Interaction.objects.get().rating == 8
    assert Item.objects.get().attributes == {"link": "http://x"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("columns", "fault"),
    [
        ({"subject": [1.5, 2.5]}, "Column 'subject' of {} holds double, which identifies nothing"),
        ({"item": [True, False]}, "Column 'item' of {} holds bool, which identifies nothing"),
        ({"rating": [[1], [2]]}, "holds list<element: int64>, which is neither text"),
        ({"at": pa.nulls(2)}, "Column 'at' of {} holds null, which is neither text"),
        ({"more": [[1], [2]]}, None),
    ],
)
def test_a_column_of_another_kind_is_named(load, tmp_path, columns, fault):
    if fault is None:  # it is not read
        assert load(interactions={**INTERACTIONS, **columns}).interactions == 2
        return
    with pytest.raises(SourceError, match=re.escape(fault.format(tmp_path / "r.parquet"))):
        load(interactions={**INTERACTIONS, **columns})
    assert not Item.objects.exists()


@pytest.mark.django_db
def test_damage_in_the_middle_leaves_the_database_as_it_was(write, tmp_path):
    rows = write(
        "r.parquet",
        {n: v * 20_000 for n, v in INTERACTIONS.items()},
        use_dictionary=False,
        compression="zstd",
    )
    data = bytearray(rows.read_bytes())
    data[len(data) // 3 : len(data) // 2] = bytes(len(data) // 2 - len(data) // 3)
    rows.write_bytes(data)
    with pytest.raises(SourceError, match=r"r\.parquet is not Parquet, or is damaged"):
        import_parquet(write("i.parquet", ITEMS), rows, rejects=tmp_path / "rejects.csv")
    assert not Item.objects.exists()
    assert not (tmp_path / "rejects.csv").exists()


@pytest.mark.django_db
@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1PAR1", b"id,title\na,b\n", b"\0" * 100])
def test_what_is_not_parquet_is_refused_in_one_line(write, tmp_path, content):
    (tmp_path / "i.parquet").write_bytes(content)
    with pytest.raises(CommandError, match="is not Parquet, or is damaged") as caught:
        call_command(
            "import_parquet",
            str(tmp_path / "i.parquet"),
            str(write("r.parquet", INTERACTIONS)),
            rejects=tmp_path / "rejects.csv",
        )
    assert "\n" not in str(caught.value)


@given(
    at=st.integers(0, 10_000), change=st.binary(min_size=1, max_size=8), cut=st.integers(0, 9_000)
)
def test_a_damaged_file_gives_rows_or_one_error(tmp_path_factory, at, change, cut):
    folder = tmp_path_factory.mktemp("damaged")
    items, rows = folder / "i.parquet", folder / "r.parquet"
    pq.write_table(pa.table(ITEMS), items)
    pq.write_table(pa.table(INTERACTIONS), rows)
    data = bytearray(rows.read_bytes())
    at %= len(data)
    data[at : at + len(change)] = change
    rows.write_bytes(data[: max(1, len(data) - cut // 10)])
    with contextlib.suppress(SourceError):  # and nothing else
        source = parquet_source(items, rows, dt.datetime.now(dt.UTC))
        assert len(list(source.interactions.read())) <= 2
