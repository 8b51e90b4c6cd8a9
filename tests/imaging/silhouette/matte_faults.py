"""Plants faults in true mattes. Shares no code with correction and checks: numpy and scipy only.

Each function takes a matte [H, W] uint8 and a random generator, and returns a damaged copy.
"""

import numpy as np
from scipy import ndimage


def bite(matte, rng):
    """Remove a round bite from the outline, with a radius of 3 to 6% of the long side."""
    solid = matte >= 128
    rows, columns = np.nonzero(solid & ~ndimage.binary_erosion(solid))
    index, radius = int(rng.integers(len(rows))), rng.uniform(0.03, 0.06) * max(matte.shape)
    y, x = np.mgrid[: matte.shape[0], : matte.shape[1]]
    return np.where((y - rows[index]) ** 2 + (x - columns[index]) ** 2 < radius**2, 0, matte).astype(np.uint8)


def lost_part(matte, rng):
    """Remove everything beyond a straight cut, leaving 50 to 90% of the product."""
    rows, columns = np.nonzero(matte >= 128)
    angle = rng.uniform(0, 2 * np.pi)
    y, x = np.mgrid[: matte.shape[0], : matte.shape[1]]
    along = x * np.cos(angle) + y * np.sin(angle)
    cut = np.quantile(along[rows, columns], rng.uniform(0.5, 0.9))
    return np.where(along > cut, 0, matte).astype(np.uint8)


def ragged_foot(matte, rng):
    """Include the ground under the product, 2.5 to 6% of the height deep, with a ragged edge."""
    height, width = matte.shape
    columns = np.nonzero(matte >= 128)[1]
    middle, half_width = columns.mean(), np.ptp(columns) * rng.uniform(0.2, 0.45)
    teeth = ndimage.gaussian_filter1d(rng.normal(0, 1, width), 0.004 * width)
    teeth /= np.abs(teeth).max()
    mean_depth = rng.uniform(0.025, 0.06) * height
    bottom = np.array([np.flatnonzero(column)[-1] if column.any() else -height for column in (matte >= 128).T])
    depth = mean_depth * (1 + 0.3 * teeth) * (np.abs(np.arange(width) - middle) < half_width)
    y = np.arange(height)[:, None]
    return np.where((y > bottom) & (y <= bottom + depth), 255, matte).astype(np.uint8)
