"""Check that no rim of the photo's old backdrop is left along a part of the product's outline."""

import cv2
import numpy as np

from pipeline.core.arrays import F32, Mask, Rgb, Rgba
from pipeline.core.linear import srgb_to_linear
from pipeline.core.records import Check
from pipeline.imaging.checks.evidence import finding

RIM_SHARE = 0.012  # of the picture's long side: how deep a rim is looked for
BACKDROP_SHARE = 0.75  # of the way from the product's colour to the backdrop's: what is nearer is backdrop
CONTRAST_AT_LEAST = 0.08  # linear: with less between product and backdrop, a rim cannot be seen
WIDTH_AT_LEAST = 0.0016  # of the picture's long side, at least 2 px: the outline itself is blurred over less
LENGTH_AT_MOST = 0.03  # of the outline


def check_rim(photo: Rgb, picture: Rgba) -> tuple[Check, ...]:
    """Measure rims of the backdrop in a picture [h, w, 4] against its photo [h, w, 3].

    The value is the share of the outline along which a rim is left: pixels in the colour of the backdrop just outside,
    connected to the outline, over a strip wider than a blurred edge, while the product further in has another colour.
    """
    solid = picture[..., 3] >= 128
    if not solid.any() or solid.all():
        return ()
    side = max(solid.shape)
    rim = _rim(photo, picture, solid, RIM_SHARE * side)
    width_px, length, area_px = _wide(rim, solid, max(2.0, WIDTH_AT_LEAST * side))
    passed = length <= LENGTH_AT_MOST
    words = "no rim of the photo's backdrop is left along the outline"
    if not passed:
        size = f"at least {width_px:.0f} px wide and {area_px} px in area"
        words = f"a rim of the photo's backdrop, {size}, is left along {length:.0%} of the outline"
    return (
        finding("backdrop_rim", length, "share", words, threshold=LENGTH_AT_MOST, passed=passed, severity="review"),
    )


def _rim(photo: Rgb, picture: Rgba, solid: Mask, reach: float) -> Mask:
    """Mask [h, w] of the product's pixels near its outline that look like the backdrop beside it."""
    inward = cv2.distanceTransform(np.pad(solid, 1).astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]
    outward = cv2.distanceTransform((~solid).astype(np.uint8), cv2.DIST_L2, 5)
    near = solid & (inward <= reach)
    colours = srgb_to_linear(photo)
    deep = nearest_colours(colours, solid & (inward > reach), near)
    away = nearest_colours(colours, (outward > 3) & (picture[..., 3] == 0), near)
    if deep is None or away is None:
        return np.zeros_like(solid)
    step = away - deep
    contrast = np.linalg.norm(step, axis=1)
    seen = colours[near] - deep
    share = (seen * step).sum(axis=1) / np.maximum(contrast, 1e-6) ** 2
    off = np.linalg.norm(colours[near] - away, axis=1)
    rim = np.zeros_like(solid)
    rim[near] = (contrast > CONTRAST_AT_LEAST) & (share > BACKDROP_SHARE) & (off < (1 - BACKDROP_SHARE) * contrast)
    return rim


def _wide(rim: Mask, solid: Mask, width_px: float) -> tuple[float, float, int]:
    """Mean width in px, length as a share of the outline, and area in px of the rims wider than `width_px`."""
    outline = solid & (cv2.erode(np.asarray(solid, np.uint8), np.ones((3, 3), np.uint8)) == 0)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(np.asarray(rim, np.uint8), connectivity=8)
    lengths = np.bincount(labels[outline], minlength=count)
    areas = stats[:, cv2.CC_STAT_AREA]
    wide = (lengths > 0) & (areas >= width_px * lengths)
    wide[0] = False
    length, area = int(lengths[wide].sum()), int(areas[wide].sum())
    return area / max(1, length), length / max(1, int(outline.sum())), area


def nearest_colours(colours: F32, source: Mask, target: Mask) -> F32 | None:
    """Colours [n, 3] of the nearest `source` pixel for each `target` pixel; None if there is no source."""
    if not source.any():
        return None
    _, labels = cv2.distanceTransformWithLabels(
        (~source).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    table = np.zeros((int(labels.max()) + 1, 3), dtype=np.float32)
    table[labels[source]] = colours[source]
    nearest: F32 = table[labels[target]]
    return nearest
