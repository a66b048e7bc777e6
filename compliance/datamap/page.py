"""The map as a page of the documentation, for whoever answers for the data."""

from collections.abc import Iterable

from compliance.datamap.columns import Column, Table, Whose
from compliance.datamap.tables import GROUPS

HEAD = """\
# Where personal data stands

Made by `manage.py data_map` from `compliance/datamap/tables/`. A test compares it with the
database: a column that is not here fails the build.

- **personal**: readable by whoever reads the database. Row numbers of people count as such.
- **sealed**: encrypted under `identity.key`, which no dump of the database holds.
- **keyed**: a keyed digest or commitment. It says nothing without the key; with it a guess can be
  tested.
- **none**: nothing of a person.

Whose it is stands beside what is not of people whose records are held.

    .venv/bin/python manage.py residue < FILE       # where identifiers, one a line, are left
    .venv/bin/python manage.py retention --dry-run  # what is past its time; cleared daily
    .venv/bin/python manage.py processing_record    # extract for the Art. 30 record

`residue` looks in every column for the identifier in clear, decrypts what is sealed, and computes
each keyed digest that the code makes of an identifier. It ends with 0 if nothing is found, 1 if
all that is found may be there (an open request, the suppression entry after an erasure), 3 if
something may not or cannot be read, 2 if it could not search. It finds digests made of an
identifier alone; those made of more, such as a record's, stand in rows that it finds by another
column, or say nothing of whom they are about (previews, removed records, digests of whole calls).
An identifier shorter than 6 characters is looked for as a whole word, since numbers hold it by
chance.

`retention` clears words and removes rows; it touches no event, no certificate and no other
evidence. Where a table is evidence, triggers in Postgres let these columns be cleared, no more.

"""
OUTSIDE = """\
## Outside the database

| where | what | how it goes |
|---|---|---|
| `LETHE_ARTEFACTS` | weights that learned | out of service at approval, then destroyed |
| `LETHE_KEYS` | keys; nothing of a person | never: see `secure.md` |
| rejects files of imports, mode 0600 | lines that could not be read | by whoever ran the import |
| exported adapters | weights | by the operator; `manage.py doctor` says which have to go |
| exported case files and reports | what they say | by whoever took them along: that is noted |
| the broker | names of queues | on receipt |
| logs | numbers and digests, no identifiers | by your log rotation |
| back-ups of the database | all of the above | by your plan; see `recover.md` for a restore |
"""


def map_page() -> str:
    """Return the whole page, in Markdown."""
    parts = [HEAD]
    for group, tables in GROUPS.items():
        parts += [f"## {group}\n", *map(_table, tables)]
    return "\n".join([*parts, OUTSIDE])


def _table(table: Table) -> str:
    head = [f"### {table.name}\n", f"{table.about}\n", "| column | | holds | goes | kept |"]
    rows = (_row(name, said) for name, said in table.columns.items())
    return "\n".join([*head, "|---|---|---|---|---|", *rows]) + "\n"


def _row(name: str, said: Column) -> str:
    return _line([f"`{name}`", said.category.value, _holds(said), *_fate(said)])


def _holds(said: Column) -> str:
    whose = "" if said.fate is None or said.whose is Whose.SUBJECT else f" ({said.whose})"
    return f"{said.holds}{whose}"


def _fate(said: Column) -> list[str]:
    return [said.fate.erased.value, said.fate.kept] if said.fate else ["", ""]


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
