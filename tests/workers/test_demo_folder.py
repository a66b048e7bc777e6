"""The demo starts from nothing, and empties nothing but a demo's folder."""

from pathlib import Path

import pytest

from workers.demo.folder import MARKER, FolderError, empty_folder


def test_what_an_earlier_demo_made_goes_and_the_rest_stays(tmp_path: Path):
    (tmp_path / MARKER).touch()
    (tmp_path / "artefacts").mkdir()
    (tmp_path / "report.json").touch()
    (tmp_path / "mine.txt").touch()
    empty_folder(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {MARKER, "mine.txt"}


def test_what_any_start_leaves_is_no_hindrance(tmp_path: Path):
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "django.key").touch()
    (tmp_path / "static").mkdir()
    empty_folder(tmp_path)
    assert (tmp_path / MARKER).exists()


@pytest.mark.parametrize("name", ["postgres/PG_VERSION", "artefacts/a", "keys/signing-key.pem"])
def test_an_installation_is_left_alone(tmp_path: Path, name: str):
    file = tmp_path / name
    file.parent.mkdir()
    file.touch()
    with pytest.raises(FolderError, match="not a demo's"):
        empty_folder(tmp_path)
    assert file.exists()
