"""Whether the map and the database name the same columns."""

from collections.abc import Iterator, Mapping

from django.apps import apps
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Model

from compliance.datamap.columns import Category, Table

Columns = Mapping[str, set[str]]  # of each table

ALL_COLUMNS = """
    SELECT table_name, column_name FROM information_schema.columns
    JOIN information_schema.tables USING (table_schema, table_name)
    WHERE table_type = 'BASE TABLE'
      AND table_schema NOT IN ('pg_catalog', 'information_schema') AND table_schema !~ '^pg_'
"""


def model_columns() -> Columns:
    """Return the columns of all models, and of the table in which Django notes migrations."""
    models: list[type[Model]] = [
        *apps.get_models(include_auto_created=True),
        MigrationRecorder.Migration,
    ]
    return {
        model._meta.db_table: {field.column for field in model._meta.local_fields if field.column}
        for model in models
        if not model._meta.proxy
    }


def database_columns() -> Columns:
    """Return the columns of all tables that are really there."""
    found: dict[str, set[str]] = {}
    with connection.cursor() as cursor:
        cursor.execute(ALL_COLUMNS)
        for table, column in cursor.fetchall():
            found.setdefault(table, set()).add(column)
    return found


def map_faults(tables: Mapping[str, Table], there: Columns) -> list[str]:
    """Return what is wrong with the map beside the columns that are there; empty if nothing is."""
    return sorted([*_undeclared(tables, there), *_gone(tables, there), *_unsaid(tables)])


def _undeclared(tables: Mapping[str, Table], there: Columns) -> Iterator[str]:
    for table, columns in there.items():
        declared = tables[table].columns if table in tables else {}
        for column in columns - set(declared):
            yield f"{table}.{column} is not declared. Say in compliance/datamap what it holds."


def _gone(tables: Mapping[str, Table], there: Columns) -> Iterator[str]:
    for name, table in tables.items():
        for column in set(table.columns) - there.get(name, set()):
            yield f"{name}.{column} is declared, but there is no such column. Take it out."


def _unsaid(tables: Mapping[str, Table]) -> Iterator[str]:
    for name, table in tables.items():
        for column, said in table.columns.items():
            if (said.category is Category.NONE) != (said.fate is None):
                yield f"{name}.{column}: personal data has a fate, and nothing else has one."
