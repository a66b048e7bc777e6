import json
import subprocess
import sys

import pytest
from torch import Tensor

from recmodel.base import ItemTokenModel
from recmodel.catalogue import Catalogue
from recmodel.determinism import configure
from recmodel.training import TrainingConfig
from tests.recmodel import cast


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    configure(1)


@pytest.fixture(scope="session")
def model() -> ItemTokenModel:
    return cast.tiny_model()


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return cast.tiny_catalogue()


@pytest.fixture
def config() -> TrainingConfig:
    return cast.CONFIG


@pytest.fixture
def base_weights(model: ItemTokenModel) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


@pytest.fixture(scope="session")
def other_process() -> dict[str, str]:
    """What a process of its own, with another state of the global generator, comes to."""
    command = [sys.executable, "-m", "tests.recmodel.other_process"]
    out = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(out.stdout)
