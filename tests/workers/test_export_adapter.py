"""Copies of weights that leave the house are recorded, and an erasure tells of them."""

import re
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from compliance.provenance.exports import exports_out_of_service
from compliance.provenance.models import Adapter, Export
from compliance.provenance.releases import live_release
from compliance.records.models import Subject
from recmodel.adapter import load_adapter
from tests.workers.test_erasure import approve, somebody_in
from workers.doctor import examine


def export(folder: Path, *options: str) -> str:
    out = StringIO()
    call_command("export_adapter", str(folder), *options, stdout=out)
    return out.getvalue()


def doctor() -> str:
    (finding,) = (finding for finding in examine() if finding.name == "Exports")
    return ("well: " if finding.healthy else "ill: ") + finding.detail


def test_one_adapter_is_written_as_it_is_served(plan, tmp_path):
    said = export(tmp_path / "one", "--shard=1")
    adapter = Adapter.objects.get(shard=1, state="active")
    assert load_adapter(tmp_path / "one").digest == adapter.digest
    recorded = Export.objects.get()
    assert (recorded.kind, recorded.digest, recorded.omega) == ("adapter", adapter.digest, None)
    assert recorded.path == str(tmp_path / "one")
    assert recorded.exported_by
    assert [one.adapter for one in recorded.checkpoints.all()] == [adapter]
    assert f"Export {recorded.pk}:" in said
    assert "rank 2, of shard 1" in said
    assert "act on the question alone" in said
    assert doctor() == "well: no exported copy is out of service"


def test_a_mixture_is_written_at_weights_that_stay(plan, tmp_path):
    assert "rank 4, of shard 0, 1" in export(tmp_path / "given", "--omega=0.25,0.75")
    export(tmp_path / "average", "--average")
    export(tmp_path / "subject", "--subject", Subject.objects.first().external_id)
    kinds = Export.objects.order_by("pk").values_list("kind", "omega")
    # What one person's records led to is not kept.
    assert list(kinds) == [
        ("weights", [0.25, 0.75]),
        ("weights", [0.5, 0.5]),
        ("subject", None),
    ]
    assert {load_adapter(tmp_path / name).rank for name in ("given", "average", "subject")} == {4}
    export(tmp_path / "one", "--omega=0,1")
    newest = Export.objects.first()
    assert [one.adapter.shard for one in newest.checkpoints.all()] == [1]


def test_an_erasure_tells_which_copies_have_to_go(plan, tmp_path):
    export(tmp_path / "zero", "--shard=0")
    export(tmp_path / "one", "--shard=1")
    export(tmp_path / "both", "--average")
    _, one, both = Export.objects.order_by("pk")
    approve(somebody_in(plan, 1, 0))
    assert list(exports_out_of_service().order_by("pk")) == [one, both]
    assert doctor().endswith(f"of weights that are out of service: {one.pk}, {both.pk}")
    out = StringIO()
    call_command("exports", stdout=out)
    assert out.getvalue().count("DESTROY IT") == 2

    call_command("exports", gone=one.pk, stdout=StringIO())
    assert list(exports_out_of_service()) == [both]
    with pytest.raises(CommandError, match="There is no export 99"):
        call_command("exports", gone=99)


def test_quarantined_weights_cannot_be_exported(plan, tmp_path):
    approve(somebody_in(plan, 1, 0))
    with pytest.raises(CommandError, match=r"Shard 1 has no adapter in service.*In service are 0"):
        export(tmp_path / "one", "--shard=1")
    with pytest.raises(CommandError, match="2 weights for 1 adapters"):
        export(tmp_path / "both", "--omega=0.5,0.5")
    assert list(tmp_path.iterdir()) == []
    assert not Export.objects.exists()


def test_the_last_clean_checkpoint_is_what_is_served_and_exported(plan, tmp_path):
    approve(somebody_in(plan, 1, 1))
    export(tmp_path / "one", "--shard=1")
    release, _ = live_release()
    served = release.checkpoints.get(adapter__shard=1)
    assert (load_adapter(tmp_path / "one").digest, served.slice) == (served.digest, 0)


def test_a_switch_while_the_weights_are_read_leaves_nothing(plan, tmp_path, monkeypatch):
    from workers import exporting

    name, read = somebody_in(plan, 1, 0), exporting.weights

    def slow(*args):
        state = read(*args)
        approve(name)
        return state

    monkeypatch.setattr(exporting, "weights", slow)
    with pytest.raises(CommandError, match="switched meanwhile"):
        export(tmp_path / "one", "--shard=1")
    assert list(tmp_path.iterdir()) == []
    assert not Export.objects.exists()


def test_bad_weights_are_refused_by_name(plan, tmp_path):
    for omega, fault in (
        ("0.5", "1 weights for 2 adapters"),
        ("0.5,0.6", "add up to 1.1"),
        ("-0.5,1.5", "shard 0 is -0.5"),
        ("nan,1", "shard 0 is nan"),
        ("half,half", "is not numbers with commas"),
        ("", "is not numbers with commas"),
    ):
        with pytest.raises(CommandError, match=re.escape(fault)) as caught:
            export(tmp_path / "one", f"--omega={omega}")
        assert "\n" not in str(caught.value)
    with pytest.raises(CommandError, match="There is no such subject") as caught:
        export(tmp_path / "one", "--subject", "ann@example.org")
    assert "ann" not in str(caught.value)
    assert not Export.objects.exists()


def test_a_place_that_cannot_be_written_leaves_no_record(plan, tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "file").write_text("")
    for name, fault in [
        ("there", "is there already"),
        ("link", "is there already"),
        ("file/one", "is not a folder"),
        ("none/one", "is not a folder"),
        ("bad\nname", "characters that cannot be shown"),
    ]:
        with pytest.raises(CommandError, match=fault):
            export(tmp_path / name, "--shard=0")
    with pytest.raises(CommandError, match="cannot be written: File name too long"):
        export(tmp_path / ("x" * 250), "--shard=0")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "link", "there"]
    assert not Export.objects.exists()


def test_without_a_release_there_is_nothing_to_export(committed_db, tmp_path):
    with pytest.raises(CommandError, match="There is no release yet"):
        export(tmp_path / "one", "--shard=0")


def test_what_was_exported_cannot_be_rewritten(plan, tmp_path):
    export(tmp_path / "one", "--shard=0")
    number = Export.objects.get().pk
    call_command("exports", gone=number, stdout=StringIO())
    for statement in (
        "DELETE FROM provenance_export",
        "DELETE FROM provenance_export_checkpoints",
        "UPDATE provenance_export SET path = ''",
        "UPDATE provenance_export SET gone_at = NULL",
        "TRUNCATE provenance_export CASCADE",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
