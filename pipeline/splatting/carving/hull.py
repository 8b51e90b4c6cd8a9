"""Where the product can be at all: the visual hull of its mattes. It cleans sparse points and adds surface.

Where the product is hollow, `sweep` says what the hull cannot.
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
from pipeline.splatting.photos import Training, pixels_of

GRID = 72
_POINTS_PER_CELL = 6
MISSES = 1  # mattes that may disagree, for a bad one must not carve the product away
_PASSED = 2  # photos that must look through a place, more than see surface there, before the hull is not believed


def misses(points: F64, photos: list[Training], slack_px: int) -> I64:
    """How many photos show backdrop, not product, at each point [N]; mattes are grown by `slack_px` first.

    Outside a photo's crop counts as backdrop only where the crop was cut from a larger frame by its matte, which
    `prepare` does whenever it crops; a product cut by the frame itself is met by `MISSES`.
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
    """The hull on a grid: `solid` [X, Y, Z], its cells' centres `origin + spacing * index`, world units."""

    solid: NDArray[np.bool_]
    origin: F64
    spacing: float

    def box(self) -> tuple[F64, F64]:
        """Corners of the smallest box around the solid, two cells wider on each side."""
        filled = np.argwhere(self.solid)
        low, high = filled.min(axis=0) - 2, filled.max(axis=0) + 2
        return self.origin + self.spacing * low, self.origin + self.spacing * high

    def surface(self, wanted: int, rng: np.random.Generator) -> tuple[F64, F64]:
        """At most `wanted` points [N, 3] strewn over the surface, and their outward normals [N, 3].

        Strewn in its cells, then drawn to where the smoothed solid is half full: much finer than the grid.
        """
        cells = np.argwhere(self.solid & ~ndimage.binary_erosion(self.solid))
        pick = rng.choice(len(cells), min(wanted, _POINTS_PER_CELL * len(cells)), replace=wanted > len(cells))
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


def carve(box: tuple[F64, F64], photos: list[Training]) -> Hull:
    """The part of `box` that no more than `MISSES` mattes rule out."""
    low, high = box
    spacing = float((high - low).max() / GRID)
    axes = [np.arange(lo + spacing / 2, hi, spacing) for lo, hi in zip(low, high, strict=True)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), -1)
    solid = (misses(grid.reshape(-1, 3), photos, 1) <= MISSES).reshape(grid.shape[:3])
    return Hull(solid, low + spacing / 2, spacing)


def colours_of(points: F64, normals: F64, photos: list[Training]) -> NDArray[np.uint8]:
    """Colours [N, 3] uint8, sRGB: what the three photos that face each point most squarely show there, averaged."""
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


def _facing(points: F64, normals: F64, photo: Training) -> F64:
    towards = camera_centre(photo.cam_from_world) - points
    return (towards * normals).sum(axis=1) / np.linalg.norm(towards, axis=1)


def starting_points(sparse: Points, photos: list[Training], wanted: int, rng: np.random.Generator) -> Points:
    """Sparse points inside the hull, and as many points of the surface as are missing up to `wanted`.

    The surface is the hull's, or what the photos see behind it where they look through it.
    """
    allowed = max(MISSES, len(photos) // 12)
    keep = misses(sparse.positions, photos, 2) <= allowed
    kept = Points(sparse.positions[keep], sparse.colours[keep])
    around = kept.positions if len(kept.positions) >= 20 else _rays(photos)
    low, high = np.quantile(around, 0.02, axis=0), np.quantile(around, 0.98, axis=0)
    reach = np.maximum((high - low) * 0.5, 0.3 * (high - low).max())
    hull = carve((low - reach, high + reach), photos)
    if not hull.solid.any():
        return kept
    hull = carve(hull.box(), photos)  # again, now that the box is tight
    if not hull.solid.any():
        return kept
    strewn = hull.surface(max(0, wanted - len(kept.positions)), rng)
    positions, normals = beneath(*strewn, hull, photos, rng)
    return Points(
        np.concatenate([kept.positions, positions]),
        np.concatenate([kept.colours, colours_of(positions, normals, photos)]),
    )


def beneath(
    positions: F64, normals: F64, hull: Hull, photos: list[Training], rng: np.random.Generator
) -> tuple[F64, F64]:
    """Points of the hull's surface [N, 3] that photos look through, exchanged for as many of what they see behind.

    No matte shows the inside of a cup: the hull puts a lid on it, which a fit then paints differently for every photo.
    """
    found = sweep(photos, hull.box())
    stays = found.passed(positions) < _PASSED
    places, towards = found.points()
    if stays.all() or not stays.any():
        return positions, normals
    apart, _ = cKDTree(positions[stays]).query(places)
    new = np.flatnonzero((apart > found.slack) & (misses(places, photos, 0) <= MISSES))
    new = rng.choice(new, min(len(new), int((~stays).sum())), replace=False)
    return np.concatenate([positions[stays], places[new]]), np.concatenate([normals[stays], towards[new]])


def _rays(photos: list[Training]) -> F64:
    """Corners of a box about where the cameras' axes meet, as wide as the mattes: the place, without any points."""
    centres = np.stack([camera_centre(p.cam_from_world) for p in photos])
    forward = np.stack([p.cam_from_world[2, :3] for p in photos])
    planes = np.eye(3) - forward[:, :, None] * forward[:, None, :]
    middle = np.linalg.lstsq(planes.sum(0), np.einsum("nij,nj->i", planes, centres), rcond=None)[0]
    distance = np.linalg.norm(centres - middle, axis=1)
    sizes = [max(p.full.camera.width_px, p.full.camera.height_px) / p.full.camera.fx_px for p in photos]
    reach = 0.5 * float(np.median(distance * np.array(sizes)))
    return middle + reach * np.array([[i, j, k] for i in (-1, 1) for j in (-1, 1) for k in (-1, 1)], dtype=np.float64)
