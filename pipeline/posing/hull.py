"""Measures the product's extent: from its visual hull, carved from silhouettes, or else from its sparse points."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.core.arrays import F64
from pipeline.core.domain import Camera

COARSE, FINE = 32, 64
AGREE_FRACTION = 0.95
LOW_CAMERAS_PERCENTILE = 15.0
DIRECTIONS = 18
SEEN_FRACTION = 0.5


@dataclass(frozen=True)
class PosedMatte:
    """The silhouette of one posed photo. `cam_from_world`: [4, 4]; `inside`: [h, w] bool, in the photo's shape."""

    camera: Camera
    cam_from_world: F64
    inside: NDArray[np.bool_]


@dataclass(frozen=True)
class Extent:
    """The product's bounding box (lowest and highest corner, [3] each) and points [M, 3] that fill the product."""

    lowest: F64
    highest: F64
    samples: F64

    @property
    def middle(self) -> F64:
        """The middle of the box, [3]."""
        return (self.lowest + self.highest) / 2


def visual_hull(
    silhouettes: Sequence[PosedMatte], centre: F64, half_size: float, agree: float = AGREE_FRACTION
) -> Extent | None:
    """Carve the cube of `half_size` around `centre` [3] by the silhouettes (Laurentini 1994).

    A cell is kept if it is inside the silhouette in the share `agree` of the photos that see it; requiring all of them
    would let one bad cut-out carve the product away. Returns None when no cell is kept.
    """
    extent = None
    lowest, highest = centre - half_size, centre + half_size
    for cells in (COARSE, FINE):
        axes = [np.linspace(lowest[i], highest[i], cells) for i in range(3)]
        grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
        kept = grid[_inside(silhouettes, grid, agree)]
        if len(kept) == 0:
            return extent
        step = (highest - lowest) / (cells - 1)
        extent = Extent(kept.min(axis=0) - step / 2, kept.max(axis=0) + step / 2, kept)
        lowest, highest = extent.lowest - step, extent.highest + step
    return extent


def point_extent(xyz: F64, centre: F64, reach: float) -> Extent | None:
    """The extent of the points within `reach` of `centre`, without the outermost 2% at either end.

    Returns None for fewer than 20 points.
    """
    near = xyz[np.linalg.norm(xyz - centre, axis=1) < reach]
    if len(near) < 20:
        return None
    lowest, highest = np.percentile(near, [2.0, 98.0], axis=0)
    return Extent(lowest, highest, near[((near >= lowest) & (near <= highest)).all(axis=1)])


def trimmed(hull: Extent, camera_centres: F64) -> Extent:
    """The hull without the cones at its ends (see `height_range`)."""
    lowest, highest = height_range(hull, camera_centres)
    inside = (hull.samples[:, 2] >= lowest) & (hull.samples[:, 2] <= highest)
    ends = np.array([*hull.lowest[:2], lowest]), np.array([*hull.highest[:2], highest])
    return Extent(*ends, hull.samples[inside] if inside.any() else hull.samples)


def height_range(hull: Extent, camera_centres: F64) -> tuple[float, float]:
    """Lowest and highest z of the product inside its hull, in an upright frame with its origin on the vertical line.

    A hull has cones at its ends that the product may not have: a flat lid of half-width w seen at slope t (height over
    distance) causes a cone of height w * t. From either end of the hull, the product is therefore assumed to begin
    where the hull is narrower than that cone. `camera_centres`: [N, 3]; the flattest views carve most.
    """
    heights, widths = _half_widths(hull.samples)
    across = np.hypot(camera_centres[:, 0], camera_centres[:, 1])
    ends = []
    for order, far_side in ((np.arange(len(heights)), -1.0), (np.arange(len(heights))[::-1], 1.0)):
        tip, step = heights[order[0]], float(np.median(np.diff(heights))) if len(heights) > 1 else 0.0
        end = tip
        for z, width in zip(heights[order], widths[order], strict=True):
            rise = camera_centres[:, 2] - z
            side = np.where(rise * far_side > 0, 1.0, -1.0)  # from above, a lid ends at its far rim
            slopes = np.abs(rise) / np.maximum(across + side * width, 1e-6)
            cone = width * float(np.percentile(slopes, LOW_CAMERAS_PERCENTILE))
            if abs(z - tip) > cone + 1.5 * step:
                break
            end = tip + np.sign(z - tip) * min(abs(z - tip), cone)
        ends.append(float(end))
    return ends[0], ends[1]


def _half_widths(samples: F64) -> tuple[F64, F64]:
    """Heights [L] of the layers, ascending, and each layer's half-width [L], the smallest over all directions."""
    by_height = samples[np.argsort(samples[:, 2], kind="stable")]
    heights, starts = np.unique(by_height[:, 2], return_index=True)
    narrowest = np.full(len(heights), np.inf)
    for angle in np.arange(DIRECTIONS) * np.pi / DIRECTIONS:
        along = by_height[:, 0] * np.cos(angle) + by_height[:, 1] * np.sin(angle)
        width = np.maximum.reduceat(along, starts) - np.minimum.reduceat(along, starts)
        narrowest = np.minimum(narrowest, width / 2)
    return heights, narrowest


def project_px(camera: Camera, cam_from_world: F64, points: F64) -> tuple[F64, F64]:
    """Pixel positions [N, 2] and depths [N] of points [N, 3] (SIMPLE_RADIAL); depth <= 0 is behind the camera."""
    seen = points @ cam_from_world[:3, :3].T + cam_from_world[:3, 3]
    depth = seen[:, 2]
    flat = seen[:, :2] / np.where(np.abs(depth) < 1e-12, 1e-12, depth)[:, None]
    flat = flat * (1 + camera.k1 * (flat**2).sum(axis=1, keepdims=True))
    return flat * [camera.fx_px, camera.fy_px] + [camera.cx_px, camera.cy_px], depth


def _inside(silhouettes: Sequence[PosedMatte], grid: F64, agree: float) -> NDArray[np.bool_]:
    """Whether enough silhouettes contain each point [N, 3], [N] bool; points outside too many are dropped early."""
    alive = np.arange(len(grid))
    seen, outside = np.zeros(len(grid), dtype=np.int32), np.zeros(len(grid), dtype=np.int32)
    max_outside = (1 - agree) * len(silhouettes)
    for silhouette in silhouettes:
        height, width = silhouette.inside.shape
        pixels, depth = project_px(silhouette.camera, silhouette.cam_from_world, grid[alive])
        columns = np.floor(pixels[:, 0] * width / silhouette.camera.width_px)
        rows = np.floor(pixels[:, 1] * height / silhouette.camera.height_px)
        visible = (depth > 0) & (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
        seen[alive] += visible
        pixel = rows[visible].astype(np.int32), columns[visible].astype(np.int32)
        outside[alive[visible]] += ~silhouette.inside[pixel]
        alive = alive[outside[alive] <= max_outside]
    return (seen >= SEEN_FRACTION * len(silhouettes)) & (outside <= (1 - agree) * seen)
