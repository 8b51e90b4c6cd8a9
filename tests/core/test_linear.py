import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.linear import decode, encode, linear_to_srgb, linear_to_srgb16, srgb_to_linear

LEVELS = np.arange(256, dtype=np.uint8)


def test_every_level_survives_the_round_trip():
    np.testing.assert_array_equal(linear_to_srgb(srgb_to_linear(LEVELS)), LEVELS)
    np.testing.assert_array_equal(np.rint(linear_to_srgb16(srgb_to_linear(LEVELS)) / 257), LEVELS)


def test_the_transfer_function_follows_the_standard():
    np.testing.assert_allclose(
        srgb_to_linear(np.array([0, 10, 128, 255], np.uint8)), [0, 0.003035, 0.215861, 1], atol=1e-6
    )
    samples = np.linspace(0, 1, 1001)
    np.testing.assert_allclose(decode(encode(samples)), samples, atol=2e-6)


@given(st.floats(-2, 3))
def test_the_table_agrees_with_the_formula_within_one_level(value):
    exact = 255 * float(encode(np.array(min(max(value, 0.0), 1.0))))
    assert abs(int(linear_to_srgb(np.array([value], np.float32))[0]) - exact) <= 0.55


def test_any_shape_is_kept_even_when_empty():
    assert srgb_to_linear(np.zeros((2, 3, 4, 3), np.uint8)).shape == (2, 3, 4, 3)
    assert linear_to_srgb(np.zeros((0, 5, 3), np.float32)).shape == (0, 5, 3)
    assert srgb_to_linear(np.zeros((0, 3), np.uint8)).shape == (0, 3)
