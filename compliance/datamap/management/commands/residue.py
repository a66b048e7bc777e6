"""`manage.py residue < FILE`: where identifiers are left in the database."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from compliance.datamap.residue import SearchError, residue_of

FOUND, NOT_SEARCHED, FOUND_WHERE_IT_MAY_NOT_BE = 1, 2, 3


class Command(BaseCommand):
    help = (
        "Look in every column for the identifiers on standard input, one a line: in clear, "
        "encrypted, and as each keyed digest. Names them by their line. Ends with 0 if nothing is "
        "found, 1 if all that is found may be there, and 3 if something may not, or cannot be read."
    )

    def handle(self, **options: Any) -> None:
        code = max(self._report(line, each) for line, each in _identifiers())
        if code:
            sys.exit(code)

    def _report(self, line: int, identifier: str) -> int:
        """Write what is left of one identifier; return the exit code for it."""
        try:
            found, unread = residue_of(identifier)
        except SearchError as error:
            raise CommandError(str(error), returncode=NOT_SEARCHED) from None
        for each in found:
            rows = f"{each.rows:,} {'row' if each.rows == 1 else 'rows'}"
            standing = "expected" if each.verdict.expected else "NOT EXPECTED"
            self.stdout.write(
                f"line {line}: {each.table}.{each.column}: {rows}, {each.form}. "
                f"{standing}: {each.verdict.why}."
            )
        for cells in unread:
            self.stdout.write(
                f"line {line}: {cells.table}.{cells.column}: {cells.rows:,} cells cannot be read: "
                "they are encrypted with another key. Restore it, and search again."
            )
        if not found and not unread:
            self.stdout.write(f"line {line}: nothing found.")
        if unread or not all(each.verdict.expected for each in found):
            return FOUND_WHERE_IT_MAY_NOT_BE
        return FOUND if found else 0


def _identifiers() -> list[tuple[int, str]]:
    """Return the lines of standard input that say something, with their numbers."""
    try:
        lines = [(number, line.strip()) for number, line in enumerate(sys.stdin, start=1)]
    except UnicodeDecodeError:
        raise CommandError(
            "Standard input is not UTF-8. Convert it.", returncode=NOT_SEARCHED
        ) from None
    given = [(number, line) for number, line in lines if line]
    if not given:
        raise CommandError(
            "Standard input is empty. Give identifiers there, one a line; not as arguments, which "
            "other users of this machine can see.",
            returncode=NOT_SEARCHED,
        )
    for number, line in given:
        if not line.isprintable():
            raise CommandError(
                f"Line {number} holds a control character. Give one identifier a line, as UTF-8.",
                returncode=NOT_SEARCHED,
            )
    return given
