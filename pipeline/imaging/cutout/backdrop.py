"""A plain studio backdrop, without weights.

Fits a smooth surface to the backdrop, separates the product from its shadow, and solves the outline in closed form.
"""

from typing import Literal

import cv2
import numpy as np
from pydantic import Field

from pipeline.core.arrays import F32, Alpha, Mask, Rgb
from pipeline.imaging.cutout.backdrop_model import Likeness, compare, fit_backdrop, lab_of
from pipeline.imaging.cutout.mask.holes import open_holes
from pipeline.imaging.cutout.mask.thin import thin_lines, thin_parts
from pipeline.imaging.cutout.params import OutlineParams

_DISC3 = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
_DISC5 = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
SHADOW_STEP = 2.0  # change of L per px: the steepest edge of a shadow; a steeper one is an outline
PLAIN_BACKDROP = True  # its mattes are judged by how plain the backdrop is
PLAIN_LIMIT = 5.0  # distance from the backdrop, in units of its noise, below which a pixel is plain backdrop
BAND_PX = 1.6  # half the width of the unknown band around the outline
KEPT_SHARE = 0.02  # pieces below this share of the largest one's area are dropped


class Params(OutlineParams):
    """Settings of the engine. Lab distances are in Lab units."""

    engine: Literal["backdrop"] = "backdrop"
    grabcut_rounds: int = Field(
        default=3, ge=0, le=20, description="iterations of GrabCut, which separates product from surroundings"
    )
    tint_limit: float = Field(
        default=5.0, gt=0, description="Lab distance from the backdrop's tint up to which a dark spot counts as shadow"
    )


def require_here(params: Params) -> str:  # noqa: ARG001 - the engine is part of this package, so it runs with any settings
    """Return the engine's name: it runs on every machine."""
    return "backdrop"


def licence(params: Params) -> str:  # noqa: ARG001 - the same for all settings
    """Return `no weights`."""
    return "no weights"


def cut(rgb: Rgb, params: Params) -> Alpha:
    """Alpha [h, w] uint8 of a photo [h, w, 3] uint8; all 0 if no product is found."""
    from pipeline.imaging.cutout.mask.outline import reduced, refined

    small = reduced(rgb, params.work_side_px)
    likeness = compare(lab := lab_of(small), fit_backdrop(lab))
    product = _product(lab[..., 0], likeness, params)
    lines = thin_parts(product) | thin_lines(small, product, likeness.tint < params.tint_limit)
    if not product.any() and not lines.any():
        return np.zeros(rgb.shape[:2], np.uint8)
    doubtful = np.where(product, likeness.distance < 4, likeness.tint > 2 * params.tint_limit)
    return refined(rgb, product, band=BAND_PX, doubtful=doubtful, lines=lines, matting_side_px=params.matting_side_px)


def _product(lightness: F32, likeness: Likeness, params: Params) -> Mask:
    """Mask [h, w] of the product at work size."""
    tinted = likeness.tint > params.tint_limit
    bright = likeness.shade > 1.25
    quiet = ~tinted & ~bright & (likeness.shade > 0.06)
    steepness = _steepness(lightness)
    smooth = quiet & (steepness < SHADOW_STEP)
    plain = quiet & (likeness.distance < PLAIN_LIMIT)
    reached = _without_leaks(_reached(smooth | plain, plain), plain)
    holes = open_holes(lightness, smooth | plain, reached, likeness)
    grown = _grabcut(likeness, reached | holes, plain, params)
    mask = _without_shadows(grown & ~holes, reached, steepness)
    return _tidy(mask, reached, holes)


def _grabcut(likeness: Likeness, reached: Mask, plain: Mask, params: Params) -> Mask:
    """Decide by colour, with GrabCut, the pixels that the growth from the border did not reach.

    Tint separates a coloured product from its shadow (which takes some of it on), lightness a gray one.
    """
    from pipeline.imaging.cutout.mask.matting import bounding_box

    inside = ~reached
    coloured = bool((likeness.tint[inside] > 2 * params.tint_limit).mean() > 0.3) if inside.any() else False
    flat = likeness.flat(150, 5) if coloured else likeness.flat(170, 2)
    tinted = likeness.tint > (2 if coloured else 1) * params.tint_limit
    box = bounding_box(inside, margin_px=12)
    sure = cv2.erode(np.asarray(tinted & inside, np.uint8), _DISC3) > 0
    if box is None or not inside.any() or reached[box].sum() < 50:
        return inside
    labels = np.full(reached.shape, cv2.GC_PR_FGD, np.uint8)
    labels[reached] = cv2.GC_PR_BGD
    labels[reached & plain] = cv2.GC_BGD
    labels[sure] = cv2.GC_FGD
    if params.grabcut_rounds == 0:
        return inside
    cv2.setRNGSeed(0)
    part, models = labels[box].copy(), (np.zeros((1, 65)), np.zeros((1, 65)))
    cv2.grabCut(np.ascontiguousarray(flat[box]), part, None, *models, params.grabcut_rounds, cv2.GC_INIT_WITH_MASK)
    mask = np.zeros(reached.shape, bool)
    mask[box] = (part == cv2.GC_FGD) | (part == cv2.GC_PR_FGD)
    return mask


