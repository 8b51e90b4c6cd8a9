"""The visual hull of the mattes, which bounds the product: it filters sparse points and adds points on its surface.

Where the product is hollow, `sweep` finds the surface that the hull covers.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from pipeline.core.arrays import F64, I64
from pipeline.core.colmap.model import Points
from pipeline.core.domain import camera_centre
from pipeline.splatting.carving.sweep import sweep
from pipeline.splatting.photos import PreparedPhoto, pixels_of

GRID = 72
_POINTS_PER_CELL = 6
MISSES = 1  # mattes that may disagree: a single bad one must not carve the product away
_SEE_THROUGH = 2  # net votes (`Sweep.see_through`) from which a point of the hull is not surface


def misses(points: F64, photos: list[PreparedPhoto], slack_px: int) -> I64:
    """Count the photos that show backdrop, not product, at each point [N]; mattes are dilated by `slack_px` first.

    Everything outside a photo's crop counts as backdrop, because `prepare` crops around the matte; `MISSES` allows for
    a product that the frame itself cuts off.
    """
    count = np.zeros(len(points), np.int64)
    for photo in photos:
        matte = photo.full.planes[3] > 0.5
        if slack_px:
            matte = ndimage.binary_dilation(matte, iterations=slack_px)
        x, y, inside = pixels_of(points, photo.full.camera, photo.cam_from_world)
        count += ~(inside & matte[y, x])
    return count


@dataclass(frozen=True)
class Hull:
    """The hull on a grid: `solid` [X, Y, Z]; cells are centred at `origin + spacing * index`, world units."""

    solid: NDArray[np.bool_]
    origin: F64
    spacing: float

    def box(self) -> tuple[F64, F64]:
        """Return the corners of the smallest box around the solid, two cells wider on each side."""
        filled = np.argwhere(self.solid)
        low, high = filled.min(axis=0) - 2, filled.max(axis=0) + 2
        return self.origin + self.spacing * low, self.origin + self.spacing * high

    def surface(self, count: int, rng: np.random.Generator) -> tuple[F64, F64]:
        """Sample at most `count` points [N, 3] on the surface, with their outward normals [N, 3].

        Points start in surface cells and move to where the smoothed solid is half full: much finer than the grid.
        """
        cells = np.argwhere(self.solid & ~ndimage.binary_erosion(self.solid))
        pick = rng.choice(len(cells), min(count, _POINTS_PER_CELL * len(cells)), replace=count > len(cells))
        density = ndimage.gaussian_filter(self.solid.astype(np.float64), 1.5)
        slopes = np.gradient(density)
        at = cells[pick] + rng.uniform(-0.5, 0.5, size=(len(pick), 3))
        for _ in range(3):
            slope = np.stack([ndimage.map_coordinates(s, at.T, order=1, mode="nearest") for s in slopes], -1)
            value = ndimage.map_coordinates(density, at.T, order=1, mode="nearest")
            step = (0.5 - value) / np.maximum((slope**2).sum(axis=1), 1e-3)
            step *= np.minimum(1.0, 1.0 / np.maximum(np.abs(step) * np.linalg.norm(slope, axis=1), 1e-9))
            at = at + slope * step[:, None]
        normals = -slope / np.maximum(np.linalg.norm(slope, axis=1, keepdims=True), 1e-9)
        return self.origin + self.spacing * at, normals


def carve(box: tuple[F64, F64], photos: list[PreparedPhoto]) -> Hull:
    """Return the part of `box` that at most `MISSES` mattes rule out."""
    low, high = box
    spacing = float((high - low).max() / GRID)
    axes = [np.arange(lo + spacing / 2, hi, spacing) for lo, hi in zip(low, high, strict=True)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), -1)
    solid = (misses(grid.reshape(-1, 3), photos, 1) <= MISSES).reshape(grid.shape[:3])
    return Hull(solid, low + spacing / 2, spacing)


def colours_of(points: F64, normals: F64, photos: list[PreparedPhoto]) -> NDArray[np.uint8]:
    """Average what the three photos facing each point most squarely show there: [N, 3] uint8, sRGB."""
    facing = np.stack([_facing(points, normals, photo) for photo in photos])  # [photos, N]
    total, weight = np.zeros((len(points), 3)), np.full(len(points), 1e-9)
    best = np.argsort(-facing, axis=0)[:3]
    for i, photo in enumerate(photos):
        x, y, inside = pixels_of(points, photo.full.camera, photo.cam_from_world)
        planes = photo.full.planes
        use = (best == i).any(axis=0) & inside & (planes[3, y, x] > 0.5)
        total[use] += (planes[:3, y[use], x[use]] / planes[3, y[use], x[use]]).T
        weight[use] += 1
    colours = np.where(weight[:, None] > 0.5, total / weight[:, None], 0.5)
    return np.clip(colours * 255.0 + 0.5, 0, 255).astype(np.uint8)


def _facing(points: F64, normals: F64, photo: PreparedPhoto) -> F64:
    towards = camera_centre(photo.cam_from_world) - points
    return (towards * normals).sum(axis=1) / np.linalg.norm(towards, axis=1)


def starting_points(sparse: Points, photos: list[PreparedPhoto], count: int, rng: np.random.Generator) -> Points:
    """Return the sparse points inside the hull, topped up to `count` with points on the surface.

    The surface is the hull's, or what the photos see behind it where they see through it.
    """
    allowed = max(MISSES, len(photos) // 12)
    keep = misses(sparse.positions, photos, 2) <= allowed
    kept = Points(sparse.positions[keep], sparse.colours[keep])
    around = kept.positions if len(kept.positions) >= 20 else _axes_box(photos)
    low, high = np.quantile(around, 0.02, axis=0), np.quantile(around, 0.98, axis=0)
    reach = np.maximum((high - low) * 0.5, 0.3 * (high - low).max())
    hull = carve((low - reach, high + reach), photos)
    if not hull.solid.any():
        return kept
    hull = carve(hull.box(), photos)  # again, now that the box is tight
    if not hull.solid.any():
        return kept
    samples = hull.surface(max(0, count - len(kept.positions)), rng)
    positions, normals = replace_lids(*samples, hull, photos, rng)
    return Points(
        np.concatenate([kept.positions, positions]),
        np.concatenate([kept.colours, colours_of(positions, normals, photos)]),
    )


def replace_lids(
    positions: F64, normals: F64, hull: Hull, photos: list[PreparedPhoto], rng: np.random.Generator
) -> tuple[F64, F64]:
    """Replace points on the hull [N, 3] that photos see through by at most as many on the surface behind them.

    No matte shows the inside of a cup: the hull closes it with a lid, which a fit then paints differently for each
    photo. Returns points and normals.
    """
    swept = sweep(photos, hull.box())
    keep = swept.see_through(positions) < _SEE_THROUGH
    points, directions = swept.points()
    if keep.all() or not keep.any():
        return positions, normals
    distance, _ = cKDTree(positions[keep]).query(points)
    new = np.flatnonzero((distance > swept.slack) & (misses(points, photos, 0) <= MISSES))
    new = rng.choice(new, min(len(new), int((~keep).sum())), replace=False)
    return np.concatenate([positions[keep], points[new]]), np.concatenate([normals[keep], directions[new]])


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
