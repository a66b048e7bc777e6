"""Every column of the database is in the map, and the map knows no other."""

import pytest

from compliance.datamap.checking import database_columns, map_faults, model_columns
from compliance.datamap.columns import Category, Column, Table
from compliance.datamap.tables import GROUPS, TABLES


def without(table: str, column: str) -> dict[str, Table]:
    found = TABLES[table]
    rest = {name: said for name, said in found.columns.items() if name != column}
    return TABLES | {table: Table(found.name, found.about, rest)}


def with_column(table: str, column: str, said: Column) -> dict[str, Table]:
    found = TABLES[table]
    return TABLES | {table: Table(found.name, found.about, {**found.columns, column: said})}


def test_each_column_of_the_models_is_declared():
    assert map_faults(TABLES, model_columns()) == []


def test_each_column_of_the_database_is_declared(db: None):
    assert map_faults(TABLES, database_columns()) == []


def test_no_table_is_declared_twice():
    assert sum(len(group) for group in GROUPS.values()) == len(TABLES)


@pytest.mark.parametrize(
    "where", [("records_subject", "contact"), ("django_session", "session_data")]
)
def test_an_undeclared_column_is_named(db: None, where: tuple[str, str]):
    for there in (model_columns(), database_columns()):
        [fault] = map_faults(without(*where), there)
        assert fault.startswith(f"{'.'.join(where)} is not declared.")


def test_an_undeclared_table_is_named(db: None):
    rest = {name: table for name, table in TABLES.items() if name != "auth_group"}
    faults = map_faults(rest, database_columns())
    assert [fault.split()[0] for fault in faults] == ["auth_group.id", "auth_group.name"]


def test_a_declared_column_that_is_gone_is_named():
    faults = map_faults(
        with_column("auth_group", "motto", Column(Category.NONE, "motto")), model_columns()
    )
    assert faults == ["auth_group.motto is declared, but there is no such column. Take it out."]


def test_personal_data_without_a_fate_is_named():
    faults = map_faults(
        with_column("auth_group", "name", Column(Category.PERSONAL, "who")), model_columns()
    )
    assert faults == ["auth_group.name: personal data has a fate, and nothing else has one."]
