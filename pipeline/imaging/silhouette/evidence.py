"""Finds where a matte and a splat's silhouette disagree, and what the photo's colours indicate there."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import cv2
import numpy as np

from pipeline.core.arrays import F32, Alpha, Mask, Rgb
from pipeline.imaging.cutout.mask.matting import UNKNOWN, bounding_box, closed_form

Slices = tuple[slice, slice]
Label = Literal["product", "backdrop", "unclear"]
MIN_REACH = 0.004  # of the long side: 1.5 px of a splat fitted at 384 px
MAX_ZONE = 0.04  # of the long side: how far around a disagreement the outline is solved again
MAX_BLUR = 0.02  # of the long side: for a silhouette that is farther off, more blur adds no information
CLEAR_RATIO = 2.0  # a colour clearly belongs to one side if the other side's colours are this many times as far
WELL_RENDERED = 2.0  # the splat explains a region with up to this multiple of the product's 95th percentile error
PRIOR_WEIGHT = 0.02  # weight of a pixel's colour on its alpha; 1 equals the weight of a neighbour
SAMPLES, NEIGHBOURS = 3000, 6


@dataclass(frozen=True)
class RenderedSplat:
    """A splat rendered with the photo's camera: `rgb` [h, w, 3] uint8 straight sRGB, `alpha` [h, w] 0 to 1."""

    rgb: Rgb
    alpha: F32


@dataclass(frozen=True)
class Disagreement:
    """How far a matte and a silhouette disagree.

    `iou`: intersection over union at alpha 0.5. `worst_px`: the largest distance of a thick disagreement from the
    silhouette's edge, excluding regions where the splat shows product but the photo clearly shows backdrop: those are
    errors of the splat. `reach_px`: see the function.
    """

    iou: float
    worst_px: float
    reach_px: float


@dataclass(frozen=True)
class Piece:
    """One thick disagreement. `missing`: product in the splat, not in the matte; `extra`: the reverse."""

    kind: Literal["missing", "extra"]
    mask: Mask
    depth_px: float


@dataclass(frozen=True)
class Clue:
    """What the photo's colours indicate about one piece.

    `box`: the piece and its surroundings. `zone`: mask of the box, where the outline may run. `to_product`,
    `to_backdrop` [n]: CIE76 distance of the zone's pixels to the colours of product and backdrop nearby.
    """

    piece: Piece
    box: Slices
    zone: Mask
    to_product: F32
    to_backdrop: F32
    label: Label

    @property
    def faulty(self) -> bool:
        """Whether to correct the matte: add product if the photo shows it, remove it unless the photo shows it."""
        return (self.label == "product") == (self.piece.kind == "missing")


