import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from pipeline.imaging.checks.evidence import in_any_channel

SHAPES = st.tuples(st.integers(0, 9), st.integers(0, 9), st.just(3))


@given(arrays.arrays(np.bool_, SHAPES))
def test_in_any_channel_agrees_with_numpy_for_every_shape(tested) -> None:
    np.testing.assert_array_equal(in_any_channel(tested), tested.any(axis=-1))
    np.testing.assert_array_equal(in_any_channel(tested.reshape(-1, 3)), tested.reshape(-1, 3).any(axis=-1))
