"""What every test can use."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.utils import translation

from compliance import keyring
from compliance.evidence import keys
from tests import environment

RESTART = """
SELECT setval(format('%%I', sequencename)::regclass, 1, false) FROM pg_sequences
WHERE schemaname = 'public' AND last_value IS NOT NULL AND NOT sequencename LIKE ANY(%s)
"""
# Rows that migrations put there; all other tables are emptied after a test that commits.
KEPT = ("django_migrations", "django_content_type", "auth_permission", "auth_group%")


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: object) -> Iterator[None]:
    """Migrate this session's database as the owner's role, and make its keys."""
    for key in keyring.Key:
        keyring.create(key)
    keys.generate(Path(settings.KEYS_DIR))
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        call_command("migrate", verbosity=0)
    connections.close_all()
    yield
    connections.close_all()
    environment.drop_database()


@pytest.fixture(autouse=True)
def _language_of_its_own() -> Iterator[None]:
    """Let no test speak the language of a page that one before it has called."""
    yield
    translation.deactivate()


@pytest.fixture
def committed_db(django_db_setup: None, django_db_blocker: object) -> Iterator[None]:
    """A database in which commits are real, for tests with several connections or processes."""
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        yield
        connections.close_all()
    empty_database()


def empty_database() -> None:
    """Remove all rows but those of migrations. The superuser passes by the guards' triggers."""
    with environment.server.superuser() as connection:
        rows = connection.execute(
            "SELECT format('%%I', tablename) FROM pg_tables WHERE schemaname = 'public'"
            " AND NOT tablename LIKE ANY(%s)",
            [list(KEPT)],
        ).fetchall()
        tables = [row[0] for row in rows]
        filled = " UNION ALL ".join(
            f"SELECT '{one}' FROM (SELECT FROM {one} LIMIT 1) AS t" for one in tables
        )
        connection.execute("SET session_replication_role = replica")
        with connection.transaction():
            # Whatever a killed process still does in the server ends first.
            connection.execute(f"LOCK TABLE {', '.join(tables)}")
            # Most are empty, and to truncate one makes new files for it and each of its indexes.
            for (table,) in connection.execute(filled).fetchall():
                connection.execute(f"DELETE FROM {table}")
            connection.execute(RESTART, [[f"{one}_%" for one in KEPT]])
        # Row numbers begin anew: other items may have the same.
        loading = sys.modules.get("compliance.recommendations.loading")
        if loading:
            loading._catalogue.cache_clear()
        connection.execute("INSERT INTO provenance_serving (id, epoch) VALUES (1, 0)")