def _without_shadows(mask: Mask, reached: Mask, steepness: F32) -> Mask:
    """Take back what the colours added to the product, where that moved its outline from a steep edge to a soft one.

    Where the growth from the border leaked into a gray product, the outline moves to the product's edge instead.
    """
    steep = cv2.dilate(steepness, _DISC3)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(np.asarray(mask & reached, np.uint8), connectivity=4)
    for index in range(1, count):
        left, top, width, height, _ = stats[index]
        box = slice(max(0, top - 2), top + height + 2), slice(max(0, left - 2), left + width + 2)
        part = labels[box] == index
        rim = (cv2.dilate(np.asarray(part, np.uint8), _DISC3) > 0) & ~part
        before, after = rim & ~reached[box], rim & reached[box] & ~mask[box]
        if before.any() and after.any() and steep[box][before].mean() > steep[box][after].mean():
            mask = mask.copy()
            mask[box] &= ~part
    return mask


def _steepness(lightness: F32) -> F32:
    """Change of L per px, [h, w]."""
    soft = cv2.GaussianBlur(lightness, (0, 0), 0.7)
    across, down = (cv2.Sobel(soft, cv2.CV_32F, *d, ksize=3, scale=1 / 8) for d in ((1, 0), (0, 1)))
    return np.asarray(np.hypot(across, down), np.float32)


def _reached(passable: Mask, plain: Mask) -> Mask:
    """The backdrop and its shadows: everything connected to plain backdrop at the border without crossing an outline.

    The mask is opened first, so that a gap of a few px in a faint outline does not leak.
    """
    border = np.ones_like(plain)
    border[2:-2, 2:-2] = False
    wide = cv2.morphologyEx(np.asarray(passable, np.uint8), cv2.MORPH_OPEN, _DISC5) > 0
    wide |= passable & border
    connected = _components_with(wide, border & plain)
    return passable & (cv2.dilate(np.asarray(connected, np.uint8), _DISC3) > 0)


def _without_leaks(reached: Mask, plain: Mask) -> Mask:
    """Remove regions that were reached only through a narrow gap, as in a gray garment whose outline fades into shadow.

    A shadow borders on the backdrop along its whole soft edge; a product that leaked has an outline all around except
    at the gap. Detects gaps up to 48 px wide.
    """
    border = np.ones_like(plain)
    border[2:-2, 2:-2] = False
    for radius in (6, 12, 24):
        padded = cv2.copyMakeBorder(np.asarray(reached, np.uint8), *(radius,) * 4, cv2.BORDER_CONSTANT, value=1)
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1,) * 2)
        opened = cv2.morphologyEx(padded, cv2.MORPH_OPEN, disc)[radius:-radius, radius:-radius] > 0
        outer = np.asarray(_components_with(opened, border & reached), np.uint8)
        for _ in range(radius + 2):
            outer = cv2.dilate(outer, _DISC3) & np.asarray(reached, np.uint8)
        behind = np.asarray(reached, np.uint8) & (1 - outer)
        count, labels, stats, _ = cv2.connectedComponentsWithStats(behind, connectivity=4)
        for index in range(1, count):
            if stats[index, cv2.CC_STAT_AREA] < max(0.005 * reached.size, 9 * radius * radius):
                continue
            part = labels == index
            rim = (cv2.dilate(np.asarray(part, np.uint8), _DISC3) > 0) & ~part
            if (outer[rim] > 0).mean() < 0.25 and plain[part].mean() < 0.5:
                reached = reached & ~part
    return reached


def _components_with(mask: Mask, seeds: Mask) -> Mask:
    """The connected components of `mask` that contain a seed."""
    count, labels = cv2.connectedComponents(np.asarray(mask, np.uint8), connectivity=4)
    seeded = np.zeros(count, bool)
    seeded[np.unique(labels[seeds & mask])] = True
    seeded[0] = False
    return seeded[labels]


def _tidy(mask: Mask, reached: Mask, holes: Mask) -> Mask:
    """Keep the main pieces; fill every hole that does not show the backdrop."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(np.asarray(mask, np.uint8), connectivity=8)
    if count < 2:
        return np.zeros_like(mask)
    areas = stats[1:, cv2.CC_STAT_AREA]
    kept = np.concatenate([[False], areas >= KEPT_SHARE * areas.max()])[labels]
    empty = ~kept
    border = np.ones_like(mask)
    border[1:-1, 1:-1] = False
    through = cv2.erode(np.asarray(holes, np.uint8), _DISC3) > 0
    return ~_components_with(empty, border | (through & empty) | (reached & empty & border))
