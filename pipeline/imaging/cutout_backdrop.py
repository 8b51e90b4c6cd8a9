"""Cuts a product out of a studio photo without weights: backdrop model, shadow apart, GrabCut, closed-form matting."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.imaging.backdrop_model import Likeness, compare, fit_backdrop, lab_of
from pipeline.imaging.matting import UNKNOWN, bounding_box, closed_form
from pipeline.imaging.pixels import Pixels

Mask = NDArray[np.bool_]  # [h, w]
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

    def cut(self, rgb: Pixels) -> Pixels:
        """Alpha [h, w] uint8 of a photo [h, w, 3] uint8; all 0 where no product was found."""
        small = _reduced(rgb, self.work_side_px)
        likeness = compare(lab := lab_of(small), fit_backdrop(lab))
        product = self.product(lab[..., 0], likeness)
        if not product.any():
            return np.zeros(rgb.shape[:2], np.uint8)
        return self.matte(rgb, product, likeness)

    def product(self, lightness: NDArray[np.float32], likeness: Likeness) -> Mask:
        """Where the product is, at work size: [h, w] bool."""
        tinted = likeness.tint > self.tint_limit
        bright = likeness.shade > 1.25
        quiet = ~tinted & ~bright & (likeness.shade > 0.06)
        smooth = quiet & (_steepness(lightness) < self.soft_step)
        plain = quiet & (likeness.distance < 5)
        reached = _reached(smooth | plain, plain)
        holes = _holes(smooth | plain, reached, likeness)
        mask = self._grabcut(likeness.flat, reached | holes, plain, tinted)
        return _tidy(mask, reached, holes, self.keep_share)

    def _grabcut(self, flat: Pixels, reached: Mask, plain: Mask, tinted: Mask) -> Mask:
        """Settle what the growth from the border left open, by the colours on both sides."""
        inside = ~reached
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

    def matte(self, rgb: Pixels, product: Mask, likeness: Likeness) -> Pixels:
        """Refine the product's outline at full size: alpha [h, w] uint8."""
        height, width = rgb.shape[:2]
        side = max(height, width) if self.matting_side_px is None else min(self.matting_side_px, max(height, width))
        picture = _reduced(rgb, side)
        trimap = _enlarged_trimap(self.trimap(product, likeness), picture.shape[1], picture.shape[0])
        alpha = np.asarray(trimap == 255, np.float32)
        box = bounding_box(trimap > 0, margin_px=4)
        if box is not None:
            alpha[box] = closed_form(np.ascontiguousarray(picture[box]), np.ascontiguousarray(trimap[box]))
        if picture.shape[:2] != (height, width):
            alpha = cv2.resize(alpha, (width, height), interpolation=cv2.INTER_CUBIC)
        alpha = np.clip((alpha - 0.03) / 0.94, 0, 1)  # what is nearly sure is sure: no veil of 2% over the backdrop
        return np.asarray(np.round(alpha * 255), np.uint8)

    def trimap(self, product: Mask, likeness: Likeness) -> NDArray[np.float32]:
        """Signed distance to the outline at work size, in units of the band: below -1 backdrop, above 1 product."""
        solid = np.asarray(product, np.uint8)
        inside = cv2.distanceTransform(solid, cv2.DIST_L2, 5)
        outside = cv2.distanceTransform(1 - solid, cv2.DIST_L2, 5)
        signed = np.where(product, inside - 0.5, 0.5 - outside).astype(np.float32)
        doubtful = (np.abs(signed) < 6) & np.where(product, likeness.distance < 4, likeness.tint > 2 * self.tint_limit)
        signed = np.where(doubtful, np.clip(signed, -0.5 * self.band, 0.5 * self.band), signed)
        return np.asarray(signed / self.band, np.float32)


def _reduced(rgb: Pixels, side_px: int) -> Pixels:
    height, width = rgb.shape[:2]
    factor = side_px / max(height, width)
    if factor >= 1:
        return rgb
    size = max(1, round(width * factor)), max(1, round(height * factor))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)


def _enlarged_trimap(signed: NDArray[np.float32], width: int, height: int) -> Pixels:
    large = cv2.resize(signed, (width, height), interpolation=cv2.INTER_LINEAR)
    trimap = np.full((height, width), UNKNOWN, np.uint8)
    trimap[large >= 1] = 255
    trimap[large <= -1] = 0
    return trimap


def _steepness(lightness: NDArray[np.float32]) -> NDArray[np.float32]:
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


def _components_with(mask: Mask, seeds: Mask) -> Mask:
    count, labels = cv2.connectedComponents(np.asarray(mask, np.uint8), connectivity=4)
    wanted = np.zeros(count, bool)
    wanted[np.unique(labels[seeds & mask])] = True
    wanted[0] = False
    return wanted[labels]


def _holes(passable: Mask, reached: Mask, likeness: Likeness) -> Mask:
    """Backdrop seen through the product (a mug's handle): small, not far from the outside, and lit as it is there."""
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
