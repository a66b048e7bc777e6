"""The lines of a text file, whatever is in it. A line ends at a line feed, quoted or not. Pure."""

import codecs
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from compliance.records.importing.rows import SourceError

LONGEST_LINE = 64 * 1024
_CHUNK = 1024 * 1024


@dataclass(frozen=True)
class DataFile:
    """A readable file and its number of lines, give or take an empty last one."""

    path: Path
    lines: int

    @property
    def name(self) -> str:
        return self.path.name


@dataclass(frozen=True)
class TextFile(DataFile):
    """A file of text, its encoding, and whether that was guessed because it is not UTF-8."""

    encoding: str
    guessed: bool = False


def inspect(path: Path, encoding: str | None = None) -> TextFile:
    """Count the lines, and learn the encoding: Latin-1 where it is not UTF-8 throughout."""
    check_file(path)
    with _opened(path) as file:
        chunks = iter(partial(file.read, _CHUNK), b"")
        first = next(chunks, b"")
        if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise SourceError(f"{path} is UTF-16. Save it as UTF-8.")
        found = _inspect(path, first, chunks)
    return found if encoding is None else TextFile(path, found.lines, encoding)


def check_file(path: Path) -> None:
    """Raise `SourceError` unless there is a regular file."""
    if not path.exists():
        raise SourceError(f"{path} does not exist. Check the path.")
    if not path.is_file():
        raise SourceError(f"{path} is not a regular file. Give one that can be read twice.")


def raw_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield number and bytes of each line that is not empty, without line end or byte-order mark.

    Of a line that is longer than `LONGEST_LINE` no more than `LONGEST_LINE` + 1 bytes come.
    """
    with _opened(path) as file:
        for number, line in enumerate(iter(partial(_next_line, file), b""), start=1):
            mark = codecs.BOM_UTF8 if number == 1 else b""
            if bare := line.removeprefix(mark).rstrip(b"\r\n"):
                yield number, bare


def _inspect(path: Path, first: bytes, others: Iterator[bytes]) -> TextFile:
    decoder = codecs.getincrementaldecoder("utf-8")()
    lines, is_utf8 = 1 + first.count(b"\n"), _decodes(decoder, first)
    for chunk in others:
        lines += chunk.count(b"\n")
        is_utf8 = is_utf8 and _decodes(decoder, chunk)
    is_utf8 = is_utf8 and _decodes(decoder, b"", final=True)
    return TextFile(path, lines, "utf-8" if is_utf8 else "latin-1", guessed=not is_utf8)


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return False
    return True


def _next_line(file: BinaryIO) -> bytes:
    line = file.readline(LONGEST_LINE + 1)
    rest = line
    while len(rest) > LONGEST_LINE and not rest.endswith(b"\n"):
        rest = file.readline(LONGEST_LINE + 1)
    return line


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        remedy = "Check who may read it."
        raise SourceError(f"{path} cannot be read: {error.strerror}. {remedy}") from None
