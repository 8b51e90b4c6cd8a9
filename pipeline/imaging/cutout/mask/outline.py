"""Refines a rough mask at work size to an alpha matte at the photo's size, in closed form in a band at the outline."""

import cv2
import numpy as np

from pipeline.core.arrays import F32, Alpha, Mask, Pixels, Rgb
from pipeline.imaging.cutout.mask.matting import UNKNOWN, bounding_box, closed_form
from pipeline.imaging.cutout.mask.thin import line_trimap


def refined(
    rgb: Rgb,
    product: Mask,
    *,
    band: float,
    doubtful: Mask | None = None,
    lines: Mask | None = None,
    matting_side_px: int | None = None,
) -> Alpha:
    """Alpha [h, w] uint8 of a photo [h, w, 3] uint8, from a mask of the reduced photo.

    `band`: half the width of the unknown band, in px of the mask. `doubtful`: mask of further unknown pixels. `lines`:
    mask of the product's thin lines. The matte is solved at a long side of at most `matting_side_px`, and enlarged.
    """
    height, width = rgb.shape[:2]
    side = max(height, width) if matting_side_px is None else min(matting_side_px, max(height, width))
    picture = reduced(rgb, side)
    trimap = _trimap(_depth(product, doubtful, band), picture.shape[1], picture.shape[0])
    if lines is not None and lines.any():
        trimap = line_trimap(picture, trimap, lines)
    alpha = np.asarray(trimap == 255, np.float32)
    box = bounding_box(trimap > 0, margin_px=4)
    if box is not None:
        alpha[box] = closed_form(np.ascontiguousarray(picture[box]), np.ascontiguousarray(trimap[box]))
    if picture.shape[:2] != (height, width):
        alpha = cv2.resize(alpha, (width, height), interpolation=cv2.INTER_CUBIC)
    alpha = np.clip((alpha - 0.03) / 0.94, 0, 1)  # nearly sure counts as sure: no 2% veil over the backdrop
    return np.asarray(np.round(alpha * 255), np.uint8)


def reduced(rgb: Rgb, side_px: int) -> Rgb:
    """The photo reduced to `side_px` on its long side; a smaller one unchanged."""
    height, width = rgb.shape[:2]
    factor = side_px / max(height, width)
    if factor >= 1:
        return rgb
    size = max(1, round(width * factor)), max(1, round(height * factor))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)


def _depth(product: Mask, doubtful: Mask | None, band: float) -> F32:
    """Signed distance to the outline in units of `band`: below -1 backdrop, above 1 product."""
    solid = np.asarray(product, np.uint8)
    inside = cv2.distanceTransform(solid, cv2.DIST_L2, 5)
    outside = cv2.distanceTransform(1 - solid, cv2.DIST_L2, 5)
    depth = np.where(product, inside - 0.5, 0.5 - outside) / band
    if doubtful is not None:
        depth = np.where(doubtful & (np.abs(depth) < 6 / band), np.clip(depth, -0.5, 0.5), depth)
    return np.asarray(depth, np.float32)


def _trimap(depth: F32, width: int, height: int) -> Pixels:
    large = cv2.resize(depth, (width, height), interpolation=cv2.INTER_LINEAR)
    trimap = np.full((height, width), UNKNOWN, np.uint8)
    trimap[large >= 1] = 255
    trimap[large <= -1] = 0
    return trimap
