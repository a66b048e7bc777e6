"""Tell a folder's format by the files in it. Pure."""

from datetime import datetime
from pathlib import Path

from compliance.records.importing import movielens, plain
from compliance.records.importing.rows import SourceError
from compliance.records.importing.tables import Source

FORMATS = {
    "MovieLens CSV": movielens.LATEST_FILES,
    "ml-100k": movielens.ML_100K_FILES,
    "plain CSV": plain.FILES,
}


def folder_source(folder: Path, now: datetime) -> Source:
    """Return what is in `folder`. `SourceError` says what was looked for where nothing fits."""
    if not folder.exists():
        raise SourceError(f"{folder} does not exist. Give the folder that holds the data set.")
    if not folder.is_dir():
        raise SourceError(f"{folder} is not a folder. Give the folder that holds the data set.")
    if _has(folder, movielens.LATEST_FILES):
        return movielens.latest_source(folder, now)
    if _has(folder, movielens.ML_100K_FILES):
        return movielens.ml_100k_source(folder, now)
    if _has(folder, plain.FILES):
        items, interactions = plain.FILES
        return plain.plain_source(folder / items, folder / interactions, now)
    looked_for = ", ".join(f"{' and '.join(files)} ({name})" for name, files in FORMATS.items())
    raise SourceError(
        f"{folder} holds no data set that can be read. Looked for: {looked_for}. "
        "Unpack the archive, or give the folder inside it."
    )


def _has(folder: Path, names: tuple[str, ...]) -> bool:
    try:
        return all((folder / name).exists() for name in names)
    except OSError as error:
        raise SourceError(
            f"{folder} cannot be read: {error.strerror}. Check who may read it."
        ) from None
