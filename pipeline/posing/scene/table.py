"""Finds the table that a product stands on, as a plane among the points of a model of whole photos."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.core.arrays import F32, F64
from pipeline.core.colmap.model import SparseModel
from pipeline.posing.frame import aim_point, level_up

SAMPLES, ANCHORS, SCORED = 1000, 60, 2500
LOWEST_PARTS = 1, 3, 8  # triples are drawn from all points, the lowest third and the lowest eighth
FINALISTS = 12
UNDER_WEIGHT = 1.5
TILT_DEG = 20.0
NOISE_PX = 3.0  # how far a point on the table may lie off it, in px of a camera at the usual distance
REACH = 1.5  # points farther from the aim than this many camera distances are the room, not the table
LOWEST_VIEW_DEG, HIGHEST_VIEW_DEG = 3.0, 89.0
CAMERAS_ABOVE = 0.95
MIN_TABLE_POINTS, MIN_PRODUCT_POINTS = 20, 12
FEW_POINTS = 30  # with so many points on the plane, its confidence is half of its share
LINK = 0.05  # points of the product are at most this many camera distances apart


@dataclass(frozen=True)
class Table:
    """A plane `up @ x = height` and what stands on it, in the model's frame.

    `up`: [3] unit, towards the cameras. `noise`: half the thickness within which points count as on the plane.
    `share`: of the points near the product that are on the plane or above it, 0 to 1: low where the plane cuts through
    something. `aim`: [3], where the cameras aim. `distance`: the median camera's distance from it. `on`, `product`:
    [N] bool over the model's points.
    """

    up: F64
    height: float
    noise: float
    share: float
    aim: F64
    distance: float
    on: NDArray[np.bool_]
    product: NDArray[np.bool_]

    @property
    def confidence(self) -> float:
        """How sure the plane is the table, 0 to 1: its `share`, lower the fewer points lie on it."""
        count = int(self.on.sum())
        return self.share * count / (count + FEW_POINTS)


def find_table(model: SparseModel, seed: int) -> Table | None:
    """The plane with the most points near the aim that all cameras see from above and that carries a product.

    Returns None when no plane does, for instance because the product hangs or nothing but the product was matched.
    """
    poses = np.stack([image.cam_from_world for image in model.images])
    centres = np.stack([image.centre for image in model.images])
    aim = aim_point(poses[:, :3, :3], poses[:, :3, 3])
    distance = float(np.median(np.linalg.norm(centres - aim, axis=1)))
    xyz = model.points.positions
    focal_px = float(np.median([model.camera_of(image).fx_px for image in model.images]))
    noise = NOISE_PX * distance / focal_px
    near = np.linalg.norm(xyz - aim, axis=1) < REACH * distance
    if near.sum() < MIN_TABLE_POINTS + MIN_PRODUCT_POINTS:
        return None
    plane = _dominant(xyz[near], centres, aim, level_up(poses[:, :3, :3]), noise, np.random.default_rng(seed))
    if plane is None:
        return None
    up, height = plane
    above = xyz @ up - height
    on = near & (np.abs(above) < noise)
    product = _standing(xyz, above, noise, aim, centres, distance)
    if on.sum() < MIN_TABLE_POINTS or product.sum() < MIN_PRODUCT_POINTS or not _around_product(xyz, up, on, product):
        return None
    close = np.linalg.norm(xyz - aim, axis=1) < 0.5 * distance
    share = float((above[close] > -noise).mean())
    return Table(up, height, noise, share, aim, distance, on, product)


def _dominant(
    xyz: F64, centres: F64, aim: F64, level: F64, noise: float, generator: np.random.Generator
) -> tuple[F64, float] | None:
    """The best plane (up, height) near the points [N, 3] that every camera sees from above.

    Candidates are planes through three points, of all and of the lowest, for a mat with few features has too few for
    triples of all, and the heights of some points in directions around `level`. The best ones are fitted to their own
    points and compared again. Points under the plane near the aim count against it, for a table hides what is below it.
    """
    weights = 1 / (1 + (np.linalg.norm(xyz - aim, axis=1) / np.linalg.norm(centres - aim, axis=1).mean()) ** 2)
    upwards = xyz[np.argsort(xyz @ level, kind="stable")]
    triples = [_through_triples(upwards[: max(3, len(xyz) // part)], centres, generator) for part in LOWEST_PARTS]
    tilted = _around(level)
    anchors = xyz[generator.choice(len(xyz), min(len(xyz), ANCHORS), replace=False, p=weights / weights.sum())]
    normals = np.concatenate([*(normals for normals, _ in triples), np.repeat(tilted, len(anchors), axis=0)])
    heights = np.concatenate([*(heights for _, heights in triples), (tilted @ anchors.T).ravel()])
    views = (centres - aim) / np.linalg.norm(centres - aim, axis=1)[:, None]
    steepness_deg = np.degrees(np.arcsin(np.clip(np.median(views @ normals.T, axis=0), -1, 1)))
    seen = (centres @ normals.T > heights).mean(axis=0) >= CAMERAS_ABOVE
    fits = seen & (steepness_deg > LOWEST_VIEW_DEG) & (steepness_deg < HIGHEST_VIEW_DEG)
    normals, heights = normals[fits], heights[fits]
    if not len(normals):
        return None
    some = generator.choice(len(xyz), min(len(xyz), SCORED), replace=False)
    score = np.concatenate(
        [
            _support(xyz[some], weights[some], normals[i : i + 2000], heights[i : i + 2000], noise)
            for i in range(0, len(normals), 2000)
        ]
    )
    tilt_deg = np.degrees(np.arccos(np.clip(normals @ level, -1, 1)))
    score *= np.exp(-((tilt_deg / TILT_DEG) ** 2) / 2)
    best = np.argsort(-score, kind="stable")[:FINALISTS]
    planes = [_refined(xyz, normals[i], float(heights[i]), noise) for i in best]
    ups, levels = np.stack([up for up, _ in planes]), np.array([height for _, height in planes])
    return planes[int(_support(xyz, weights, ups, levels, noise).argmax())]


def _support(xyz: F64, weights: F64, normals: F64, heights: F64, noise: float) -> F32:
    """Score [M] of the planes: weight of the points [N, 3] on each, less that of the points under it."""
    off: F32 = ((xyz.astype(np.float32) @ normals.T.astype(np.float32)) - heights.astype(np.float32)) / np.float32(
        noise
    )
    share = weights.astype(np.float32)
    on, under = np.maximum(0, 1 - off**2), np.clip(-off / 2 - 1, 0, 1)
    return np.asarray(share @ on - UNDER_WEIGHT * (share @ under), np.float32)


def _through_triples(xyz: F64, centres: F64, generator: np.random.Generator) -> tuple[F64, F64]:
    """Planes through random triples of the points: unit normals [M, 3] towards the cameras, and heights [M]."""
    triples = generator.integers(0, len(xyz), (SAMPLES, 3))
    a, b, c = xyz[triples[:, 0]], xyz[triples[:, 1]], xyz[triples[:, 2]]
    normals = np.cross(b - a, c - a)
    lengths = np.linalg.norm(normals, axis=1)
    good = lengths > 1e-12
    normals = normals[good] / lengths[good, None]
    heights = (normals * a[good]).sum(axis=1)
    flip = np.where(np.median(centres @ normals.T - heights, axis=0) < 0, -1.0, 1.0)
    return normals * flip[:, None], heights * flip


def _around(level: F64) -> F64:
    """Unit directions [M, 3] within 30 degrees of `level`, about 3 degrees apart."""
    first = np.cross(level, np.eye(3)[int(np.abs(level).argmin())])
    first /= np.linalg.norm(first)
    second = np.cross(level, first)
    steps = np.tan(np.radians(np.arange(-30, 31, 3)))
    across, along = (part.ravel() for part in np.meshgrid(steps, steps))
    round_ = across**2 + along**2 <= np.tan(np.radians(30)) ** 2
    directions = level + across[round_, None] * first + along[round_, None] * second
    return np.asarray(directions / np.linalg.norm(directions, axis=1)[:, None])


def _refined(xyz: F64, up: F64, height: float, noise: float) -> tuple[F64, float]:
    """The plane fitted to its own points, three times; a plane with fewer than three points stays."""
    for _ in range(3):
        inliers = xyz[np.abs(xyz @ up - height) < noise]
        if len(inliers) < 3:
            break
        middle = inliers.mean(axis=0)
        normal = np.linalg.svd(inliers - middle, full_matrices=False)[2][2]
        up = normal if normal @ up > 0 else -normal
        height = float(up @ middle)
    return up, height


def _around_product(xyz: F64, up: F64, on: NDArray[np.bool_], product: NDArray[np.bool_]) -> bool:
    """Whether the plane's points reach beyond the product: those of a product's own base do not."""
    across = xyz - (xyz @ up)[:, None] * up
    middle = np.median(across[product], axis=0)
    far = np.linalg.norm(across - middle, axis=1)
    return bool(np.median(far[on]) > np.median(far[product]))


def _standing(xyz: F64, above: F64, noise: float, aim: F64, centres: F64, distance: float) -> NDArray[np.bool_]:
    """The points [N] that stand on the plane at the aim: of the connected groups there, the one with most weight."""
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    reach = 0.8 * float(np.linalg.norm(centres - aim, axis=1).min())
    candidates = np.flatnonzero((above > 2 * noise) & (np.linalg.norm(xyz - aim, axis=1) < reach))
    chosen = np.zeros(len(xyz), bool)
    if not len(candidates):
        return chosen
    near = cKDTree(xyz[candidates]).sparse_distance_matrix(cKDTree(xyz[candidates]), LINK * distance)
    count, group = connected_components(near, directed=False)
    off_axis = np.linalg.norm(xyz[candidates] - aim, axis=1) / distance
    weights = np.bincount(group, np.exp(-((off_axis / 0.2) ** 2)), minlength=count)
    chosen[candidates[group == weights.argmax()]] = True
    return chosen
