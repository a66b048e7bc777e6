"""The words of the map: what a column can hold, whose it is, and how it goes."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Category(StrEnum):
    """What a column holds of people."""

    PERSONAL = "personal"  # readable by whoever reads the database
    SEALED = "sealed"  # encrypted; the key is outside the database
    KEYED = "keyed"  # a keyed digest or commitment; nothing without the key
    NONE = "none"


class Whose(StrEnum):
    """The categories of people."""

    SUBJECT = "people whose records are held"
    STAFF = "staff"
    PARTNER = "recipients and other systems"


class Erased(StrEnum):
    """What makes it go."""

    APPROVAL = "with the approval of an erasure"
    END = "when the request ends"
    DELIVERY = "on delivery; a dead letter by retention"
    DONE = "when it has been done; what was never started by retention"
    RETENTION = "by retention"
    ADMIN = "by an administrator"
    NEVER = "never"


@dataclass(frozen=True)
class Fate:
    """When something goes and how long it is kept. For what never goes `kept` says why."""

    erased: Erased
    kept: str


@dataclass(frozen=True)
class Column:
    """What stands in one column. `fate` is None where nothing is personal."""

    category: Category
    holds: str
    fate: Fate | None = None
    whose: Whose = Whose.SUBJECT


@dataclass(frozen=True)
class Table:
    """One table of the database, column by column."""

    name: str
    about: str
    columns: Mapping[str, Column]


def personal(holds: str, fate: Fate, whose: Whose = Whose.SUBJECT) -> Column:
    return Column(Category.PERSONAL, holds, fate, whose)


def sealed(holds: str, fate: Fate, whose: Whose = Whose.SUBJECT) -> Column:
    return Column(Category.SEALED, holds, fate, whose)


def keyed(holds: str, fate: Fate, whose: Whose = Whose.SUBJECT) -> Column:
    return Column(Category.KEYED, holds, fate, whose)


def none(holds: str) -> Column:
    return Column(Category.NONE, holds)
