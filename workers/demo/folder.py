"""The demo's own folder, fresh for each run."""

import shutil
from pathlib import Path

from compliance import embedded

MARKER = ".lethe-demo"
# What a demo makes, the locks and logs of its processes aside.
MADE = (
    *("postgres", "postgres.log", "keys", "artefacts", "sample"),
    *("rejects.csv", "certificate.json", "report.json"),
)


class FolderError(RuntimeError):
    """The folder is not the demo's to empty."""


def empty_folder(folder: Path) -> None:
    """Remove what an earlier demo made in `folder`, and nothing else.

    The caller holds the supervisor's lock, so nothing runs there.
    """
    if not (folder / MARKER).exists() and _is_installation(folder):
        raise FolderError(
            f"{folder} holds an installation that is not a demo's, and the demo starts from "
            "nothing. Set LETHE_VAR to another folder, or use `make demo`."
        )
    (folder / MARKER).touch()
    embedded.stop_if_unused(folder)
    for path in (folder / name for name in MADE):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _is_installation(folder: Path) -> bool:
    """Tell whether there is more than what any start of Django leaves."""
    keys = {path.name for path in folder.glob("keys/*")}
    return bool(keys - {"django.key"}) or any(
        (folder / name).exists() for name in ("postgres", "artefacts")
    )