@dataclass(frozen=True)
class MatteEvidence:
    """A photo compared with its matte and silhouette. Depths in px, positive inside; colours in Lab, blurred."""

    rgb: Rgb
    matte: Mask
    silhouette: Mask
    reach: float
    matte_depth: F32
    silhouette_depth: F32
    lab: F32
    error: F32  # CIE76 of photo and splat
    usual_error: float
    usable: bool  # False if matte and silhouette have no common interior to compare colours with

    @classmethod
    def of(cls, rgb: Rgb, alpha: Alpha, splat: RenderedSplat) -> "MatteEvidence":
        """Compare a photo [h, w, 3] and its matte [h, w] with the splat rendered from the same camera."""
        matte, silhouette = alpha >= 128, splat.alpha >= 0.5
        reach, matte_depth, silhouette_depth = reach_px(matte, silhouette), depth_of(matte), depth_of(silhouette)
        sure = (matte_depth > 2 * reach) & (silhouette_depth > 2 * reach)
        usable = int(sure.sum()) >= 100
        gain = np.median(rgb[sure], axis=0) / np.maximum(np.median(splat.rgb[sure], axis=0), 1.0) if usable else 1.0
        blur = min(reach / 2, MAX_BLUR * max(matte.shape))
        lab = _lab(rgb.astype(np.float32), blur)
        splat_lab = _lab(np.minimum(splat.rgb * np.clip(gain, 1 / 1.15, 1.15), 255).astype(np.float32), blur)
        error = np.asarray(np.linalg.norm(lab - splat_lab, axis=2), np.float32)
        usual = float(np.percentile(error[sure], 95)) if usable else 0.0
        return cls(rgb, matte, silhouette, reach, matte_depth, silhouette_depth, lab, error, usual, usable)

    @cached_property
    def clues(self) -> tuple[Clue, ...]:
        """One clue per region where matte and silhouette disagree by more than the silhouette's uncertainty."""
        return tuple(self._clue(piece) for piece in thick_pieces(self.matte, self.silhouette, self.reach))

    def disagreement(self) -> Disagreement:
        """How far matte and silhouette disagree, excluding errors of the splat."""
        union = int((self.matte | self.silhouette).sum())
        iou = int((self.matte & self.silhouette).sum()) / union if union else 1.0
        pieces = [c.piece for c in self.clues if c.piece.kind == "extra" or c.label != "backdrop" or not self.usable]
        return Disagreement(iou, max((piece.depth_px for piece in pieces), default=0.0), self.reach)

    def _clue(self, piece: Piece) -> Clue:
        """Compare a piece's colours with those of product and backdrop nearby, and with the splat's.

        Where mattes spill over the product (`extra`), the splat was fitted to such mattes too, so its silhouette is as
        uncertain as the disagreement is deep; there the zone is as wide as that.
        """
        max_width, extra = MAX_ZONE * max(self.matte.shape), piece.kind == "extra"
        width = min(max(2 * self.reach, piece.depth_px if extra else 0.0), max_width)
        box = box_around(piece.mask, 4 * min(max(2 * self.reach, piece.depth_px), max_width))
        mask, lab = piece.mask[box], self.lab[box]
        zone = depth_of(mask) > -width
        inner, outer = (np.minimum(sign * self.matte_depth[box], sign * self.silhouette_depth[box]) for sign in (1, -1))
        to_product = _distance(lab[inner > width + self.reach], lab[zone])
        to_backdrop = _distance(lab[outer > self.reach], lab[zone])
        product, backdrop = float(np.median(to_product[mask[zone]])), float(np.median(to_backdrop[mask[zone]]))
        explained = not extra and float(np.median(self.error[box][mask])) <= WELL_RENDERED * self.usual_error
        label: Label = "unclear"
        if backdrop * CLEAR_RATIO < product:
            label = "backdrop"
        elif product * CLEAR_RATIO < backdrop or explained:
            label = "product"
        return Clue(piece, box, zone, to_product, to_backdrop, label)

    def resolve(self, clue: Clue) -> Mask:
        """The product within the clue's zone by the photo's colours and edges, as a mask of the clue's box."""
        missing = clue.piece.kind == "missing"
        mask, depth, matte = clue.piece.mask[clue.box], self.silhouette_depth[clue.box], self.matte[clue.box]
        to_product = np.minimum(clue.to_product, self.error[clue.box][clue.zone]) if missing else clue.to_product
        trimap = np.where(matte, 255, 0).astype(np.uint8)
        trimap[clue.zone] = UNKNOWN
        trimap[mask & (depth < -2 * self.reach)] = 0
        trimap[mask & (depth > 2 * self.reach)] = 255
        prior = np.zeros(mask.shape, np.float32)
        prior[clue.zone] = clue.to_backdrop**2 / np.maximum(to_product**2 + clue.to_backdrop**2, 1e-6)
        if missing:  # the silhouette, which comes from the other photos, weighs as much as the colours
            prior = (prior + np.clip(0.5 + depth / (2 * self.reach), 0, 1)) / 2
        weight = np.full(mask.shape, PRIOR_WEIGHT, np.float32)
        inside = closed_form(np.ascontiguousarray(self.rgb[clue.box]), trimap, prior, weight) >= 0.5
        return _opened(inside, self.reach / 2) | (
            inside & matte & ~mask
        )  # removes specks, keeps thin parts of the given matte


