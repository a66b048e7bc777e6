from collections.abc import Iterator

import pytest

from recmodel.evaluation.data import DataSet
from recmodel.evaluation.workshop import Priors, Workshop
from tests.recmodel import cast
from tests.recmodel.evaluation import world
from tests.recmodel.evaluation.behaviour import turned


@pytest.fixture(scope="package", autouse=True)
def _few_simulated() -> Iterator[None]:
    """Plans' own calibrators from fewer simulated people: here nothing hangs on them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("recmodel.plan_calibrator.SUBJECTS", 20)
        yield


@pytest.fixture(scope="package")
def priors() -> Priors:
    return Priors(cast.tiny_model(), cast.tiny_catalogue(), cast.CONFIG)


@pytest.fixture(scope="package")
def shop(priors) -> Workshop:
    """A workshop over the tiny base, in which somebody is put aside."""
    found = Workshop(world.data_set(), priors, 2, cast.CONFIG)
    assert 0 < len(found.judges) < 8
    return found


@pytest.fixture(scope="package")
def turned_shop(priors, shop) -> Workshop:
    """The same, but every answer to what is asked is turned round."""
    data = DataSet("turned", "drawn", cast.tiny_catalogue(), turned(shop.split))
    return Workshop(data, priors, 2, cast.CONFIG)
