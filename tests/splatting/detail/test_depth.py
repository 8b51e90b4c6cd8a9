import numpy as np

from pipeline.splatting.detail.depth import without_gaps


def test_gaps_are_filled_from_the_nearest_pixel():
    depth = np.full((9, 9), np.nan, np.float32)
    depth[:, :3], depth[:, 3:5] = 2.0, 3.0
    filled = without_gaps(depth)
    assert np.isfinite(filled).all()
    assert (filled[:, 6:] == 3.0).all()
    assert (without_gaps(np.full((4, 4), np.nan, np.float32)) == 1.0).all()
