"""The visual hull of the mattes, which bounds the product; where that is hollow, `sweep` finds the surface behind."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.core.arrays import F64, I64
from pipeline.core.domain import camera_centre
from pipeline.splatting.photos import PreparedPhoto, pixels_of

GRID = 72
_POINTS_PER_CELL = 6
MISSES = 1  # mattes that may disagree: a single bad one must not carve the product away


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
