import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.posing.sfm import matching
from pipeline.posing.sfm.matching import mutual_matches


def descriptors(count, seed):
    """Root descriptors as SIFT's: non-negative whole numbers, 512 long."""
    values = np.random.default_rng(seed).gamma(0.4, size=(count, 128))
    return np.round(512 * np.sqrt(values / values.sum(axis=1, keepdims=True))).clip(0, 255).astype(np.float32)


def noisy(of, seed, amount=4.0):
    return (of + np.random.default_rng(seed).normal(0, amount, of.shape)).round().clip(0, 255).astype(np.float32)


def by_hand(first, second):
    """The same rules, one pair at a time."""
    angles = np.arccos(np.clip(first.astype(float) @ second.T.astype(float) / 512**2, -1, 1))
    found = []
    for i, row in enumerate(angles):
        j = int(row.argmin())
        column = angles[:, j]
        if column.argmin() == i and row[j] <= matching.MAX_ANGLE:
            others = (np.delete(row, j).min(), np.delete(column, i).min())
            if all(row[j] < matching.MAX_RATIO * other for other in others):
                found.append((i, j))
    return found


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 600), st.integers(2, 300), st.integers(0, 99), st.floats(1.0, 30.0))
def test_matches_are_those_of_the_rules(count, others, seed, amount):
    first = descriptors(count, seed)
    second = np.concatenate([noisy(first[::2], seed + 1, amount), descriptors(others, seed + 2)])
    assert [tuple(pair) for pair in mutual_matches(first, second)] == by_hand(first, second)


def test_a_pattern_that_repeats_is_not_matched():
    first = descriptors(50, 0)
    second = np.concatenate([first, first[:10]])
    assert mutual_matches(first, second)[:, 0].tolist() == list(range(10, 50))


def test_photos_without_features_have_no_matches():
    assert mutual_matches(descriptors(0, 0).reshape(0, 128), descriptors(9, 1)).shape == (0, 2)
    assert mutual_matches(descriptors(1, 0), descriptors(9, 1)).shape == (0, 2)
