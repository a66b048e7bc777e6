import hashlib

import numpy as np
import pytest
import torch

from recmodel.digest import tensor_digest

ONE = {"a": torch.tensor([1.0, -2.0]), "b": torch.tensor([[3]])}


def test_a_known_answer():
    def field(data: bytes) -> bytes:
        return len(data).to_bytes(8, "big") + data

    raw = [b"w", b"torch.float32", b"2", np.array([1, 2], "<f4").tobytes()]
    expected = hashlib.sha256(b"".join(map(field, raw))).hexdigest()
    assert tensor_digest({"w": torch.tensor([1.0, 2.0])}) == f"sha256:{expected}"


def test_the_order_of_names_and_the_strides_are_irrelevant():
    assert tensor_digest(dict(reversed(ONE.items()))) == tensor_digest(ONE)
    square = torch.arange(6.0).reshape(2, 3)
    turned = square.T.contiguous().T
    assert tensor_digest({"x": square}) == tensor_digest({"x": turned})
    assert tensor_digest({"x": torch.arange(9.0)[3:5]}) == tensor_digest(
        {"x": torch.arange(3.0, 5)}
    )


@pytest.mark.parametrize(
    "other",
    [
        {"a": ONE["a"]},
        {"a": ONE["a"], "c": ONE["b"]},
        {"a": ONE["a"].double(), "b": ONE["b"]},
        {"a": ONE["a"].reshape(2, 1), "b": ONE["b"]},
        {"a": torch.tensor([1.0, -2.0000002]), "b": ONE["b"]},
        {"a": ONE["a"].view(torch.int32), "b": ONE["b"]},
    ],
)
def test_names_types_shapes_and_bits_all_count(other):
    assert tensor_digest(other) != tensor_digest(ONE)


def test_a_negative_zero_is_another_tensor():
    assert tensor_digest({"x": torch.tensor(0.0)}) != tensor_digest({"x": torch.tensor(-0.0)})


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.bool, torch.float64, torch.int8])
def test_every_width_has_a_digest(dtype):
    assert tensor_digest({"x": torch.ones(3, dtype=dtype)}).startswith("sha256:")
