import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.catalog.nearest import likenesses, nearest


def unit(generator, rows, dimensions=8):
    values = generator.normal(size=(rows, dimensions)).astype(np.float32)
    return values / np.linalg.norm(values, axis=1, keepdims=True)


def plain_nearest(vectors, query, count):
    """The twin: every cosine by itself, sorted."""
    cosines = [(-sum(float(a) * float(b) for a, b in zip(row, query, strict=True)), i) for i, row in enumerate(vectors)]
    return sorted(cosines)[:count]


def plain_likeness(own, other):
    pairs = ((own, other), (other, own))
    return max(np.mean([max(float(a @ b) for b in theirs) for a in ours]) for ours, theirs in pairs)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), rows=st.integers(0, 40), count=st.integers(1, 50))
def test_search_finds_what_the_plain_twin_finds(seed, rows, count):
    generator = np.random.default_rng(seed)
    vectors, query = unit(generator, rows), unit(generator, 1)[0]
    found, cosines = nearest(vectors, query, count)
    expected = plain_nearest(vectors, query, count)
    assert found.tolist() == [row for _, row in expected]
    assert np.allclose(cosines, [-minus for minus, _ in expected], atol=1e-6)


def test_equal_vectors_are_found_in_their_order():
    vectors = np.tile(np.array([[1, 0], [0, 1]], np.float32), (3, 1))
    found, cosines = nearest(vectors, np.array([1, 0], np.float32), 2)
    assert found.tolist() == [0, 2]
    assert cosines.tolist() == [1, 1]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), own=st.integers(1, 6), sizes=st.lists(st.integers(1, 6), min_size=1, max_size=6))
def test_likeness_of_shoots_is_that_of_the_plain_twin(seed, own, sizes):
    generator = np.random.default_rng(seed)
    mine, shoots = unit(generator, own), [unit(generator, size) for size in sizes]
    starts = np.cumsum([0, *sizes[:-1]])
    found = likenesses(mine, np.concatenate(shoots), starts)
    assert np.allclose(found, [plain_likeness(mine, shoot) for shoot in shoots], atol=1e-6)


def test_shoot_of_one_side_is_found_in_a_shoot_of_all_sides():
    sides = np.eye(4, dtype=np.float32)
    assert likenesses(sides[:1], sides, [0]) == pytest.approx([1])
    assert likenesses(sides, sides[:1], [0]) == pytest.approx([1])


def test_nothing_is_like_nothing():
    empty = np.zeros((0, 0), np.float32)
    assert likenesses(np.eye(2, dtype=np.float32), empty, []).shape == (0,)
    assert likenesses(empty, np.eye(2, dtype=np.float32), [0]).tolist() == [0]
