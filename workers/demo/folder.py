"""The demo's own folder, fresh for each run."""

import shutil
from pathlib import Path

from compliance import embedded

MARKER = ".lethe-demo"


class FolderError(RuntimeError):
    """The folder is not the demo's to empty."""


def empty_folder(folder: Path) -> None:
    """Remove what an earlier demo left in `folder`; nothing that is not a demo's is touched.

    The caller holds the supervisor's lock, so nothing runs there.
    """
    allowed = {MARKER, "run", "log", "keys", "postgres.log"}  # starting up makes these
    found = {path.name for path in folder.iterdir()}
    if not (folder / MARKER).exists() and found - allowed:
        raise FolderError(
            f"{folder} holds something that is not a demo's, and the demo starts from nothing. "
            "Set LETHE_VAR to another folder, or use `make demo`."
        )
    (folder / MARKER).touch()
    embedded.stop_if_unused(folder)
    for path in folder.iterdir():
        if path.name in {MARKER, "run", "log"}:
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
