"""The map as a page, and the extract for the record of processing."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from compliance.datamap.management.commands import data_map
from compliance.datamap.tables import TABLES
from compliance.erasure.models import Recipient
from compliance.records.models import Subject
from compliance.sealing import seal
from tests.erasure.conftest import ALICE, ask


def test_the_page_is_up_to_date():
    call_command("data_map", "--check")


def test_the_page_has_a_row_for_each_column():
    page = data_map.PATH.read_text()
    for name, table in TABLES.items():
        part = page.partition(f"### {name}\n")[2].partition("\n## ")[0].partition("\n### ")[0]
        assert [f"| `{column}` |" in part for column in table.columns] == [True] * len(
            table.columns
        )


def test_a_page_that_is_out_of_date_is_refused_and_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(data_map, "PATH", tmp_path / "personal-data.md")
    with pytest.raises(CommandError, match=r"Run `manage\.py data_map`"):
        call_command("data_map", "--check")
    call_command("data_map")
    call_command("data_map", "--check")
    page = (tmp_path / "personal-data.md").read_text()
    (tmp_path / "personal-data.md").write_text(page.replace("sealed", "none", 1))
    with pytest.raises(CommandError, match=r"Run `manage\.py data_map`"):
        call_command("data_map", "--check")


def record(**options: Any) -> str:
    out = StringIO()
    call_command("processing_record", stdout=out, **options)
    return out.getvalue()


def test_the_record_has_what_art_30_asks_for(db: None, settings):
    settings.CONTROLLER_NAME, settings.RETENTION_MONTHS = "Shop GmbH", 12
    said = json.loads(record(json=True))
    assert set(said) == {
        "controller",
        "purposes",
        "categories",
        "recipients",
        "transfers_to_third_countries",
        "time_limits",
        "security_measures",
    }
    assert said["controller"]["name"] == "Shop GmbH"
    assert "12 months after the request has ended" in {one["kept"] for one in said["time_limits"]}
    assert [one["people"] for one in said["categories"]] == [
        "people whose records are held",
        "staff",
        "recipients and other systems",
    ]
    assert all(one["held"] for one in said["categories"])


def test_the_record_names_recipients_and_no_address(db: None):
    Recipient.objects.create(name="Ads & Co", mail=seal("dpo@ads.example"))
    Recipient.objects.create(name="Old", mail=seal("old@ads.example"), is_active=False)
    assert json.loads(record(json=True))["recipients"] == [{"name": "Ads & Co", "told_by": "mail"}]
    said = record()
    assert "- Ads & Co, told by mail\n" in said
    assert "Old" not in said
    assert "ads.example" not in said


def test_a_name_cannot_write_markdown(db: None):
    Recipient.objects.create(name="[x](http://evil.example)|", mail=seal("a@example.org"))
    assert r"- \[x\](http://evil.example)\|, told by mail" in record()


def test_the_record_names_nobody_whose_records_are_held(db: None):
    Subject.objects.create(external_id=ALICE)
    ask()
    assert ALICE not in record() + record(json=True)


def test_each_time_limit_is_in_the_record(db: None):
    kept = {
        said.fate.kept.replace("LETHE_RETENTION_MONTHS (36)", "36 months")
        for table in TABLES.values()
        for said in table.columns.values()
        if said.fate
    }
    assert {one["kept"] for one in json.loads(record(json=True))["time_limits"]} == kept
