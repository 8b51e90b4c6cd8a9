"""Depth without gaps, from which the sweep for photographed detail starts."""

import cv2
import numpy as np
from scipy import ndimage

from pipeline.core.arrays import F32

_MEDIAN_PX = 5


def without_gaps(depth: F32) -> F32:
    """Continue depth [h, w] beyond the product, where it is NaN, from the nearest pixel; smooth out single pixels.

    A picture without the product has a depth of 1 everywhere.
    """
    beside = ~np.isfinite(depth)
    if beside.all():
        return np.ones_like(depth)
    nearest = ndimage.distance_transform_edt(beside, return_distances=False, return_indices=True)
    return np.asarray(cv2.medianBlur(np.ascontiguousarray(depth[tuple(nearest)]), _MEDIAN_PX), np.float32)
