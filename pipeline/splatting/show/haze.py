"""Removal of haze and floaters: what a splat shows beside the product, faintly or in loose pieces."""

import numpy as np
from scipy import ndimage

from pipeline.core.arrays import F32

SPECK = 0.01  # a piece with less than this share of the largest one's area is a floater
RIM = 0.005  # width of the product's soft outline beyond alpha 1/2, as a share of the picture's long side


def without_haze(picture: F32) -> tuple[F32, float]:
    """Clear planes [n, H, W] (the fourth: alpha) beyond the product's soft outline; return the share of alpha cleared.

    On a white packshot, even an alpha of 1/255 beside the product shows as a dirty background.
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
