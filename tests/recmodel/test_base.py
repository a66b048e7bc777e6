import json

import pytest
import torch

from recmodel.base import SHIPPED, BaseConfig, BrokenBaseError, ItemTokenModel, load_base
from recmodel.encoder import WHEEL_DIGEST
from recmodel.tree import TREE
from tests.recmodel import cast


def test_the_shipped_base_is_frozen_and_fits_the_encoder_in_the_wheel():
    base = load_base()
    assert base.config.encoder == WHEEL_DIGEST
    assert not base.training
    assert not any(parameter.requires_grad for parameter in base.parameters())


def test_the_card_names_the_digest_of_what_is_shipped():
    assert load_base().digest in (SHIPPED / "README.md").read_text()


def test_saving_and_loading_keeps_the_digest(tmp_path, model):
    model.save(tmp_path)
    assert load_base(tmp_path).digest == model.digest


def test_the_digest_sees_weights_and_configuration():
    one = cast.tiny_model()
    with torch.no_grad():
        one.project.bias[0] += 1e-6
    assert one.digest != cast.tiny_model().digest
    two = cast.tiny_model()
    two.config = BaseConfig("other", 24, 32, 2, 2, 48)
    assert two.digest != cast.tiny_model().digest


def test_a_configuration_with_unknown_fields_is_refused(tmp_path, model):
    model.save(tmp_path)
    path = tmp_path / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"depth": 3}))
    with pytest.raises(BrokenBaseError, match="missing or unknown fields: depth"):
        load_base(tmp_path)


def test_the_transformer_is_a_plain_llama_with_our_attention():
    config = ItemTokenModel(BaseConfig("none")).lm.config
    assert config.model_type == "llama"
    assert config._attn_implementation == TREE
