"""Which adapters a sample trusts, and what must not sway it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recmodel.attention import ERROR_STEP, Attention, Evidence, nearest, omega, prompt_errors

V, K, D = 12, 3, 5


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def make_evidence(seed: int = 1) -> Evidence:
    rng = np.random.default_rng(seed)
    return Evidence(
        ids=tuple(bytes([n]) * 4 for n in range(V)),
        subjects=tuple("abcdef"[n // 2] for n in range(V)),
        tastes=unit(rng.standard_normal((V, D))),
        errors=rng.integers(0, 2000, (K, V)).astype(np.int32),
    )


def kept(evidence: Evidence, places: list[int]) -> Evidence:
    return Evidence(
        tuple(evidence.ids[at] for at in places),
        tuple(evidence.subjects[at] for at in places),
        evidence.tastes[places],
        evidence.errors[:, places],
    )


EVIDENCE = make_evidence()
TASTE = unit(np.random.default_rng(2).standard_normal(D))


def test_omega_is_the_softmax_of_the_neighbours_mean_error():
    near = np.argsort(-(EVIDENCE.tastes @ TASTE))[:4]
    mean = EVIDENCE.errors[:, near].mean(axis=1) * ERROR_STEP
    expected = np.exp(-7 * mean) / np.exp(-7 * mean).sum()
    found = omega(Attention("attention", 4, 7.0), TASTE, EVIDENCE)
    assert found.dtype == np.float32
    assert found == pytest.approx(expected, abs=1e-7)


def test_without_sharpness_all_weigh_alike():
    found = omega(Attention("attention", 4, 0.0), TASTE, EVIDENCE)
    assert found.tolist() == [np.float32(1 / 3)] * 3


def test_major_takes_the_adapter_that_errs_least():
    found = omega(Attention("major", 4, 7.0), TASTE, EVIDENCE)
    soft = omega(Attention("attention", 4, 7.0), TASTE, EVIDENCE)
    assert found.tolist() == np.eye(3)[soft.argmax()].tolist()


def test_average_does_not_look():
    found = omega(Attention("average"), TASTE, EVIDENCE)
    assert found.tolist() == [np.float32(1 / 3)] * 3


def test_centroid_goes_by_nearness():
    centroids = unit(np.array([TASTE, -TASTE, np.roll(TASTE, 1)]))
    found = omega(Attention("centroid", 4, 3.0), TASTE, EVIDENCE, centroids)
    assert found.argmax() == 0
    assert found.argmin() == 1
    with pytest.raises(ValueError, match="no centroids"):
        omega(Attention("centroid"), TASTE, EVIDENCE)


def test_without_evidence_all_weigh_alike():
    assert omega(Attention(), TASTE, kept(EVIDENCE, [])).tolist() == [np.float32(1 / 3)] * 3


def test_without_adapters_there_are_no_weights():
    nobody = Evidence(EVIDENCE.ids, EVIDENCE.subjects, EVIDENCE.tastes, EVIDENCE.errors[:0])
    assert omega(Attention(), TASTE, nobody).shape == (0,)


def test_the_last_bits_of_a_similarity_decide_nothing():
    """Broken by sums whose order depends on the machine's blocks, compared as they are."""
    tastes = np.array([TASTE * (1 - 1e-12 * (V - n)) for n in range(V)])
    evidence = Evidence(EVIDENCE.ids, EVIDENCE.subjects, tastes, EVIDENCE.errors)
    assert nearest(TASTE, evidence, V) == list(range(V))


def test_ties_go_by_content():
    """Broken by a sort that keeps the order of rows: row order is arrival."""
    same = np.tile(TASTE, (V, 1))
    there = Evidence(EVIDENCE.ids, EVIDENCE.subjects, same, EVIDENCE.errors)
    places = list(range(V))[::-1]
    back = kept(there, places)
    assert {there.ids[at] for at in nearest(TASTE, there, 3)} == {
        back.ids[at] for at in nearest(TASTE, back, 3)
    }


@given(gone=st.sets(st.integers(0, V - 1)), seed=st.integers(0, 9))
def test_prompts_that_are_not_asked_do_not_matter(gone: set[int], seed: int):
    """Broken by BLAS, whose last bits depend on how many rows there are."""
    evidence = make_evidence(seed)
    near = nearest(TASTE, evidence, 4)
    rest = [at for at in range(V) if at not in gone or at in near]
    attention = Attention("attention", 4, 1000.0)
    assert (
        omega(attention, TASTE, kept(evidence, rest)).tobytes()
        == omega(attention, TASTE, evidence).tobytes()
    )


def test_nobody_is_judged_by_prompts_of_its_own():
    own = EVIDENCE.without("c")
    assert "c" not in own.subjects
    assert own.ids == tuple(
        key for key, who in zip(EVIDENCE.ids, EVIDENCE.subjects, strict=True) if who != "c"
    )
    assert own.errors.shape == (K, V - 2)


def test_an_error_is_the_mean_distance_of_the_probability():
    logits = [np.array([0.0, 3.0], np.float32), np.array([-3.0], np.float32)]
    liked = [np.array([True, True]), np.array([True])]
    p = 1 / (1 + np.exp(-3.0))
    expected = [(0.5 + 1 - p) / 2 / ERROR_STEP, p / ERROR_STEP]
    assert prompt_errors(logits, liked).tolist() == [round(value) for value in expected]


def test_errors_are_on_a_grid():
    """Broken by raw errors: with tau = 1000 the last bits of a logit would show in omega."""
    liked = [np.array([True])]
    one, other = (prompt_errors([np.array([x], np.float32)], liked) for x in (1.0, 1.0 + 2**-20))
    assert one.tolist() == other.tolist()
    assert one.dtype == np.int32


@pytest.mark.parametrize(
    ("field", "value"),
    [("strategy", "best"), ("neighbours", 0), ("neighbours", 2.5), ("tau", -1.0), ("tau", "30")],
)
def test_a_wrong_field_is_named(field: str, value: object):
    with pytest.raises(ValueError, match=field):
        Attention(**{field: value})