def reach_px(matte: Mask, silhouette: Mask) -> float:
    """The silhouette's uncertainty in px: three times the median distance between the edges, about its 95th percentile.

    The median ignores errors of less than half of the outline. A wrong pose makes it large, so that less is corrected.
    """
    minimum = MIN_REACH * max(matte.shape)
    edge = _edge(matte)
    return max(minimum, 3.0 * float(np.median(np.abs(depth_of(silhouette)[edge])))) if edge.any() else minimum


def thick_pieces(matte: Mask, silhouette: Mask, reach: float) -> Iterator[Piece]:
    """The disagreements that are thicker than twice `reach`."""
    depth = np.abs(depth_of(silhouette))
    for missing, difference in ((True, silhouette & ~matte), (False, matte & ~silhouette)):
        count, labels = cv2.connectedComponents(_opened(difference, reach).astype(np.uint8))
        for index in range(1, count):
            mask = labels == index
            yield Piece("missing" if missing else "extra", mask, float(depth[mask].max()))


def box_around(mask: Mask, margin_px: float) -> Slices:
    """Rows and columns of a mask's bounding box with a margin; the whole picture if the mask is empty."""
    return bounding_box(mask, margin_px=round(margin_px)) or (slice(None), slice(None))


def _distance(samples: F32, colours: F32) -> F32:
    """Mean CIE76 distance [n] of each colour [n, 3] to its nearest samples [m, 3]; 1000 if there are too few."""
    from scipy.spatial import cKDTree

    if len(samples) < NEIGHBOURS:
        return np.full(len(colours), 1e3, np.float32)
    chosen = samples[np.random.default_rng(0).permutation(len(samples))[:SAMPLES]]
    return np.asarray(cKDTree(chosen).query(colours, k=NEIGHBOURS)[0].mean(axis=1), np.float32)


def _lab(rgb: F32, blur_px: float) -> F32:
    """Lab [h, w, 3] of sRGB 0 to 255, blurred to a splat's resolution."""
    return np.asarray(cv2.cvtColor(cv2.GaussianBlur(rgb, (0, 0), blur_px) / 255, cv2.COLOR_RGB2Lab), np.float32)


def _edge(mask: Mask) -> Mask:
    solid = mask.astype(np.uint8)
    return np.asarray(solid - cv2.erode(solid, np.ones((3, 3), np.uint8)) > 0)


def depth_of(mask: Mask) -> F32:
    """Signed distance to the mask's edge in px, positive inside, limited to height plus width of the picture."""
    solid, limit = mask.astype(np.uint8), float(sum(mask.shape))
    inside, outside = (cv2.distanceTransform(plane, cv2.DIST_L2, 5) for plane in (solid, 1 - solid))
    return np.asarray(np.clip(np.where(mask, inside - 0.5, 0.5 - outside), -limit, limit), np.float32)


def _opened(mask: Mask, radius: float) -> Mask:
    """Morphological opening of a mask by a disc of this radius; the disc may extend beyond the picture.

    Computed by exact distances, so that the time does not depend on the radius.
    """
    limit = np.float32(np.sqrt(np.floor(radius * radius + 0.5) + 0.5))  # between the disc's outermost px and the next
    eroded = _distance_to_outside(mask) > limit
    return _distance_to_outside(~eroded) <= limit if eroded.any() else eroded


def _distance_to_outside(mask: Mask) -> F32:
    """Distance in px of each pixel of a mask to the nearest pixel outside it; infinite if there is none."""
    if mask.all():
        return np.full(mask.shape, np.inf, np.float32)
    return np.asarray(cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE), np.float32)
