"""How far the product reaches: its visual hull, carved from silhouettes, or without silhouettes its sparse points."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.domain import Camera, Matrix

COARSE, FINE = 40, 72
AGREE_FRACTION = 0.9
SEEN_FRACTION = 0.5


@dataclass(frozen=True)
class Silhouette:
    """One posed photo's silhouette. `inside` [h, w] bool, any size of the camera's shape; `cam_from_world` [4, 4]."""

    camera: Camera
    cam_from_world: Matrix
    inside: NDArray[np.bool_]


@dataclass(frozen=True)
class Extent:
    """The product's lowest and highest corner along the frame's axes, [3] each, and samples [M, 3] that fill it."""

    lowest: Matrix
    highest: Matrix
    samples: Matrix

    @property
    def middle(self) -> Matrix:
        """The middle of the box, [3]."""
        return (self.lowest + self.highest) / 2


def visual_hull(silhouettes: Sequence[Silhouette], centre: Matrix, half_size: float) -> Extent | None:
    """Carve the cube of `half_size` around `centre` [3] by the silhouettes (Laurentini 1994).

    A cell stays when 90% of the photos that see it see it inside: not all photos, because one bad cut-out must not
    carve the product away. None when nothing is left.
    """
    extent = None
    lowest, highest = centre - half_size, centre + half_size
    for cells in (COARSE, FINE):
        axes = [np.linspace(lowest[i], highest[i], cells) for i in range(3)]
        grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
        kept = grid[_inside(silhouettes, grid)]
        if len(kept) == 0:
            return extent
        step = (highest - lowest) / (cells - 1)
        extent = Extent(kept.min(axis=0) - step / 2, kept.max(axis=0) + step / 2, kept)
        lowest, highest = extent.lowest - step, extent.highest + step
    return extent


def point_extent(xyz: Matrix, centre: Matrix, reach: float) -> Extent | None:
    """Box of the points within `reach` of `centre`, without the outermost 2% at either end. None below 20 points."""
    near = xyz[np.linalg.norm(xyz - centre, axis=1) < reach]
    if len(near) < 20:
        return None
    lowest, highest = np.percentile(near, [2.0, 98.0], axis=0)
    return Extent(lowest, highest, near[((near >= lowest) & (near <= highest)).all(axis=1)])


def project_px(camera: Camera, cam_from_world: Matrix, points: Matrix) -> tuple[Matrix, Matrix]:
    """Pixel positions [N, 2] and depths [N] of points [N, 3] (COLMAP's SIMPLE_RADIAL); depths <= 0 are behind."""
    seen = points @ cam_from_world[:3, :3].T + cam_from_world[:3, 3]
    depth = seen[:, 2]
    flat = seen[:, :2] / np.where(np.abs(depth) < 1e-12, 1e-12, depth)[:, None]
    flat = flat * (1 + camera.k1 * (flat**2).sum(axis=1, keepdims=True))
    return flat * [camera.fx_px, camera.fy_px] + [camera.cx_px, camera.cy_px], depth


def _inside(silhouettes: Sequence[Silhouette], grid: Matrix) -> NDArray[np.bool_]:
    seen, hit = np.zeros(len(grid)), np.zeros(len(grid))
    for silhouette in silhouettes:
        height, width = silhouette.inside.shape
        pixels, depth = project_px(silhouette.camera, silhouette.cam_from_world, grid)
        columns = np.floor(pixels[:, 0] * width / silhouette.camera.width_px)
        rows = np.floor(pixels[:, 1] * height / silhouette.camera.height_px)
        visible = (depth > 0) & (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
        seen += visible
        hit[visible] += silhouette.inside[rows[visible].astype(int), columns[visible].astype(int)]
    return (seen >= SEEN_FRACTION * len(silhouettes)) & (hit >= AGREE_FRACTION * np.maximum(seen, 1))
