"""The product's solid, which casts its shadow: slices parallel to the floor, from a splat or from the matte.

All in the floor frame of `shadow_camera`. A matte has no depth, so each of its rows is taken as the middle of a slice,
and each run of product pixels in it as an ellipse `DEPTH` times as deep as it is wide.
"""

import math
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.core.arrays import F64, Mask, Pixels
from pipeline.imaging.compositing.shadow_camera import Projection, project

SLICES, CELLS = 48, 96
TALLEST = 4.0  # height in widths; for a taller product, cells follow its height, or a pen would need gigabytes
SEAL = 3  # cells: half the widest gap between surface points
DEPTH = 0.85  # between a shirt's (0.5) and a mug's (1.0)
STRAY = 0.002  # share of a splat's points at each end that may be floaters
BASE_AT_MOST = 0.25  # of the solid's height: how much may lie below the base
FOOT_SLACK = 0.01  # of the product's height: the accuracy of its foot


@dataclass(frozen=True)
class Solid:
    """A solid of cells: `filled` [n, rows, columns] uint8, 0 or 1, lowest slice first.

    The centre of cell [k, i, j] is (left + (j + 0.5) cell, near + (i + 0.5) cell, floor_z + (k + 0.5) step).
    """

    filled: Pixels
    cell: float
    step: float
    left: float
    near: float
    floor_z: float

    def raised(self, share: float) -> "Solid":
        """Return the solid raised above the floor by a share of its height."""
        more = round(share * len(self.filled))
        air = np.zeros((more, *self.filled.shape[1:]), np.uint8)
        return replace(self, filled=np.concatenate([air, self.filled]), floor_z=self.floor_z - more * self.step)


def solid_of_points(points: F64) -> Solid:
    """The solid whose surface the points [n, 3] lie on; each slice is closed and filled."""
    lowest, highest = (np.quantile(points, share, axis=0) for share in (STRAY, 1 - STRAY))
    *sides, tall = (highest - lowest).tolist()
    cell, step = max(*sides, tall / TALLEST, 1e-9) / CELLS, max(tall, 1e-9) / SLICES
    columns, rows = np.ceil((highest - lowest)[:2] / cell).astype(int) + 2 * (SEAL + 2)
    lowest[:2] -= (SEAL + 2) * cell
    at = np.floor((points - lowest) / (cell, cell, step)).astype(int)[:, ::-1]
    shape = (SLICES, int(rows), int(columns))
    at = at[((at >= 0) & (at < shape)).all(axis=1)]
    hollow = np.zeros(shape, np.uint8)
    hollow[tuple(at.T)] = 1
    left, near, floor_z = lowest.tolist()
    return Solid(np.stack([_filled_up(slice_) for slice_ in hollow]), cell, step, left, near, floor_z)


def _filled_up(hollow: Pixels) -> Pixels:
    """Seal a slice's gaps, fill its inside, and shrink it back to its size."""
    around = np.ones((2 * SEAL + 1, 2 * SEAL + 1), np.uint8)
    sealed = cv2.dilate(hollow, around)
    outlines, _ = cv2.findContours(sealed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return np.asarray(cv2.erode(cv2.drawContours(sealed, outlines, -1, 1, cv2.FILLED), around), np.uint8)


def solid_of_matte(mask: Mask, projection: Projection) -> Solid:
    """Guess the solid whose silhouette is `mask` [H, W], which must not be empty."""
    rows = np.flatnonzero(mask.any(axis=1))
    y_px = np.arange(rows[0], rows[-1] + 1) + 0.5
    # a point (0, 0, z) on the product's axis projects to row y: (P1 - y P2) . (0, 0, z, 1) = 0
    z = (y_px * projection[2, 3] - projection[1, 3]) / (projection[1, 2] - y_px * projection[2, 2])
    depth = projection[2, 2] * z + projection[2, 3]
    axis_px, scale = (projection[0, 2] * z + projection[0, 3]) / depth, depth / projection[0, 0]
    floor_z, step = float(z[-1]), float(z[0] - z[-1]) / SLICES
    runs = [
        (_runs(mask[int(rows[0]) + row]) - axis_px[row]) * scale[row]
        for row in (int(np.abs(z - floor_z - (k + 0.5) * step).argmin()) for k in range(SLICES))
    ]
    ends = np.concatenate(runs)
    left, wide = float(ends.min()), max(float(np.ptp(ends)), 1e-9)
    cell = max(wide, SLICES * step / TALLEST) / CELLS
    deepest = DEPTH * float((ends[:, 1] - ends[:, 0]).max()) / 2
    x = left + (np.arange(math.ceil(wide / cell - 1e-6)) + 0.5) * cell
    y = (np.arange(math.ceil(2 * deepest / cell)) + 0.5) * cell - deepest
    filled = np.stack([_ellipses(run, x, y) for run in runs])
    return Solid(filled, cell, step, left, -deepest, floor_z)


def _runs(row: Mask) -> F64:
    """Start and end of each run of True, px [n, 2]."""
    edges = np.flatnonzero(np.diff(row.astype(np.int8), prepend=0, append=0))
    return edges.reshape(-1, 2).astype(np.float64)


def _ellipses(runs: F64, x: NDArray[Any], y: NDArray[Any]) -> Pixels:
    slice_ = np.zeros((len(y), len(x)), np.uint8)
    for begin, end in runs:
        half = (end - begin) / 2
        across, away = (x - (begin + end) / 2) / half, y / (DEPTH * half)
        slice_ |= (across**2 + away[:, None] ** 2 <= 1).astype(np.uint8)
    return slice_


def cut_at_foot(solid: Solid, projection: Projection, foot_px: float, height_px: float) -> Solid:
    """Cut the solid off at its foot: the highest slice whose near rim projects as low as the matte's foot `foot_px`.

    Below it lies the cone that silhouettes leave under every base, or floor that the splat has picked up. Only the
    lowest BASE_AT_MOST is searched, because a higher part, such as a bowl's rim from above, may hide the foot.
    """
    for k in range(int(BASE_AT_MOST * len(solid.filled)), -1, -1):
        columns = np.flatnonzero(solid.filled[k].any(axis=0))
        if columns.size == 0:
            continue
        rim = np.empty((columns.size, 3))
        rim[:, 0] = solid.left + (columns + 0.5) * solid.cell
        rim[:, 1] = solid.near + solid.filled[k][:, columns].argmax(axis=0) * solid.cell
        rim[:, 2] = solid.floor_z + k * solid.step
        if project(projection, rim)[:, 1].max() >= foot_px - FOOT_SLACK * height_px:
            return replace(solid, filled=solid.filled[k:], floor_z=float(rim[0, 2]))
    return solid
