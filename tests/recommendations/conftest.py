import pytest

from compliance.provenance.models import Plan
from compliance.recommendations import engine
from tests.recommendations.world import make_release


@pytest.fixture
def plan(db: None) -> Plan:
    """The plan of a small live release."""
    engine._current = None
    return make_release()
