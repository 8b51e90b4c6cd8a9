"""Vectors in kernels, compared with numpy."""

import numba
import numpy as np

from pipeline.splatting.lanes import (
    LANES,
    bits,
    broadcast,
    empty_aligned,
    exp,
    lane_sums,
    load,
    log,
    lowest_bit,
    maximum,
    minimum,
    prefetch,
    select,
    sqrt,
    store,
)

ZERO, SECOND = np.uint64(0), np.uint64(LANES)


@numba.njit
def arithmetic(a, cut, out):
    prefetch(a, ZERO)
    x, y = load(a, ZERO), load(a, SECOND)
    total = broadcast(np.float32(1.0))
    total += select(x <= cut, x * cut - y, x / (y + np.float32(4.0)))
    store(out, ZERO, maximum(minimum(total, y), cut))
    return bits(x <= cut)


@numba.njit
def all_sums(a, out):
    x, y = load(a, ZERO), load(a, SECOND)
    store(out, ZERO, lane_sums((x, y, x * y)))


def numbers():
    return np.random.default_rng(0).normal(size=2 * LANES).astype(np.float32)


def test_arithmetic_selection_and_bits_equal_numpy():
    a, cut, out = numbers(), np.float32(0.3), np.zeros(LANES, np.float32)
    x, y = a.reshape(2, LANES)
    below = int(arithmetic(a, cut, out))
    total = 1 + np.where(x <= cut, x * cut - y, x / (y + 4))
    np.testing.assert_allclose(out, np.maximum(np.minimum(total, y), cut), rtol=1e-6)
    assert below == sum(1 << k for k in range(LANES) if x[k] <= cut)


def test_lane_sums_are_in_the_order_of_their_vectors():
    a, out = numbers(), np.ones(LANES, np.float32)
    all_sums(a, out)
    x, y = a.reshape(2, LANES).astype(np.float64)
    np.testing.assert_allclose(out[:3], [x.sum(), y.sum(), (x * y).sum()], rtol=1e-5)
    assert not out[3:].any()


def test_lowest_bit_of_every_single_bit():
    find = numba.njit(lambda number: lowest_bit(number))  # noqa: PLW0108  (an intrinsic cannot be compiled itself)
    for k in range(64):
        assert find(np.uint64(1 << k)) == k
        assert find(np.uint64((1 << 63) | (1 << k))) == k


@numba.njit
def size_and_address(size):
    floats = empty_aligned(size)
    return floats.size, floats.ctypes.data


def test_aligned_array_starts_at_a_cache_line():
    for size in (1, 16, 1000):
        length, address = size_and_address(size)
        assert length == size
        assert address % 64 == 0


@numba.njit
def functions(a, out):
    x = load(a, ZERO)
    store(out, ZERO, exp(x))
    store(out, SECOND, log(exp(x)) + sqrt(x * x))


def test_exponential_logarithm_and_root_equal_numpy():
    for scale in (1e-3, 1.0, 20.0):
        a, out = numbers() * np.float32(scale), np.zeros(2 * LANES, np.float32)
        functions(a, out)
        x = a[:LANES].astype(np.float64)
        np.testing.assert_allclose(out[:LANES], np.exp(x), rtol=4e-6)  # x / log 2 itself is rounded
        np.testing.assert_allclose(out[LANES:], x + np.abs(x), rtol=1e-6, atol=1e-6 * max(1.0, scale))


def test_exponential_beyond_float32_stays_finite():
    a, out = np.full(LANES, 500.0, np.float32), np.zeros(2 * LANES, np.float32)
    a[1] = -500.0
    functions(a, out)
    assert np.isfinite(out[:LANES]).all()
    assert 0 < out[1] < 1e-37
