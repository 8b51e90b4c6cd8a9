"""Compares each silhouette of a posed shoot with the shape on which the others agree, and corrects its seeds by it.

The shape is a visual hull that tolerates wrong silhouettes (Laurentini, 1994): a cell of the box belongs to it if most
of the other photos that see it show product there. A photo never votes on its own silhouette.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.core.arrays import F32, Mask, Pixels
from pipeline.posing.hull import PosedMatte, project_px
from pipeline.posing.scene.carve import Box

CELLS = 64
MOST, NEARLY_ALL = 0.8, 0.95  # shares of the photos: less is outside the product, more is inside
SEEN_FRACTION = 0.5  # of the photos must see a cell before it can be missing from one
SEEN_BY = 3  # photos; a cell seen by fewer may be product
HULL_ALONE = 18  # fewer other photos leave the hull so wide that colours must confirm what a silhouette lacks
BLUR = 0.6  # cells; disagreements that contain no disc of this radius are outlines of cells, not pieces
BAND = 1.5  # cells; seeds keep this distance from the hull's outline
PRODUCT, UNKNOWN, BACKDROP = 255, 128, 0


@dataclass(frozen=True)
class ShapeFit:
    """Pieces of a silhouette that contradict the other photos, as shares of its area.

    `extra`: product here, although the others show that nothing is there. `lost`: the reverse, 0 to any.
    """

    extra: float
    lost: float


@dataclass(frozen=True)
class Others:
    """What the other photos say about one, in the size of its silhouette, [h, w] bool each.

    `inside`: nearly all of them show product there. `likely`: most of them do. `possible`: most of the few that see the
    place do, or hardly any sees it. `cell_px`: the length of a cell. `count`: of the other photos.
    """

    inside: Mask
    likely: Mask
    possible: Mask
    cell_px: float
    count: int

    def fit(self, silhouette: Mask, seeds: Pixels) -> ShapeFit:
        """How well a silhouette fits; `seeds`: uint8 of any size, see `structure`, what colours say."""
        extra, lost = self._contradictions(silhouette, seeds)
        area = max(int(silhouette.sum()), 1)
        return ShapeFit(float(extra.sum() / area), float(lost.sum() / area))

    def corrected(self, silhouette: Mask, seeds: Pixels) -> Pixels:
        """The seeds of the photo, [h, w] uint8, corrected at the pieces of its silhouette that contradict the others.

        What few of them show is backdrop; what nearly all show is product if the colours agree, else unknown.
        """
        size = seeds.shape[1], seeds.shape[0]
        extra, lost = (
            cv2.resize(self._around(pieces), size, interpolation=cv2.INTER_NEAREST) > 0
            for pieces in self._contradictions(silhouette, seeds)
        )
        deep, likely, far = (
            cv2.resize(self._depth(where), size, interpolation=cv2.INTER_LINEAR)
            for where in (self.inside, self.likely, ~self.possible)
        )
        better = seeds.copy()
        better[lost & (deep > BAND) & (seeds < UNKNOWN)] = UNKNOWN
        better[lost & (likely > BAND) & (seeds >= UNKNOWN)] = PRODUCT
        better[extra & (far > BAND) & (seeds < PRODUCT)] = BACKDROP
        return better

    def _contradictions(self, silhouette: Mask, seeds: Pixels) -> tuple[Mask, Mask]:
        """The pieces that are too much, and those that are missing, [h, w] bool."""
        told = _resized(seeds, silhouette.shape)
        sure = told > PRODUCT - 1
        agreed = self.likely & (told > UNKNOWN)
        if self.count >= HULL_ALONE:
            agreed |= self.inside & (told > BACKDROP)
        return self._pieces(silhouette & ~self.possible & ~sure), self._pieces((agreed | sure) & ~silhouette)

    def _pieces(self, where: Mask) -> Mask:
        """The parts that are wider than what cells leave open."""
        radius = max(1, round(BLUR * self.cell_px))
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1,) * 2)
        return cv2.morphologyEx(np.asarray(where, np.uint8), cv2.MORPH_OPEN, disc) > 0

    def _around(self, pieces: Mask) -> Pixels:
        """The pieces and what is near them, [h, w], 0 or 1."""
        reach = max(1, round(2 * BAND * self.cell_px))
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1,) * 2)
        return np.asarray(cv2.dilate(pieces.astype(np.uint8), disc), np.uint8)

    def _depth(self, where: Mask) -> F32:
        """Distance to the region's outline from inside, in cells, [h, w]."""
        return np.asarray(cv2.distanceTransform(where.astype(np.uint8), cv2.DIST_L2, 5) / self.cell_px, np.float32)


def others(mattes: Sequence[PosedMatte], votes: Sequence[bool], box: Box) -> list[Others]:
    """What the other photos say about each, from the cells of the box. `votes`: whether a photo is heard, for each."""
    grid, step = box.grid(CELLS)
    looked = [_looked_up(matte, grid) for matte in mattes]
    seen, approved = np.zeros(len(grid), np.int32), np.zeros(len(grid), np.int32)
    for (at, product, _), heard in zip(looked, votes, strict=True):
        seen += heard & (at >= 0)
        approved += heard & product
    found = []
    for matte, (at, product, depth), heard in zip(mattes, looked, votes, strict=True):
        count, told, agreed = sum(votes) - heard, seen - (heard & (at >= 0)), approved - (heard & product)
        cell_px = max(1.0, step / depth * matte.camera.fx_px * matte.inside.shape[1] / matte.camera.width_px)
        voted, most = (told >= SEEN_FRACTION * count) & (told > 0), agreed >= MOST * told
        inside, likely, possible = (
            _drawn(at[kept & (at >= 0)], cell_px, matte.inside.shape)
            for kept in (voted & (agreed >= NEARLY_ALL * told), voted & most, most | (told < SEEN_BY))
        )
        found.append(Others(inside, likely, possible, cell_px, count))
    return found


def _drawn(at: NDArray[np.int32], cell_px: float, shape: tuple[int, ...]) -> Mask:
    """The silhouette [h, w] of cells at the pixels `at` [N], without the gaps between them."""
    inside = np.zeros(shape, np.uint8)
    inside.ravel()[at] = 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * max(1, round(0.6 * cell_px)) + 1,) * 2)
    return cv2.morphologyEx(inside, cv2.MORPH_CLOSE, disc) > 0


def _looked_up(matte: PosedMatte, grid: NDArray[np.float64]) -> tuple[NDArray[np.int32], NDArray[np.bool_], float]:
    """The pixel of each cell [N] in the flat silhouette, -1 outside; whether it is product, [N]; the usual depth."""
    height, width = matte.inside.shape
    pixels, depth = project_px(matte.camera, matte.cam_from_world, grid)
    place = np.floor(pixels * [width / matte.camera.width_px, height / matte.camera.height_px])
    visible = (depth > 0) & (place >= 0).all(axis=1) & (place < [width, height]).all(axis=1)
    at = np.full(len(grid), -1, np.int32)
    at[visible] = (place[visible, 1] * width + place[visible, 0]).astype(np.int32)
    return at, visible & matte.inside.ravel()[at], float(np.median(depth[visible])) if visible.any() else np.inf


def _resized(seeds: Pixels, shape: tuple[int, ...]) -> F32:
    """Seeds in another size, [h, w]."""
    return np.asarray(
        cv2.resize(seeds.astype(np.float32), (shape[1], shape[0]), interpolation=cv2.INTER_AREA), np.float32
    )
