"""Finds which way is up from flat faces of the product: one that lies, and those that stand.

A single face could be a slope of the product, so it only confirms another source; several that agree count more.
"""

import numpy as np

from pipeline.core.arrays import F64, Mask
from pipeline.core.domain import angle_between_deg

NEAR_DEG = 25.0
"""A face that leans further than this from the first guess neither lies nor stands."""
FACES = 5
FACE_SHARE = 0.1
THICKNESS = 0.006  # of the points' extent
TRIALS = 400
MIN_POINTS = 60
SIGMA_ALONE_DEG, SIGMA_AGREEING_DEG = 2.5, 1.2
AGREE_DEG = 2.0
CROSSED = 0.25


def base(points: F64, guess: F64, seed: int = 0) -> tuple[F64, float] | None:
    """Up [3] from the product's faces and its standard deviation in degrees; None without faces near `guess` [3].

    `points`: [N, 3] on the product.
    """
    normals = faces(points, seed)
    lying = next((normal for normal in normals if _lean_deg(normal, guess) < NEAR_DEG), None)
    standing = np.array([normal for normal in normals if _lean_deg(normal, guess) > 90.0 - NEAR_DEG]).reshape(-1, 3)
    spread, axes = np.linalg.eigh(standing.T @ standing / max(len(standing), 1))
    crossed = len(standing) >= 2 and spread[1] > CROSSED and _lean_deg(axes[:, 0], guess) < NEAR_DEG
    edge = axes[:, 0] if crossed else None
    up = lying if edge is None else edge
    if up is None:
        return None
    agreeing = edge is not None and (
        (lying is not None and _lean_deg(lying, edge) <= AGREE_DEG)
        or (len(standing) >= 3 and float(np.degrees(np.abs(standing @ edge).max())) <= AGREE_DEG)
    )
    return up * np.sign(up @ guess), SIGMA_AGREEING_DEG if agreeing else SIGMA_ALONE_DEG


def faces(points: F64, seed: int = 0) -> list[F64]:
    """Unit normals [3] of flat faces with at least 10% of the points each, largest first (RANSAC, one by one)."""
    rng, left, normals = np.random.default_rng(seed), points, list[F64]()
    if len(points) < MIN_POINTS:
        return normals
    low, high = np.percentile(points, [5.0, 95.0], axis=0)
    thickness = THICKNESS * float(np.linalg.norm(high - low))
    while len(normals) < FACES and len(left) >= 3:
        inside = _largest_plane(left, thickness, rng)
        if inside.sum() < FACE_SHARE * len(points):
            break
        centred = left[inside] - left[inside].mean(axis=0)
        spread, axes = np.linalg.eigh(centred.T @ centred / len(centred))
        if spread[1] > 9 * spread[0]:  # a face, not a line of points
            normals.append(axes[:, 0])
        left = left[~inside]
    return normals


def _largest_plane(points: F64, thickness: float, rng: np.random.Generator) -> Mask:
    """Which points [N] lie on the plane that holds most of them."""
    corners = points[rng.integers(0, len(points), (TRIALS, 3))]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals = normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    away = np.abs(points @ normals.T - (normals * corners[:, 0]).sum(axis=1))
    drawn_twice = (normals == 0).all(axis=1)
    inside = (away < thickness) & ~drawn_twice
    return np.asarray(inside[:, int(inside.sum(axis=0).argmax())])


def _lean_deg(axis: F64, up: F64) -> float:
    """The angle between two axes without direction, 0 to 90 deg."""
    angle = angle_between_deg(axis, up)
    return min(angle, 180.0 - angle)
