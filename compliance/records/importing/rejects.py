"""The file that says which lines were not taken, and why. It holds personal data."""

import csv
import os
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from compliance.records.importing.rows import Reject, SourceError
from compliance.spreadsheets import harmless


class RejectsFile:
    """Collects rejects in `path`, for its owner's eyes alone.

    What stood there before is replaced when the block ends well, and stays when it does not.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.reasons: Counter[str] = Counter()
        self._draft = path.with_name(f".{path.name}.draft")
        self._file: IO[str]
        self._rows: Any

    def add(self, reject: Reject) -> None:
        """Write one reject."""
        cells = (harmless(cell) if isinstance(cell, str) else cell for cell in reject)
        self._rows.writerow(cells)
        self.reasons[reject.reason] += 1

    def __enter__(self) -> "RejectsFile":
        if self.path.is_dir():
            raise SourceError(f"The rejects file {self.path} is a folder. Name a file in it.")
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._draft.unlink(missing_ok=True)
            handle = os.open(self._draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise SourceError(
                f"The rejects file {self.path} cannot be written: {error.strerror}. "
                "Name another with --rejects."
            ) from None
        self._file = os.fdopen(handle, "w", encoding="utf-8", newline="")
        self._rows = csv.writer(self._file)
        self._rows.writerow(Reject._fields)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
        if kind is None:
            self._draft.replace(self.path)
        else:
            self._draft.unlink()
