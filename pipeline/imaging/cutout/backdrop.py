"""Cuts a product out of a studio photo without weights: backdrop model, shadow apart, GrabCut, closed-form matting."""

from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.core.arrays import F32, Alpha, Mask, Rgb
from pipeline.imaging.cutout.backdrop_model import Likeness, compare, fit_backdrop, lab_of
from pipeline.imaging.cutout.matting import bounding_box
from pipeline.imaging.cutout.outline import reduced, refined

_DISC3 = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
_DISC5 = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))


@dataclass(frozen=True)
class BackdropCutout:
    """The engine. Lengths in px of the picture at `work_side_px` on its long side, Lab distances in Lab units."""

    work_side_px: int = 512
    """Where the product is found; its outline is then refined at full size."""
    matting_side_px: int | None = None
    """Solve the matte at this long side at most and enlarge it; None: at full size."""
    grabcut_rounds: int = 3
    tint_limit: float = 5.0
    """A shadow on the backdrop keeps the backdrop's tint within this; what is further off is the product."""
    soft_step: float = 2.0
    """Steepest change of L per px that a shadow's edge may have; steeper is an outline."""
    band: float = 1.6
    """Half the width of the unknown band around the outline."""
    keep_share: float = 0.02
    """Pieces smaller than this share of the largest one are dropped."""

    def cut(self, rgb: Rgb) -> Alpha:
        """Alpha [h, w] uint8 of a photo [h, w, 3] uint8; all 0 where no product was found."""
        small = reduced(rgb, self.work_side_px)
        likeness = compare(lab := lab_of(small), fit_backdrop(lab))
        product = self.product(lab[..., 0], likeness)
        if not product.any():
            return np.zeros(rgb.shape[:2], np.uint8)
        doubtful = np.where(product, likeness.distance < 4, likeness.tint > 2 * self.tint_limit)
        return refined(rgb, product, band=self.band, doubtful=doubtful, matting_side_px=self.matting_side_px)

    def product(self, lightness: F32, likeness: Likeness) -> Mask:
        """Where the product is, at work size: [h, w] bool."""
        tinted = likeness.tint > self.tint_limit
        bright = likeness.shade > 1.25
        quiet = ~tinted & ~bright & (likeness.shade > 0.06)
        smooth = quiet & (_steepness(lightness) < self.soft_step)
        plain = quiet & (likeness.distance < 5)
        reached = _without_leaks(_reached(smooth | plain, plain), plain)
        holes = _holes(smooth | plain, reached, likeness)
        mask = self._grabcut(likeness, reached | holes, plain)
        return _tidy(mask, reached, holes, self.keep_share)

    def _grabcut(self, likeness: Likeness, reached: Mask, plain: Mask) -> Mask:
        """Settle what the growth from the border left open, by the colours on both sides.

        A coloured product is told from its shadow by tint (the shadow takes some of it on), a gray one by lightness.
        """
        inside = ~reached
        coloured = bool((likeness.tint[inside] > 2 * self.tint_limit).mean() > 0.3) if inside.any() else False
        flat = likeness.flat(150, 5) if coloured else likeness.flat(170, 2)
        tinted = likeness.tint > (2 if coloured else 1) * self.tint_limit
        box = bounding_box(inside, margin_px=12)
        sure = cv2.erode(np.asarray(tinted & inside, np.uint8), _DISC3) > 0
        if box is None or not inside.any() or reached[box].sum() < 50:
            return inside
        labels = np.full(reached.shape, cv2.GC_PR_FGD, np.uint8)
        labels[reached] = cv2.GC_PR_BGD
        labels[reached & plain] = cv2.GC_BGD
        labels[sure] = cv2.GC_FGD
        if self.grabcut_rounds == 0:
            return inside
        cv2.setRNGSeed(0)
        part, models = labels[box].copy(), (np.zeros((1, 65)), np.zeros((1, 65)))
        cv2.grabCut(np.ascontiguousarray(flat[box]), part, None, *models, self.grabcut_rounds, cv2.GC_INIT_WITH_MASK)
        mask = np.zeros(reached.shape, bool)
        mask[box] = (part == cv2.GC_FGD) | (part == cv2.GC_PR_FGD)
        return mask


