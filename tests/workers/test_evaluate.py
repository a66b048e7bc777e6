"""`manage.py evaluate` on records that were imported into Postgres."""

import json

import pytest
from django.core.management import CommandError, call_command

from compliance.provenance.models import Plan
from compliance.records.importing.load import import_folder
from compliance.records.models import Interaction, ItemEmbedding
from workers.sample import write_sample

QUICK = {"methods": "both-rates,own-stack,ours-2", "shards": "2"}


@pytest.fixture(autouse=True)
def _few_simulated(monkeypatch):
    monkeypatch.setattr("recmodel.plan_calibrator.SUBJECTS", 20)


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sample")
    write_sample(folder, subjects=25, items=120, seed=4)
    return folder


@pytest.fixture
def imported(committed_db, sample, tmp_path):
    import_folder(sample, rejects=tmp_path / "rejects.csv", on_progress=lambda done, total: None)


def evaluated(capsys, **options):
    call_command("evaluate", json="-", **QUICK | options)
    return json.loads(capsys.readouterr().out)


def test_what_was_imported_is_evaluated_as_its_folder_would_be(imported, sample, capsys):
    found, folder = evaluated(capsys), evaluated(capsys, data=sample, name="the imported records")
    assert found["data"]["people"] == 25
    assert found["data"]["records"] == Interaction.objects.count()
    assert [row["name"] for row in found["rows"]] == ["both-rates", "own-stack", "ours-2"]
    assert found["data"] == folder["data"]
    simple, whole = found["rows"][0]["figures"], folder["rows"][0]["figures"]
    assert simple["auc"]["value"] == pytest.approx(whole["auc"]["value"])
    assert 0.5 < simple["auc"]["value"] < 1


def test_items_are_embedded_and_nothing_else_is_written(imported, capsys):
    before = Interaction.objects.count()
    evaluated(capsys, methods="item-rate")
    assert ItemEmbedding.objects.count() == 120
    assert Interaction.objects.count() == before
    assert not Plan.objects.exists()


def test_the_page_holds_tables_and_the_command(imported, tmp_path, capsys):
    out = tmp_path / "results.md"
    call_command("evaluate", out=out, methods="item-rate,user-rate", like_above="4", name="Sample")
    page = out.read_text()
    assert "`manage.py evaluate --like-above 4 --methods item-rate,user-rate`" in page
    assert "Sample: 25 people" in page
    assert "a like is a rating above 4" in page
    assert "user rate" in capsys.readouterr().out


@pytest.mark.django_db
def test_without_records_it_says_what_to_do():
    with pytest.raises(CommandError, match="Import some with import_movielens, or give --data"):
        call_command("evaluate")


@pytest.mark.django_db
def test_a_folder_without_the_files_is_refused(tmp_path):
    with pytest.raises(CommandError, match=r"movies\.csv"):
        call_command("evaluate", data=tmp_path)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("options", "fault"),
    [({"methods": "bert"}, "--methods names 'bert'"), ({"like_above": "x"}, "--like-above is 'x'")],
)
def test_options_that_cannot_be_are_refused(options, fault):
    with pytest.raises(CommandError, match=fault):
        call_command("evaluate", **options)
