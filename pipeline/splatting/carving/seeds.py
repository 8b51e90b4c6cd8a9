"""Where a fit starts: points on the product's surface, as the photos show it, or where they do not, on the hull."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from pipeline.core.arrays import F64
from pipeline.core.colmap.model import Points
from pipeline.core.domain import camera_centre
from pipeline.splatting.carving.hull import MISSES, Hull, carve, colours_of, misses
from pipeline.splatting.carving.refine import refine
from pipeline.splatting.carving.sweep import DepthMap, Sweep, sweep
from pipeline.splatting.photos import PreparedPhoto

_SEE_THROUGH = 2  # net votes (`Sweep.see_through`) from which a point of the hull is not surface
_NEAR = (
    0.008  # share of the hull's box: a point of the hull or of SfM nearer than this to a photographed one adds nothing
)
_THINNINGS = 5
_MAP_POINTS_MAX = 1_500_000  # of all depth maps together


@dataclass(frozen=True)
class Seeds:
    """`positions` [N, 3], world units; `normals` [N, 3], unit length, or 0 where unknown; `colours` [N, 3], sRGB."""

    positions: F64
    normals: F64
    colours: NDArray[np.uint8]


def unoriented(points: Points) -> Seeds:
    """Return points whose normals are unknown."""
    return Seeds(points.positions, np.zeros_like(points.positions), points.colours)


def starting_points(sparse: Points, photos: list[PreparedPhoto], count: int, rng: np.random.Generator) -> Seeds:
    """Return at most `count` points on the surface, and the sparse points inside the hull that they do not replace."""
    allowed = max(MISSES, len(photos) // 12)
    keep = misses(sparse.positions, photos, 2) <= allowed
    kept = Points(sparse.positions[keep], sparse.colours[keep])
    around = kept.positions if len(kept.positions) >= 20 else _axes_box(photos)
    low, high = np.quantile(around, 0.02, axis=0), np.quantile(around, 0.98, axis=0)
    reach = np.maximum((high - low) * 0.5, 0.3 * (high - low).max())
    hull = carve((low - reach, high + reach), photos)
    if not hull.solid.any():
        return unoriented(kept)
    hull = carve(hull.box(), photos)  # again, now that the box is tight
    if not hull.solid.any():
        return unoriented(kept)
    return _on_surface(kept, hull, photos, count, rng)


def _on_surface(sparse: Points, hull: Hull, photos: list[PreparedPhoto], count: int, rng: np.random.Generator) -> Seeds:
    """Top sparse points up to `count` with what the photos see, and with the hull's surface where they see nothing.

    The hull is not surface where photos see through it: no matte shows the inside of a cup, and the hull closes it with
    a lid, which a fit would paint differently for each photo.
    """
    low, high = hull.box()
    size = float((high - low).max())
    swept = refine(sweep(photos, (low, high)), photos, size)
    points, directions = photographed(swept, photos, rng)
    samples, outward = hull.surface(count, rng)
    bare = swept.see_through(samples) < _SEE_THROUGH
    loose = np.ones(len(sparse.positions), np.bool_)
    if len(points):
        tree = cKDTree(points)
        bare &= tree.query(samples)[0] > _NEAR * size
        loose = tree.query(sparse.positions)[0] > _NEAR * size if len(loose) else loose
    room = max(0, count - int(loose.sum()))
    points, directions = thinned(points, directions, round(room * (1 - bare.mean())))
    pick = np.flatnonzero(bare)
    pick = rng.choice(pick, min(len(pick), max(0, room - len(points))), replace=False)
    positions = np.concatenate([sparse.positions[loose], points, samples[pick]])
    normals = np.concatenate([np.zeros((int(loose.sum()), 3)), directions, outward[pick]])
    colours = colours_of(positions[loose.sum() :], normals[loose.sum() :], photos)
    return Seeds(positions, normals, np.concatenate([sparse.colours[loose], colours]))


def photographed(swept: Sweep, photos: list[PreparedPhoto], rng: np.random.Generator) -> tuple[F64, F64]:
    """Return the surface points [N, 3] of all depth maps that no two mattes contradict, and their normals [N, 3]."""
    found = [(m.points()[m.known], normals_of(m)[m.known]) for m in swept.maps]
    points, normals = (np.concatenate(parts) for parts in zip(*found, strict=True))
    if len(points) > _MAP_POINTS_MAX:
        pick = rng.choice(len(points), _MAP_POINTS_MAX, replace=False)
        points, normals = points[pick], normals[pick]
    inside = misses(points, photos, 0) <= MISSES
    return points[inside], normals[inside]


def normals_of(depth_map: DepthMap) -> F64:
    """Return the unit normals [H, W, 3] of a depth map's surface, towards the camera."""
    points = depth_map.points()
    normal = np.cross(np.gradient(points, axis=0), np.gradient(points, axis=1))
    towards = camera_centre(depth_map.photo.cam_from_world) - points
    normal *= np.sign((normal * towards).sum(axis=-1, keepdims=True))
    unit: F64 = normal / np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-12)
    return unit


def thinned(points: F64, normals: F64, count: int) -> tuple[F64, F64]:
    """Average points [N, 3] and normals over cells of a grid, as many as leave about `count`, at most that."""
    if len(points) <= count:
        return points, normals
    if count <= 0:
        return points[:0], normals[:0]
    size = max(float(np.ptp(points, axis=0).max()), 1e-9) / np.sqrt(count)
    for _ in range(_THINNINGS):  # a surface fills cells in proportion to the inverse square of their size
        cells = _cells(points, size)
        size *= np.sqrt((cells.max() + 1) / count)
    while (cells := _cells(points, size)).max() + 1 > count:
        size *= 1.02
    share = np.bincount(cells)[:, None]
    mean, normal = (
        np.stack([np.bincount(cells, values[:, axis]) for axis in range(3)], axis=-1) / share
        for values in (points, normals)
    )
    return mean, normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)


def _cells(points: F64, size: float) -> NDArray[np.int64]:
    """Number the occupied cells of a grid, from 0; return the number of each point's cell."""
    at = np.floor((points - points.min(axis=0)) / size).astype(np.int64)
    rows, columns = at[:, 1].max() + 1, at[:, 2].max() + 1
    _, cells = np.unique((at[:, 0] * rows + at[:, 1]) * columns + at[:, 2], return_inverse=True)
    return np.asarray(cells, np.int64)


def _axes_box(photos: list[PreparedPhoto]) -> F64:
    """Return the corners [8, 3] of a box around the point where the cameras' axes meet, as wide as the mattes."""
    centres = np.stack([camera_centre(p.cam_from_world) for p in photos])
    forward = np.stack([p.cam_from_world[2, :3] for p in photos])
    planes = np.eye(3) - forward[:, :, None] * forward[:, None, :]
    middle = np.linalg.lstsq(planes.sum(0), np.einsum("nij,nj->i", planes, centres), rcond=None)[0]
    distance = np.linalg.norm(centres - middle, axis=1)
    sizes = [max(p.full.camera.width_px, p.full.camera.height_px) / p.full.camera.fx_px for p in photos]
    reach = 0.5 * float(np.median(distance * np.array(sizes)))
    return middle + reach * np.array([[i, j, k] for i in (-1, 1) for j in (-1, 1) for k in (-1, 1)], dtype=np.float64)
