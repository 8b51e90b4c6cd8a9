"""Finds the holes of a product that show a plain backdrop: a ring's middle, a mug's handle, a chair's back."""

import cv2
import numpy as np

from pipeline.core.arrays import F32, Mask
from pipeline.imaging.cutout.backdrop_model import Likeness

_DISC3 = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
EXACT_L = 0.7  # of L: the backdrop's model holds this well where neither shadow nor product is
EXACT_SHARE = 0.25  # of a hole's area: the rest may lie in the product's shadow
AREA_PX = 12  # smaller holes than this are grain


def open_holes(lightness: F32, passable: Mask, reached: Mask, likeness: Likeness) -> Mask:
    """Mask [h, w] of the enclosed parts of `passable` that show the backdrop.

    `lightness`: CIE L. `passable`: may be backdrop, lit or in shadow. `reached`: connected to the border's backdrop.
    First the holes, of any size, that show exactly the backdrop somewhere; then those in shadow that lie close to the
    outside or to another hole, and are about as dark as it.
    """
    inside = np.asarray(passable & ~reached, np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(cv2.erode(inside, _DISC3), connectivity=4)
    candidates = [index for index in range(1, count) if stats[index, cv2.CC_STAT_AREA] >= AREA_PX]
    holes = np.zeros_like(reached)
    size = float((~reached).sum())
    calm = cv2.GaussianBlur(lightness, (0, 0), 1.5)
    for index in candidates:
        if _shows_backdrop(calm, labels == index, likeness):
            holes |= labels == index
    closed = [index for index in candidates if not holes[labels == index].any()]
    proven = bool(holes.any())
    while True:  # a hole in shadow may be next to another one
        to_outside = cv2.distanceTransform(np.asarray(~(reached | holes), np.uint8), cv2.DIST_L2, 5)
        opened = [i for i in closed if _continues(labels == i, (reached, holes), to_outside, likeness, size, proven)]
        if not opened:
            break
        holes |= np.isin(labels, opened)
        closed = [index for index in closed if index not in opened]
    return (cv2.dilate(np.asarray(holes, np.uint8), _DISC3) > 0) & passable


def _shows_backdrop(lightness: F32, part: Mask, likeness: Likeness) -> bool:
    """Whether a region has the lightness of the backdrop in a large enough part, and its gradient there.

    A print in the backdrop's colour meets the backdrop's lightness along a line at most, and does not follow it.
    """
    if likeness.tint[part].mean() > 2.5:
        return False
    backdrop = likeness.lightness[part]
    exact = (np.abs(lightness[part] - backdrop) < EXACT_L) & (likeness.tint[part] < 2.5)
    if exact.mean() < EXACT_SHARE:
        return False
    expected = backdrop[exact] - backdrop[exact].mean()
    if float(np.sqrt(np.mean(np.square(expected)))) < 0.1:
        return True  # an evenly lit backdrop: its lightness is all there is to compare
    slope = float((lightness[part][exact] * expected).sum() / np.square(expected).sum())
    return slope > 0.5


def _continues(
    part: Mask, outside: tuple[Mask, Mask], to_outside: F32, likeness: Likeness, size: float, proven: bool
) -> bool:
    """Whether a region is small, near the outside, and lit as the backdrop beside it, as in a mug's handle.

    `outside`: the backdrop around the product, and the holes found so far. `proven`: one of them shows exactly the
    backdrop, so a darker region beside it is a hole in the product's shadow.
    """
    if part.sum() > 0.25 * size or likeness.tint[part].mean() > 2.5:
        return False
    thickness = float(to_outside[part].min())
    if thickness > max(6.0, 0.2 * size**0.5):
        return False
    away = cv2.distanceTransform(np.asarray(~part, np.uint8), cv2.DIST_L2, 5)
    near = away < 1.5 * thickness + 6
    shade = float(np.median(likeness.shade[part]))
    ground, holes = (likeness.shade[near & mask] for mask in outside)
    beside = [
        *(np.percentile(ground, [50]) if len(ground) else ()),
        *(np.percentile(holes, [20, 50]) if len(holes) else ()),
    ]
    lit = min((shade - float(other) for other in beside), key=abs, default=1.0)
    brightest = 1.03 + 0.03 * likeness.noise  # the model of an uneven backdrop is off by as much as its noise
    if not likeness.tint[part].mean() < 1.0 or not 0.5 < shade < min(1.12, brightest):
        return abs(lit) < 0.06
    return abs(lit) < 0.2 or (proven and -0.45 < lit < 0)
