"""Tells whether the silhouettes of two models of one product enclose a common shape."""

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.core.arrays import F64
from pipeline.core.colmap.model import SparseModel
from pipeline.posing.frame import aim_point
from pipeline.posing.hull import PosedMatte, project_px, visual_hull

MAX_UNFILLED = 0.03  # of a silhouette, beyond what the hull of its own half leaves
TOLERANT = 0.85  # of the photos of a part must see product in a cell: a few bad cut-outs do not count
Silhouettes = Mapping[str, NDArray[np.bool_]]  # photo -> [h, w]


def shapes_agree(first: SparseModel, second: SparseModel, silhouettes: Silhouettes) -> bool:
    """Whether the hull of all silhouettes fills those of each model nearly as well as the hull of the model's own."""
    halves = [_mattes(model, silhouettes) for model in (first, second)]
    if not all(halves):
        return False
    centre, reach = _room(first, second)
    together = visual_hull([*halves[0], *halves[1]], centre, reach)
    for half in halves:
        alone = visual_hull(half, centre, reach)
        if together is None or alone is None:
            return False
        if filled(half, together.samples) < filled(half, alone.samples) - MAX_UNFILLED:
            return False
    return True


def contradiction(first: SparseModel, second: SparseModel, silhouettes: Silhouettes) -> float:
    """How far the silhouettes of two parts of a model contradict each other, 0 to 2; 0 where a part has none.

    The hull of a part contains the product, so it fills the silhouettes of the other part, if both are placed right:
    the share of those silhouettes that it leaves, beyond what their own hull leaves, summed over both parts. A piece
    that wrong cut-outs bite from a part is left in the silhouettes of the other, but also by the part's own hull.
    """
    parts = [_mattes(model, silhouettes) for model in (first, second)]
    if not all(parts):
        return 0.0
    centre, reach = _room(first, second)
    hulls = [visual_hull(part, centre, reach, TOLERANT) for part in parts]
    left = 0.0
    for part, own, other in zip(parts, hulls, reversed(hulls), strict=True):
        if own is not None:
            left += filled(part, own.samples) - (0.0 if other is None else filled(part, other.samples))
    return max(0.0, left)


def filled(mattes: Sequence[PosedMatte], samples: F64) -> float:
    """The share of the silhouettes that cells at `samples` [M, 3] cover, 0 to 1."""
    step = min(float(np.diff(np.unique(samples[:, axis])).min(initial=np.inf)) for axis in range(3))
    shares = []
    for matte in mattes:
        width = matte.inside.shape[1]
        pixels, depth = project_px(matte.camera, matte.cam_from_world, samples)
        factor = width / matte.camera.width_px
        cell_px = step * matte.camera.fx_px * factor / float(np.median(depth))
        shares.append(_covered(matte.inside, pixels[depth > 0] * factor, cell_px))
    return float(np.mean(shares))


def _covered(inside: NDArray[np.bool_], pixels: F64, cell_px: float) -> float:
    """The share of a silhouette [h, w] within a cell's size of one of the `pixels` [M, 2]."""
    drawn = np.ones(inside.shape, np.uint8)
    columns, rows = np.floor(pixels).astype(np.int64).T
    seen = (rows >= 0) & (rows < inside.shape[0]) & (columns >= 0) & (columns < inside.shape[1])
    drawn[rows[seen], columns[seen]] = 0
    distance = cv2.distanceTransform(drawn, cv2.DIST_L2, 5)
    return float((distance[inside] <= max(1.5, cell_px)).mean())


def _mattes(model: SparseModel, silhouettes: Silhouettes) -> list[PosedMatte]:
    return [
        PosedMatte(model.camera_of(image), image.cam_from_world, silhouettes[image.photo])
        for image in model.images
        if image.photo in silhouettes
    ]


def _room(first: SparseModel, second: SparseModel) -> tuple[F64, float]:
    """A cube that contains the product: its middle [3], where the cameras aim, and half its size."""
    poses = np.stack([image.cam_from_world for image in (*first.images, *second.images)])
    aim = aim_point(poses[:, :3, :3], poses[:, :3, 3])
    distance = float(np.median([np.linalg.norm(image.centre - aim) for image in first.images]))
    camera = first.camera_of(first.images[0])
    across = distance * max(camera.width_px / camera.fx_px, camera.height_px / camera.fy_px) / 2
    return aim, min(1.3 * across, 0.9 * distance)
