"""Joins two models of one product that was turned over between photos: by what both show, and only if shapes agree.

Each half is posed on its own. Its features are triangulated, and the matches between photos of different halves give
pairs of points, to which a similarity is fitted (scale, rotation and translation). It is believed if many points in
different places agree with it, no other similarity has nearly as many, and the silhouettes of both halves enclose one
common shape.
"""

from dataclasses import dataclass, replace

import numpy as np
import pycolmap
from numpy.typing import NDArray

from pipeline.core.arrays import F64, I64
from pipeline.core.colmap.model import NO_POINT, Points, SparseModel
from pipeline.posing.sfm.lift import Matches, lifted
from pipeline.posing.sfm.shapes import Silhouettes, shapes_agree

NEAR = 0.02  # of the points' median distance from their middle: pairs of points this near agree
MIN_PLACES = 12  # that agree, each as wide as 2 NEAR
MIN_SHARE = 0.2  # of the pairs of points
RIVAL_SHARE = 0.5  # of the agreeing pairs: another similarity with more of them makes both doubtful
MIN_SPREAD = 0.1  # of that distance, the second axis of the points that agree: points in a row fix no rotation
TRIALS = 20000


@dataclass(frozen=True)
class Similarity:
    """x' = scale * rotation @ x + translation; points agree with it that lie within `near` of their partners."""

    scale: float
    rotation: F64
    translation: F64
    near: float

    def of(self, points: F64) -> F64:
        """Points [N, 3] in the other frame."""
        return np.asarray(self.scale * points @ self.rotation.T + self.translation)

    def agrees(self, source: F64, target: F64) -> NDArray[np.bool_]:
        """Which points [N, 3] come to lie near their partners [N, 3]."""
        return np.asarray(np.linalg.norm(self.of(source) - target, axis=1) <= self.near)

    def moved(self, model: SparseModel) -> SparseModel:
        """The model in the other frame."""
        return model.moved(self.rotation, -self.rotation.T @ self.translation / self.scale, self.scale)


@dataclass(frozen=True)
class Join:
    """Two models in the frame of the first, and the matches between their photos that agree with it.

    `model` has the photos and points of both; no point is shared yet. `agreed`: image of the first and of the second
    model -> rows of their features, [M, 2].
    """

    model: SparseModel
    agreed: dict[tuple[str, str], I64]


def joined(
    first: SparseModel, second: SparseModel, matches: Matches, error_px: float, silhouettes: Silhouettes, seed: int
) -> Join | None:
    """Join two models of one product, or return None where it is not certain how they belong together.

    `matches` gives the raw matches of two images, of one or of both models; `error_px`: how far features may lie beside
    their points; `silhouettes`: photo -> [h, w] bool.
    """
    here, there = lifted(first, matches, error_px), lifted(second, matches, error_px)
    rows = {(one, other): _known(matches(one, other), here[one], there[other]) for one in here for other in there}
    target = np.concatenate([here[one][pairs[:, 0]] for (one, _), pairs in rows.items()])
    source = np.concatenate([there[other][pairs[:, 1]] for (_, other), pairs in rows.items()])
    found = between(source, target, seed)
    if found is None:
        return None
    moved = found.moved(second)
    if not shapes_agree(first, moved, silhouettes):
        return None
    agree = found.agrees(source, target)
    parts = np.split(agree, np.cumsum([len(pairs) for pairs in rows.values()])[:-1])
    agreed = {names: pairs[part] for (names, pairs), part in zip(rows.items(), parts, strict=True) if part.any()}
    return Join(_merged(first, moved), agreed)


def _known(rows: I64, positions: F64, others: F64) -> I64:
    """The matches [M, 2] of which both features have a position."""
    return rows[~np.isnan(positions[rows[:, 0], 0]) & ~np.isnan(others[rows[:, 1], 0])]


def between(source: F64, target: F64, seed: int) -> Similarity | None:
    """The similarity that leads from points [M, 3] to their partners [M, 3], or None where it is not certain."""
    found = _fitted(source, target, seed)
    if found is None:
        return None
    agree = found.agrees(source, target)
    if agree.mean() < MIN_SHARE or _places(target[agree], found.near) < MIN_PLACES:
        return None
    rest = _fitted(source[~agree], target[~agree], seed)
    if rest is not None and rest.agrees(source, target).sum() > RIVAL_SHARE * agree.sum():
        return None
    widths = np.linalg.svd(target[agree] - target[agree].mean(axis=0), compute_uv=False) / np.sqrt(agree.sum())
    return found if widths[1] >= MIN_SPREAD * _radius(target) else None


def _fitted(source: F64, target: F64, seed: int) -> Similarity | None:
    """The similarity with which most pairs of points [M, 3] agree; None for too few."""
    if len(source) < MIN_PLACES:
        return None
    options = pycolmap.RANSACOptions()
    options.max_error, options.random_seed, options.max_num_trials = NEAR * _radius(target), seed, TRIALS
    found = pycolmap.estimate_sim3d_robust(source, target, options)
    if found is None:
        return None
    sim = found["tgt_from_src"]
    return Similarity(float(sim.scale), sim.rotation.matrix(), np.asarray(sim.translation), options.max_error)


def _places(points: F64, near: float) -> int:
    """In how many different places points [N, 3] lie."""
    return len(np.unique(np.floor(points / (2 * near)), axis=0))


def _radius(points: F64) -> float:
    """The median distance of points [N, 3] from their middle."""
    return float(np.median(np.linalg.norm(points - np.median(points, axis=0), axis=1)))


def _merged(first: SparseModel, second: SparseModel) -> SparseModel:
    """The photos and points of two models in one frame; cameras of both are those of the first."""
    offset = int(first.point_ids.max(initial=0)) + 1
    images = [
        replace(image, point_ids=np.where(image.point_ids == NO_POINT, NO_POINT, image.point_ids + offset))
        for image in second.images
    ]
    positions = np.concatenate([first.points.positions, second.points.positions])
    return SparseModel(
        {**second.cameras, **first.cameras},
        tuple(sorted([*first.images, *images], key=lambda image: image.name)),
        Points(positions, np.concatenate([first.points.colours, second.points.colours])),
        np.concatenate([first.point_ids, second.point_ids + np.uint64(offset)]),
        np.concatenate([first.error_px, second.error_px]),
        first.tracks + second.tracks,
    )
