"""MovieLens folders: what is stored, what the command tells, what it refuses."""

from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from compliance.records.importing.load import import_folder
from compliance.records.importing.rows import SourceError
from compliance.records.models import Interaction, Item, Subject

pytestmark = pytest.mark.django_db

FLAGS = "0|" * 18 + "0"
U_ITEM = (
    "1|Toy Story (1995)|01-Jan-1995||http://us.imdb.com/x|0|0|0|1|1|1" + "|0" * 13 + "\n"
    f"2|unknown||||1{FLAGS[1:]}\n"
    f"3|Misérables, Les (1995)|01-Jan-1995||http://us.imdb.com/y|{FLAGS}"
).encode("latin-1")
U_DATA = "196\t1\t3\t881250949\n186\t3\t5\t891717742\n"


def test_items_keep_their_title_and_get_genres_and_year(importer):
    importer.movielens()
    attributes = dict(Item.objects.values_list("title", "attributes"))
    assert attributes == {
        "Toy Story (1995)": {"genres": "Adventure, Animation", "year": "1995"},
        "American President, The (1995)": {"genres": "Comedy, Drama, Romance", "year": "1995"},
        "Untold": {},
    }


def test_interactions_keep_rating_and_time(importer):
    importer.movielens()
    record = Interaction.objects.get(subject__external_id="7", item__external_id="2")
    assert record.rating == Decimal("3.5")
    assert record.occurred_at == datetime(2000, 7, 30, 18, 45, 4, tzinfo=UTC)


def test_the_report_counts_every_line(importer):
    report = importer.movielens()
    assert (report.items, report.subjects, report.interactions) == (3, 2, 4)
    assert (report.unchanged, report.rejected, report.suppressed) == (0, 0, 0)
    assert importer.rejected() == []


def test_ml_100k_is_latin_1_with_flags_for_genres(importer):
    report = importer.run({"u.item": U_ITEM, "u.data": U_DATA})
    assert (report.items, report.interactions, report.rejected) == (3, 2, 0)
    assert Item.objects.get(external_id="1").attributes == {
        "genres": "Animation, Children's, Comedy",
        "year": "1995",
    }
    assert Item.objects.get(external_id="2").attributes == {}
    assert Item.objects.get(external_id="3").title == "Misérables, Les (1995)"
    assert report.notices == ()


def test_progress_ends_with_all_lines(importer):
    seen = []
    importer.movielens()
    import_folder(
        importer.folder, rejects=importer.rejects, on_progress=lambda *step: seen.append(step)
    )
    assert seen[-1][0] == seen[-1][1]


def test_the_command_tells_counts_and_reasons_but_no_identifiers(importer):
    importer.write({"movies.csv": "movieId,title,genres\n1,A (1990),Drama\n"})
    importer.write(
        {"ratings.csv": "userId,movieId,rating,timestamp\nsecret-7,1,99,5\nsecret-8,1,4,5\n"}
    )
    out = StringIO()
    call_command("import_movielens", str(importer.folder), rejects=importer.rejects, stdout=out)
    assert "rating is not between 0.5 and 5" in out.getvalue()
    assert "1 line was not taken" in out.getvalue()
    assert "secret" not in out.getvalue()
    assert [row["line"] for row in importer.rejected()] == ["2"]


def test_rejects_are_for_the_owner_alone_and_replace_what_stood_there(importer):
    importer.rejects.write_text("old")
    importer.movielens()
    assert importer.rejects.stat().st_mode & 0o777 == 0o600
    assert importer.rejects.read_text() == "file,line,value,reason\n"
    assert [path.name for path in importer.rejects.parent.iterdir() if path.is_file()] == [
        "rejects.csv"
    ]


def test_an_empty_folder_names_what_was_looked_for(importer):
    folder = importer.write({})
    with pytest.raises(SourceError, match=r"movies\.csv and ratings\.csv .*u\.item and u\.data"):
        importer.run()
    with pytest.raises(CommandError, match=f"{folder} holds no data set") as error:
        call_command("import_movielens", str(folder), rejects=importer.rejects)
    assert error.value.returncode == 1


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("movies.csv", "id,title,genres\n", r"first line of .*movies\.csv is 'id,title,genres'"),
        ("ratings.csv", "", r"first line of .*ratings\.csv is ''"),
        ("ratings.csv", '"userId,', r"It must be 'userId,movieId,rating,timestamp'"),
        ("movies.csv", "movieId,title,genres\n".encode("utf-16"), "is UTF-16. Save it as UTF-8"),
    ],
)
def test_a_wrong_file_is_refused_whole(importer, name, content, message):
    importer.movielens()
    with pytest.raises(SourceError, match=message):
        importer.run({name: content})
    assert Subject.objects.count() == 2


def test_a_path_that_is_not_there_or_is_no_folder_is_refused(importer, tmp_path):
    for path, message in ((tmp_path / "none", "does not exist"), (__file__, "is not a folder")):
        with pytest.raises(CommandError, match=message):
            call_command("import_movielens", str(path), rejects=importer.rejects)


def test_a_folder_in_place_of_a_file_is_refused(importer):
    importer.write({"ratings.csv": "userId,movieId,rating,timestamp\n"})
    (importer.folder / "movies.csv").mkdir()
    with pytest.raises(SourceError, match=r"movies\.csv is not a regular file"):
        importer.run()


def test_rejects_never_overwrite_the_input(importer):
    importer.write({"movies.csv": "movieId,title,genres\n"})
    importer.write({"ratings.csv": "userId,movieId,rating,timestamp\n"})
    with pytest.raises(SourceError, match="is what shall be read"):
        import_folder(importer.folder, rejects=importer.folder / "ratings.csv")


def test_rejects_that_cannot_be_written_are_told_before_anything_is_imported(importer, tmp_path):
    importer.rejects = tmp_path
    with pytest.raises(SourceError, match="is a folder"):
        importer.movielens()
    (tmp_path / "file").write_text("")
    importer.rejects = tmp_path / "file" / "rejects.csv"
    with pytest.raises(SourceError, match="cannot be written"):
        importer.movielens()
    assert Item.objects.count() == 0