def _steepness(lightness: F32) -> F32:
    """Change of L per px."""
    soft = cv2.GaussianBlur(lightness, (0, 0), 0.7)
    across, down = (cv2.Sobel(soft, cv2.CV_32F, *d, ksize=3, scale=1 / 8) for d in ((1, 0), (0, 1)))
    return np.asarray(np.hypot(across, down), np.float32)


def _reached(passable: Mask, plain: Mask) -> Mask:
    """The backdrop and its shadows: what is reached from plain backdrop at the border without crossing an outline.

    Opened first, so that a gap of a few px in a faint outline lets nothing in.
    """
    border = np.ones_like(plain)
    border[2:-2, 2:-2] = False
    wide = cv2.morphologyEx(np.asarray(passable, np.uint8), cv2.MORPH_OPEN, _DISC5) > 0
    wide |= passable & border
    found = _components_with(wide, border & plain)
    return passable & (cv2.dilate(np.asarray(found, np.uint8), _DISC3) > 0)


def _without_leaks(reached: Mask, plain: Mask) -> Mask:
    """Take back what was reached through a neck only: a gray garment, where its outline drowns in its shadow.

    A shadow opens to the backdrop along its whole soft edge; a product that was entered has an outline all around but
    for the gap. Gaps up to 48 px wide are found.
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
    count, labels = cv2.connectedComponents(np.asarray(mask, np.uint8), connectivity=4)
    wanted = np.zeros(count, bool)
    wanted[np.unique(labels[seeds & mask])] = True
    wanted[0] = False
    return wanted[labels]


def _holes(passable: Mask, reached: Mask, likeness: Likeness) -> Mask:
    """Backdrop seen through the product (a mug's handle): small, near the outside, and lit as it is there."""
    inside = np.asarray(passable & ~reached, np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(cv2.erode(inside, _DISC3), connectivity=4)
    holes = np.zeros_like(reached)
    size = float((~reached).sum())
    to_outside = cv2.distanceTransform(np.asarray(~reached, np.uint8), cv2.DIST_L2, 5)
    for index in range(1, count):
        area = float(stats[index, cv2.CC_STAT_AREA])
        part = labels == index
        if area < 12 or area > 0.25 * size or likeness.tint[part].mean() > 2.5:
            continue
        thickness = float(to_outside[part].min())
        if thickness > max(6.0, 0.2 * size**0.5):
            continue
        ring = reached & (cv2.distanceTransform(np.asarray(~part, np.uint8), cv2.DIST_L2, 5) < 1.5 * thickness + 6)
        lit = np.median(likeness.shade[part]) - np.median(likeness.shade[ring]) if ring.any() else 1.0
        untinted = likeness.tint[part].mean() < 1.0 and 0.5 < np.median(likeness.shade[part]) < 1.12
        if abs(lit) < (0.2 if untinted else 0.06):
            holes |= cv2.dilate(np.asarray(part, np.uint8), _DISC3) > 0
    return holes & passable


def _tidy(mask: Mask, reached: Mask, holes: Mask, keep_share: float) -> Mask:
    """Keep the main pieces; fill every hole through which no backdrop was seen."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(np.asarray(mask, np.uint8), connectivity=8)
    if count < 2:
        return np.zeros_like(mask)
    areas = stats[1:, cv2.CC_STAT_AREA]
    kept = np.concatenate([[False], areas >= keep_share * areas.max()])[labels]
    empty = ~kept
    border = np.ones_like(mask)
    border[1:-1, 1:-1] = False
    through = cv2.erode(np.asarray(holes, np.uint8), _DISC3) > 0
    return ~_components_with(empty, border | (through & empty) | (reached & empty & border))
