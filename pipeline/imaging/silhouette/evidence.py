"""Where a matte and a splat's silhouette disagree, and what the photo's own colours say of each such place."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.core.arrays import Pixels
from pipeline.imaging.cutout.matting import UNKNOWN, bounding_box, closed_form

Mask = NDArray[np.bool_]  # [h, w]
Plane = NDArray[np.float32]  # [h, w]
Box = tuple[slice, slice]
Word = Literal["product", "backdrop", "unclear"]
REACH_AT_LEAST = 0.004  # of the long side: a pixel and a half of a splat that was fitted at 384 px
ZONE_AT_MOST = 0.04  # of the long side: how far around a disagreement the outline is sought anew
BLUR_AT_MOST = 0.02  # of the long side: where the silhouette is farther off than that, more blur tells no more
CLEARLY = 2.0  # a colour is clearly of one side when the other side's colours are this many times as far
WELL_DRAWN = 2.0  # a splat explains a spot whose error is up to so many times what 95% of the product have
PRIOR_WEIGHT = 0.02  # how strongly a pixel's colour pulls its alpha; 1: as a neighbour does
SAMPLES, NEIGHBOURS = 3000, 6


@dataclass(frozen=True)
class Drawn:
    """A splat as the photo's camera saw the product: `rgb` [h, w, 3] uint8 straight sRGB, `alpha` [h, w] 0 to 1."""

    rgb: Pixels
    alpha: Plane


@dataclass(frozen=True)
class Disagreement:
    """Matte against silhouette. `worst_px`: how deep the worst fat disagreement reaches beyond the silhouette's edge.

    `iou`: overlap of the two at one half. A spot where the splat shows product and the photo clearly backdrop is the
    splat's fault and does not count for `worst_px`. `reach_px`: see the function.
    """

    iou: float
    worst_px: float
    reach_px: float


@dataclass(frozen=True)
class Piece:
    """One fat disagreement. `missing`: the splat shows product there, the matte does not; `extra`: the reverse."""

    kind: Literal["missing", "extra"]
    mask: Mask
    depth_px: float


@dataclass(frozen=True)
class Clue:
    """What the colours of one piece say. `box`: the piece and its surroundings; `zone`: where its outline may lie.

    `zone` is a mask of the box. `like`, `unlike` [n]: CIE76 of the zone's pixels to the product's and the backdrop's
    colours nearby. `faulty`: the matte is to be corrected here.
    """

    piece: Piece
    box: Box
    zone: Mask
    like: NDArray[np.float32]
    unlike: NDArray[np.float32]
    says: Word

    @property
    def faulty(self) -> bool:
        """Product is added where the photo shows product, and taken away unless it clearly does."""
        return (self.says == "product") == (self.piece.kind == "missing")


@dataclass(frozen=True)
class Evidence:
    """A photo, its matte and the silhouette, measured. Depths in px, positive inside; colours in Lab, blurred."""

    rgb: Pixels
    matte: Mask
    shown: Mask
    reach: float
    matte_depth: Plane
    shown_depth: Plane
    lab: NDArray[np.float32]
    error: Plane  # CIE76 of photo and splat
    usual_error: float
    usable: bool  # False: matte and silhouette have no inside in common, so that there is nothing to go by

    @classmethod
    def of(cls, rgb: Pixels, alpha: Pixels, drawn: Drawn) -> "Evidence":
        """Measure a photo [h, w, 3] and its matte [h, w] against the splat drawn at its place."""
        matte, shown = alpha >= 128, drawn.alpha >= 0.5
        reach, matte_depth, shown_depth = reach_px(matte, shown), depth_of(matte), depth_of(shown)
        sure = (matte_depth > 2 * reach) & (shown_depth > 2 * reach)
        usable = int(sure.sum()) >= 100
        gain = np.median(rgb[sure], axis=0) / np.maximum(np.median(drawn.rgb[sure], axis=0), 1.0) if usable else 1.0
        blur = min(reach / 2, BLUR_AT_MOST * max(matte.shape))
        lab = _lab(rgb.astype(np.float32), blur)
        like = _lab(np.minimum(drawn.rgb * np.clip(gain, 1 / 1.15, 1.15), 255).astype(np.float32), blur)
        error = np.asarray(np.linalg.norm(lab - like, axis=2), np.float32)
        usual = float(np.percentile(error[sure], 95)) if usable else 0.0
        return cls(rgb, matte, shown, reach, matte_depth, shown_depth, lab, error, usual, usable)

    @cached_property
    def clues(self) -> tuple[Clue, ...]:
        """One for each place where matte and silhouette disagree by more than the silhouette is uncertain."""
        return tuple(self._clue(piece) for piece in fat_pieces(self.matte, self.shown, self.reach))

    def disagreement(self) -> Disagreement:
        """How far the two disagree, without what is the splat's own fault."""
        either = int((self.matte | self.shown).sum())
        iou = int((self.matte & self.shown).sum()) / either if either else 1.0
        open_ = [c.piece for c in self.clues if c.piece.kind == "extra" or c.says != "backdrop" or not self.usable]
        return Disagreement(iou, max((piece.depth_px for piece in open_), default=0.0), self.reach)

    def _clue(self, piece: Piece) -> Clue:
        """Compare a piece's colours with the product's and the backdrop's nearby, and with the splat's.

        Photos that quarrel by so much have put the silhouette itself in doubt by as much, on the side where mattes
        spill over: there the zone is as wide as the disagreement is deep.
        """
        most, extra = ZONE_AT_MOST * max(self.matte.shape), piece.kind == "extra"
        wide = min(max(2 * self.reach, piece.depth_px if extra else 0.0), most)
        box = around(piece.mask, 4 * min(max(2 * self.reach, piece.depth_px), most))
        mask, lab = piece.mask[box], self.lab[box]
        zone = depth_of(mask) > -wide
        inner, outer = (np.minimum(sign * self.matte_depth[box], sign * self.shown_depth[box]) for sign in (1, -1))
        like = _distance(lab[inner > wide + self.reach], lab[zone])
        unlike = _distance(lab[outer > self.reach], lab[zone])
        product, backdrop = float(np.median(like[mask[zone]])), float(np.median(unlike[mask[zone]]))
        drawn = not extra and float(np.median(self.error[box][mask])) <= WELL_DRAWN * self.usual_error
        says: Word = "unclear"
        if backdrop * CLEARLY < product:
            says = "backdrop"
        elif product * CLEARLY < backdrop or drawn:
            says = "product"
        return Clue(piece, box, zone, like, unlike, says)

    def settled(self, clue: Clue) -> Mask:
        """What is product in the clue's zone, by the photo's colours and edges; a mask of its box."""
        mask, shown, matte = clue.piece.mask[clue.box], self.shown_depth[clue.box], self.matte[clue.box]
        like = np.minimum(clue.like, self.error[clue.box][clue.zone]) if clue.piece.kind == "missing" else clue.like
        trimap = np.where(matte, 255, 0).astype(np.uint8)
        trimap[clue.zone] = UNKNOWN
        trimap[mask & (shown < -2 * self.reach)] = 0
        trimap[mask & (shown > 2 * self.reach)] = 255
        prior = np.zeros(mask.shape, np.float32)
        prior[clue.zone] = clue.unlike**2 / np.maximum(like**2 + clue.unlike**2, 1e-6)
        if clue.piece.kind == "missing":  # the other photos' word counts as much as the colours'
            prior = (prior + np.clip(0.5 + shown / (2 * self.reach), 0, 1)) / 2
        weight = np.full(mask.shape, PRIOR_WEIGHT, np.float32)
        inside = closed_form(np.ascontiguousarray(self.rgb[clue.box]), trimap, prior, weight) >= 0.5
        return _opened(inside, self.reach / 2) | (inside & matte & ~mask)  # no specks, yet thin parts that were there


