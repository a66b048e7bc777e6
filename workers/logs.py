"""Follow growing log files, across their rotation."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


class Follower:
    """Reads the complete lines that are added to files. A file may be missing, or be rotated."""

    def __init__(self, paths: dict[str, Path]) -> None:
        self._paths = paths
        self._files: dict[str, BinaryIO] = {}

    def skip_to_end(self) -> None:
        """Forget what the files hold by now."""
        for name in self._paths:
            if file := self._open(name):
                file.seek(0, os.SEEK_END)

    def lines(self) -> Iterator[tuple[str, str]]:
        """Yield (name, line) for every line that has come since the last call."""
        for name in self._paths:
            yield from ((name, line) for line in self._read(name))

    def _read(self, name: str) -> Iterator[str]:
        while file := self._open(name):
            while line := file.readline():
                if not line.endswith(b"\n"):
                    file.seek(-len(line), os.SEEK_CUR)  # it is still being written
                    break
                yield line.decode("utf-8", "replace").rstrip()
            if not self._rotated(name):
                return
            self._files.pop(name).close()

    def _open(self, name: str) -> BinaryIO | None:
        if name not in self._files and self._paths[name].exists():
            self._files[name] = self._paths[name].open("rb")
        return self._files.get(name)

    def _rotated(self, name: str) -> bool:
        try:
            now = self._paths[name].stat()
        except FileNotFoundError:
            return False
        return now.st_ino != os.fstat(self._files[name].fileno()).st_ino
