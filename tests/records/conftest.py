"""Data sets on disk, and what an import made of them."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from compliance.records.importing.load import ImportReport, import_folder
from compliance.records.models import Interaction, Item, Subject

MOVIES = """movieId,title,genres
1,Toy Story (1995),Adventure|Animation
2,"American President, The (1995)",Comedy|Drama|Romance
3,Untold,(no genres listed)
"""
RATINGS = """userId,movieId,rating,timestamp
7,1,4.0,964982703
7,2,3.5,964982704
8,1,0.5,964982705
8,3,5,964982706
"""

Files = dict[str, str | bytes]


class Importer:
    """Writes files into one folder and imports them; remembers where the rejects went."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "data"
        self.rejects = folder / "rejects.csv"

    def write(self, files: Files) -> Path:
        self.folder.mkdir(exist_ok=True)
        for name, content in files.items():
            data = content if isinstance(content, bytes) else content.encode()
            (self.folder / name).write_bytes(data)
        return self.folder

    def run(self, files: Files | None = None) -> ImportReport:
        return import_folder(self.write(files or {}), rejects=self.rejects)

    def movielens(self, movies: str | bytes = MOVIES, ratings: str | bytes = RATINGS):
        return self.run({"movies.csv": movies, "ratings.csv": ratings})

    def rejected(self) -> list[dict[str, str]]:
        with self.rejects.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))


@pytest.fixture
def importer(tmp_path: Path) -> Importer:
    return Importer(tmp_path)


@pytest.fixture
def stored() -> Callable[[], dict[str, list[tuple]]]:
    """Everything that an import can write, row numbers included."""
    return lambda: {
        "items": list(Item.objects.order_by("pk").values_list()),
        "subjects": list(Subject.objects.order_by("pk").values_list()),
        "interactions": list(Interaction.objects.order_by("pk").values_list()),
    }
