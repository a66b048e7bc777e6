"""The tiny pipeline, and an empty database for each test or example."""

import logging
from collections.abc import Iterator

import pytest
from django.db import connections

from recmodel.determinism import configure
from tests.conftest import empty_database
from tests.exactness.world import Emptier, tiny_pipeline


@pytest.fixture(scope="module")
def emptier(
    django_db_setup: None, django_db_blocker: object, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Emptier]:
    """A tiny base in place of the shipped one, and real commits."""
    configure(1)
    logging.getLogger("workers").setLevel(logging.CRITICAL)  # dying and losing leases is the rule
    emptier = Emptier()
    with (
        tiny_pipeline(tmp_path_factory.mktemp("base")),
        django_db_blocker.unblock(),  # type: ignore[attr-defined]
    ):
        emptier.empty()
        yield emptier
        emptier.close()
        connections.close_all()
    empty_database()


@pytest.fixture
def world(emptier: Emptier) -> Iterator[None]:
    """An empty world for one test."""
    yield
    emptier.empty()
