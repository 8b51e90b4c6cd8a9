"""Triangulates the features of a model from its poses and the raw matches, which COLMAP's verification partly drops.

Where one flat side of a product has most of the matches, COLMAP verifies that plane and drops what lies off it. These
few features are often all that the two halves of a product that was turned over share.
"""

from collections.abc import Callable
from itertools import combinations

import cv2
import numpy as np

from pipeline.core.arrays import F64, I64
from pipeline.core.colmap.model import PosedImage, SparseModel

MIN_ANGLE_DEG = 2.0
Matches = Callable[[str, str], I64]
"""The matches [M, 2] of two images by name: rows of their features."""


def lifted(model: SparseModel, matches: Matches, error_px: float) -> dict[str, F64]:
    """Positions of the features of each image, [N, 3] in the model's frame, NaN where no match gives one.

    A match counts if its two rays meet at an angle of 2 deg at least, in front of both cameras, and miss by less than
    `error_px`. A feature with several matches lies at the median of what they give.
    """
    rays = {image.name: _rays(model, image) for image in model.images}
    found: dict[str, list[tuple[I64, F64]]] = {image.name: [] for image in model.images}
    for first, second in combinations(model.images, 2):
        rows = matches(first.name, second.name)
        if not len(rows):
            continue
        limits = [error_px / model.cameras[image.camera_id].matrix()[0, 0] for image in (first, second)]
        points, good = _met(
            first.centre, rays[first.name][rows[:, 0]], second.centre, rays[second.name][rows[:, 1]], limits
        )
        for column, image in enumerate((first, second)):
            found[image.name].append((rows[good, column], points[good]))
    return {image.name: _medians(found[image.name], len(image.features_px)) for image in model.images}


def _rays(model: SparseModel, image: PosedImage) -> F64:
    """Unit directions [N, 3] in the model's frame in which an image sees its features."""
    if not len(image.features_px):
        return np.zeros((0, 3))
    camera = model.cameras[image.camera_id]
    flat = cv2.undistortPoints(image.features_px[:, None], camera.matrix(), camera.distortion())[:, 0]
    seen = np.column_stack([flat, np.ones(len(flat))])
    return np.asarray(seen / np.linalg.norm(seen, axis=1, keepdims=True) @ image.cam_from_world[:3, :3])


def _met(centre: F64, rays: F64, other: F64, other_rays: F64, limits: list[float]) -> tuple[F64, np.ndarray]:
    """The points [M, 3] nearest to both of two rays, and whether the rays meet there: [M] bool.

    `limits`: angles in radians by which the point may lie beside the first and the second ray.
    """
    cosine = (rays * other_rays).sum(axis=1)
    apart = 1.0 - cosine**2
    good = apart > np.sin(np.radians(MIN_ANGLE_DEG)) ** 2
    apart = np.where(good, apart, 1.0)
    between = other - centre
    along, along_other = rays @ between, other_rays @ between
    depth = (along - cosine * along_other) / apart
    other_depth = (cosine * along - along_other) / apart
    points = (centre + depth[:, None] * rays + other + other_depth[:, None] * other_rays) / 2
    miss = np.linalg.norm(points - centre - depth[:, None] * rays, axis=1)
    good &= (depth > 0) & (other_depth > 0)
    good &= (miss < limits[0] * np.abs(depth)) & (miss < limits[1] * np.abs(other_depth))
    return points, good


def _medians(found: list[tuple[I64, F64]], count: int) -> F64:
    """The median position [count, 3] of each feature; NaN for those without."""
    positions = np.full((count, 3), np.nan)
    rows = np.concatenate([np.zeros(0, np.int64), *(rows for rows, _ in found)])
    if not len(rows):
        return positions
    points = np.concatenate([points for _, points in found])
    order = np.argsort(rows, kind="stable")
    features, starts = np.unique(rows[order], return_index=True)
    for feature, group in zip(features, np.split(points[order], starts[1:]), strict=True):
        positions[feature] = np.median(group, axis=0)
    return positions
