"""Compares each silhouette of a posed shoot with the shape on which most of the others agree."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.posing.hull import PosedMatte, project_px
from pipeline.posing.scene.carve import Box, drawn

CELLS = 56
AGREE_FRACTION = 0.8  # lower than for the visual hull: here wrong silhouettes are expected, and must not carve
SEEN_FRACTION = 0.5


def agreement(mattes: Sequence[PosedMatte], box: Box) -> list[float]:
    """How well each silhouette fits the cells of the box that most silhouettes contain, 0 to 1 (IoU)."""
    grid, step = box.grid(CELLS)
    seen, inside = np.zeros(len(grid), np.int32), np.zeros(len(grid), np.int32)
    for matte in mattes:
        visible, product = _looked_up(matte, grid)
        seen += visible
        inside += product
    kept = grid[(seen >= SEEN_FRACTION * len(mattes)) & (seen > 0) & (inside >= AGREE_FRACTION * seen)]
    fits = []
    for matte in mattes:
        camera = matte.camera.scaled(matte.inside.shape[1] / matte.camera.width_px)
        shape = drawn(camera, matte.cam_from_world, kept, step, matte.inside.shape)
        either = int((shape | matte.inside).sum())
        fits.append(float((shape & matte.inside).sum() / either) if either else 0.0)
    return fits


def _looked_up(matte: PosedMatte, grid: NDArray[np.float64]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Whether the photo sees each cell [N, 3], and whether it lies inside its silhouette; [N] bool each."""
    height, width = matte.inside.shape
    pixels, depth = project_px(matte.camera, matte.cam_from_world, grid)
    at = np.floor(pixels * [width / matte.camera.width_px, height / matte.camera.height_px])
    visible = (depth > 0) & (at >= 0).all(axis=1) & (at < [width, height]).all(axis=1)
    inside = np.zeros(len(grid), bool)
    columns, rows = at[visible].astype(np.int32).T
    inside[visible] = matte.inside[rows, columns]
    return visible, inside
