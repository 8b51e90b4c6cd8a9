"""Semi-global matching: the kernel equals plain numpy, and smooths."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pipeline.splatting.detail.semiglobal import aggregated

COSTS = arrays(
    np.float32,
    st.tuples(st.integers(1, 5), st.integers(1, 5), st.integers(1, 4)),
    elements=st.floats(0, 4, width=16),
)


def plain(cost, step_cost, jump_cost):
    """The same as `aggregated`, one path at a time."""
    out = np.zeros(cost.shape)
    for turned in (False, True):
        turned_cost = cost.swapaxes(0, 1) if turned else cost
        for back in (False, True):
            ordered = turned_cost[:, ::-1] if back else turned_cost
            paths = np.zeros(ordered.shape)
            for line, path in zip(ordered.astype(float), paths, strict=True):
                before = np.zeros(cost.shape[2])
                for at, own in enumerate(line):
                    padded = np.pad(before, 1, constant_values=np.inf)
                    choices = [before, padded[:-2] + step_cost, padded[2:] + step_cost]
                    path[at] = (
                        own + np.min([*choices, np.full_like(before, before.min() + jump_cost)], 0) - before.min()
                    )
                    before = path[at]
            paths = paths[:, ::-1] if back else paths
            out += paths.swapaxes(0, 1) if turned else paths
    return out


@given(COSTS, st.floats(0, 1, width=16), st.floats(0, 2, width=16))
def test_the_kernel_equals_plain_numpy(cost, step_cost, jump_cost):
    np.testing.assert_allclose(aggregated(cost, step_cost, jump_cost), plain(cost, step_cost, jump_cost), atol=1e-3)


def test_a_pixel_without_texture_takes_its_neighbours_label():
    cost = np.ones((5, 5, 6), np.float32)
    cost[..., 2] = 0.0
    cost[2, 2] = 0.5
    assert (aggregated(cost, 0.1, 0.5).argmin(axis=2) == 2).all()
