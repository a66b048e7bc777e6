"""The options that say which columns hold what, and how a text file is written."""

import codecs
from argparse import ArgumentTypeError
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from compliance.records.importing.columns import PLAIN_COLUMNS, Columns, Scale
from compliance.records.importing.fields import ATTRIBUTE_LENGTH, moment, text
from compliance.records.importing.rows import FaultError
from compliance.records.importing.tables import PLAIN, Dialect

# Beyond it Decimal's own range ends somewhere, and nobody rates there.
MOST_RATING = 10**9
_ASCII = bytes(range(128))
_NAMED = {
    "id": ("of items' identifiers, in ITEMS", PLAIN_COLUMNS.id),
    "title": ("of their titles", PLAIN_COLUMNS.title),
    "subject": ("of subjects' identifiers, in INTERACTIONS", PLAIN_COLUMNS.subject),
    "item": ("of items' identifiers there", PLAIN_COLUMNS.item),
    "rating": ("of ratings", PLAIN_COLUMNS.rating),
    "at": ("of times", PLAIN_COLUMNS.at),
}


def add_files(parser: CommandParser) -> None:
    """Add the two files and the options that name their columns."""
    parser.add_argument("items", type=Path, metavar="ITEMS", help="the catalogue")
    parser.add_argument("interactions", type=Path, metavar="INTERACTIONS", help="who rated what")
    for name, (of_what, default) in _NAMED.items():
        parser.add_argument(
            f"--{name}",
            default=default,
            metavar="COLUMN",
            help=f"name of the column {of_what} (default: %(default)s)",
        )
    parser.add_argument(
        "--attribute",
        type=_attribute,
        action="append",
        metavar="NAME=COLUMN",
        help="an attribute of items and its column; may be given several times (default: every "
        "column of ITEMS that is neither identifier nor title)",
    )
    parser.add_argument(
        "--scale",
        type=_scale,
        default=Scale(),
        metavar="LEAST:MOST",
        help="what ratings can be; outside of 0:10 they are mapped onto it (default: 0:10)",
    )
    parser.add_argument(
        "--no-times",
        type=_moment,
        metavar="MOMENT",
        help="there is no column of times: date every record MOMENT, and know no order among them",
    )


def add_dialect(parser: CommandParser) -> None:
    """Add the options that say how a text file is written."""
    parser.add_argument(
        "--delimiter",
        type=_delimiter,
        default=PLAIN.delimiter,
        metavar="C",
        help="the character between values, or \\t for a tab (default: %(default)s)",
    )
    parser.add_argument(
        "--escape",
        type=_character,
        default=PLAIN.escape,
        metavar="C",
        help="the character that makes a quote after it plain text, such as \\ (default: none)",
    )
    parser.add_argument(
        "--encoding",
        type=_encoding,
        metavar="NAME",
        help="(default: UTF-8, or Latin-1 for a file that is not UTF-8 throughout)",
    )


def columns_of(options: Mapping[str, Any]) -> Columns:
    """Return the columns that the options name."""
    attributes: Sequence[tuple[str, str]] | None = options["attribute"]
    if attributes is not None and len(dict(attributes)) != len(attributes):
        raise CommandError("--attribute names one attribute twice. Give each of them once.")
    _check_apart(options, ("id", "title"))
    dated = () if options["no_times"] else ("at",)
    _check_apart(options, ("subject", "item", "rating", *dated))
    return Columns(
        **{name: options[name] for name in _NAMED},
        attributes=None if attributes is None else dict(attributes),
        undated=options["no_times"],
        scale=options["scale"],
    )


def _check_apart(options: Mapping[str, Any], names: Sequence[str]) -> None:
    """Refuse one column for two things: identifiers of people would be taken for something else."""
    first: dict[str, str] = {}
    for name in names:
        other = first.setdefault(options[name], name)
        if other != name:
            raise CommandError(
                f"--{other} and --{name} are both the column {options[name]!r}. Give each its own."
            )


def dialect_of(options: Mapping[str, Any]) -> Dialect:
    """Return what the options say of how a text file is written."""
    if options["delimiter"] == options["escape"]:
        raise CommandError("--delimiter and --escape are the same character. Give two.")
    return Dialect(**{name: options[name] for name in ("delimiter", "escape", "encoding")})


def _attribute(value: str) -> tuple[str, str]:
    name, _, column = value.partition("=")
    try:
        name = text("name", name, ATTRIBUTE_LENGTH)
    except FaultError:
        name = ""
    if not name or not column:
        raise ArgumentTypeError(f"{value!r} is not NAME=COLUMN, such as author=Book-Author")
    return name, column


def _scale(value: str) -> Scale:
    least, _, most = value.partition(":")
    try:
        scale = Scale(Decimal(least), Decimal(most))
        fits = -MOST_RATING <= scale.least < scale.most <= MOST_RATING
    except InvalidOperation:  # nan is in no order either
        fits = False
    if not fits:
        raise ArgumentTypeError(f"{value!r} is not LEAST:MOST, such as 1:5")
    return scale


def _moment(value: str) -> datetime:
    try:
        return moment(value, timezone.now())
    except FaultError as fault:
        raise ArgumentTypeError(f"{value!r}: {fault.reason}") from None


def _delimiter(value: str) -> str:
    return _character("\t" if value == "\\t" else value)


def _character(value: str) -> str:
    if len(value) != 1 or value in '"\r\n' or not value.isascii():
        raise ArgumentTypeError(f"{value!r} is not one ASCII character other than a quote")
    return value


def _encoding(value: str) -> str:
    """Return an encoding in which a byte below 128 is what it is in ASCII: lines end by bytes."""
    try:
        codecs.lookup(value)
        same = _ASCII.decode(value) == _ASCII.decode("ascii")
        b"\xff".decode(value, "replace")  # what a header is read by; not every codec can
    except (LookupError, UnicodeError, ValueError):
        same = False
    if not same:
        raise ArgumentTypeError(f"{value!r} is no encoding that extends ASCII, such as cp1252")
    return value
