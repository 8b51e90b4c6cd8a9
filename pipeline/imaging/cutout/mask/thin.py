"""Finds what is too thin to be found as an area in front of a plain backdrop: a chain, a cable, a strap, a handle."""

import cv2
import numpy as np

from pipeline.core.arrays import F32, Mask, Pixels, Rgb
from pipeline.imaging.cutout.backdrop_model import lab_of

_DISC5 = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
WORK_SIDE_PX = 512  # the long side at which widths are given
WIDEST_PX = 7.0  # at that side: wider things are areas
STEP_AT_LEAST = 4.0  # Lab: what stands out less is paper grain or a fold
REACH_PX = 14.0  # within it, the strongest contrast is that of the line, not of its shadow
LENGTH_SHARE = 0.06  # of the picture's long side: shorter pieces are dust
SOLID, EMPTY = 0.85, 0.1  # share of the contrast in the line's middle: surely product above, surely backdrop below


def thin_lines(rgb: Rgb, product: Mask, backdrop: Mask) -> Mask:
    """Mask [h, w] of long thin things in a photo [h, w, 3] of WORK_SIDE_PX that lie on the backdrop.

    `product`: what is known already. `backdrop`: pixels with the backdrop's tint. A line that ends at the picture's
    border is none: it is an edge of the table or of the paper, or a cable.
    """
    contrast = line_contrast(rgb, WIDEST_PX)
    strong = contrast > np.maximum(STEP_AT_LEAST, 0.3 * _strongest(contrast, REACH_PX))
    lines = np.asarray(strong & ~product, np.uint8)
    joined = cv2.morphologyEx(lines, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7)))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    side, found = max(product.shape), np.zeros(product.shape, bool)
    beside_product = cv2.dilate(np.asarray(product, np.uint8), np.ones((5, 5), np.uint8)) > 0
    touching = np.bincount(labels[beside_product], minlength=count)
    tinted = np.bincount(labels[~backdrop], minlength=count)
    for index in range(1, count):
        left, top, width, height, area = stats[index]
        cut_off = left <= 2 or top <= 2 or left + width >= product.shape[1] - 2 or top + height >= product.shape[0] - 2
        if cut_off or np.hypot(width, height) < LENGTH_SHARE * side:
            continue
        if touching[index] > 0 and tinted[index] < 0.5 * area:  # the shadow where the product touches the ground
            continue
        part = np.asarray(labels == index, np.uint8)
        beside = (
            (cv2.dilate(part, np.ones((9, 9), np.uint8)) > 0)
            & (cv2.dilate(part, np.ones((5, 5), np.uint8)) == 0)
            & ~product
        )
        if beside.any() and backdrop[beside].mean() > 0.6:
            found |= (part > 0) & (lines > 0)
    return found


def thin_parts(product: Mask) -> Mask:
    """The long parts of a mask [h, w] at WORK_SIDE_PX that are thinner than the band around their outline."""
    solid = np.asarray(product, np.uint8)
    thick = cv2.dilate(cv2.morphologyEx(solid, cv2.MORPH_OPEN, _DISC5), _DISC5)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(solid & (1 - thick), connectivity=8)
    long = np.hypot(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]) >= LENGTH_SHARE * max(product.shape)
    long[0] = False
    return np.asarray(long[labels])


def line_contrast(rgb: Rgb, widest: float) -> F32:
    """Distance in Lab of each pixel to the median of its surroundings, where lines up to `widest` px vanish, [h, w]."""
    window = min(255, 2 * round(widest) + 1)
    ground = np.dstack([cv2.medianBlur(np.ascontiguousarray(rgb[..., channel]), window) for channel in range(3)])
    return np.asarray(np.linalg.norm(lab_of(rgb) - lab_of(np.asarray(ground, np.uint8)), axis=2), np.float32)


def line_trimap(rgb: Rgb, trimap: Pixels, lines: Mask) -> Pixels:
    """The trimap [h, w] of a photo [h, w, 3] with the thin lines, from their mask at another size.

    In a line's middle the contrast is that of the line's colour; where it is much less, the backdrop shows.
    """
    height, width = trimap.shape
    scale = max(height, width) / max(lines.shape)
    near = cv2.dilate(np.asarray(lines, np.uint8), np.ones((5, 5), np.uint8))
    large = cv2.resize(near, (width, height), interpolation=cv2.INTER_NEAREST) > 0
    contrast = np.where(large, line_contrast(rgb, WIDEST_PX * scale), 0).astype(np.float32)
    share = contrast / np.maximum(_strongest(contrast, REACH_PX * scale), STEP_AT_LEAST)
    free = large & (trimap < 255)
    return np.where(
        free & (share >= SOLID), 255, np.where(free & (share <= EMPTY), 0, np.where(free, 128, trimap))
    ).astype(np.uint8)


def _strongest(contrast: F32, reach: float) -> F32:
    """The largest contrast within `reach` px of each pixel."""
    side = 2 * round(reach) + 1
    return np.asarray(cv2.dilate(contrast, np.ones((side, side), np.uint8)), np.float32)