def reach_px(matte: Mask, shown: Mask) -> float:
    """The silhouette's uncertainty: three times the median distance of the two edges, which is its 95th percentile.

    A median is blind to what is wrong with less than half of the outline; a pose that is off makes it large, and then
    less is corrected.
    """
    least = REACH_AT_LEAST * max(matte.shape)
    edge = _edge(matte)
    return max(least, 3.0 * float(np.median(np.abs(depth_of(shown)[edge])))) if edge.any() else least


def fat_pieces(matte: Mask, shown: Mask, reach: float) -> Iterator[Piece]:
    """The disagreements that are thicker than twice `reach`."""
    depth = np.abs(depth_of(shown))
    for missing, where in ((True, shown & ~matte), (False, matte & ~shown)):
        count, labels = cv2.connectedComponents(_opened(where, reach).astype(np.uint8))
        for index in range(1, count):
            mask = labels == index
            yield Piece("missing" if missing else "extra", mask, float(depth[mask].max()))


def around(mask: Mask, margin_px: float) -> Box:
    """Rows and columns that hold a mask and a margin around it; the whole picture where the mask is empty."""
    return bounding_box(mask, margin_px=round(margin_px)) or (slice(None), slice(None))


def _distance(samples: NDArray[np.float32], wanted: NDArray[np.float32]) -> NDArray[np.float32]:
    """CIE76 [n] from each wanted colour [n, 3] to the nearest samples [m, 3]; very far where there are none."""
    from scipy.spatial import cKDTree

    if len(samples) < NEIGHBOURS:
        return np.full(len(wanted), 1e3, np.float32)
    chosen = samples[np.random.default_rng(0).permutation(len(samples))[:SAMPLES]]
    return np.asarray(cKDTree(chosen).query(wanted, k=NEIGHBOURS)[0].mean(axis=1), np.float32)


def _lab(rgb: NDArray[np.float32], blur_px: float) -> NDArray[np.float32]:
    """Lab [h, w, 3] of sRGB 0 to 255, blurred to what a splat resolves."""
    return np.asarray(cv2.cvtColor(cv2.GaussianBlur(rgb, (0, 0), blur_px) / 255, cv2.COLOR_RGB2Lab), np.float32)


def _edge(mask: Mask) -> Mask:
    solid = mask.astype(np.uint8)
    return np.asarray(solid - cv2.erode(solid, np.ones((3, 3), np.uint8)) > 0)


def depth_of(mask: Mask) -> Plane:
    """Signed distance to the mask's edge, px, positive inside; a mask without an edge has it beyond the picture."""
    solid, beyond = mask.astype(np.uint8), float(sum(mask.shape))
    inside, outside = (cv2.distanceTransform(plane, cv2.DIST_L2, 5) for plane in (solid, 1 - solid))
    return np.asarray(np.clip(np.where(mask, inside - 0.5, 0.5 - outside), -beyond, beyond), np.float32)


def _opened(mask: Mask, radius: float) -> Mask:
    """What of a mask a disc of this radius fits into; the picture's edge cuts no disc off.

    By exact distances, so that the wide discs of a silhouette that is far off take no longer than narrow ones.
    """
    furthest = np.float32(np.sqrt(np.floor(radius * radius + 0.5) + 0.5))  # between the disc's last px and the next
    kept = _away(mask) > furthest
    return _away(~kept) <= furthest if kept.any() else kept


def _away(mask: Mask) -> Plane:
    """Distance of each pixel of a mask to the nearest that is not in it, px; very far where there is none."""
    if mask.all():
        return np.full(mask.shape, np.inf, np.float32)
    return np.asarray(cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE), np.float32)
