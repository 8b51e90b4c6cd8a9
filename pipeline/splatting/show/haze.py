"""Haze and floaters: what a splat draws beside its product, faintly or in loose pieces, is not the product."""

import numpy as np
from scipy import ndimage

from pipeline.core.arrays import F32

SPECK = 0.01  # a loose piece below this share of the largest one is a floater
RIM = 0.005  # the product's soft outline reaches this share of the picture's long side beyond what is half opaque


def without_haze(picture: F32) -> tuple[F32, float]:
    """Planes [n, H, W] (the fourth: alpha) with nothing beyond the product's soft outline; the share of alpha dropped.

    A white packshot shows even an alpha of 1/255 beside the product as a dirty background.
    """
    alpha = picture[3]
    pieces, count = ndimage.label(alpha >= 0.5)
    if count == 0:
        return picture, 0.0
    areas = np.bincount(pieces.ravel())[1:]
    product = np.concatenate([[False], areas >= SPECK * areas.max()])[pieces]
    reach_px = max(2.0, RIM * max(alpha.shape))
    near = ndimage.distance_transform_edt(~product) <= reach_px
    dropped = float(alpha[~near].sum() / max(float(alpha.sum()), 1e-6))
    return np.where(near, picture, np.float32(0)), dropped
