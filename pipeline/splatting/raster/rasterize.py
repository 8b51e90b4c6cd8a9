"""The CPU rasterizer: draws Gaussians as a picture with alpha and depth, with gradients of all inputs.

It runs the numba kernels of this package, and gives the same result, bit for bit, for the same number of threads. It
does without torch, which takes longer to import than a picture takes to draw; `cpu.py` makes it a function of torch.
"""

from dataclasses import dataclass

import numba
import numpy as np

from pipeline.core.arrays import F32, F64, I32, I64, U16
from pipeline.core.domain import Camera
from pipeline.core.errors import BadInput
from pipeline.core.process import keep_freed_memory
from pipeline.splatting.gaussians import Gaussians
from pipeline.splatting.lens import lens_of, pose_of
from pipeline.splatting.raster.kernels import rasterize, rasterize_gradient
from pipeline.splatting.raster.projection import RECORD, SUMS, project
from pipeline.splatting.raster.projection_gradient import project_gradient
from pipeline.splatting.raster.tiles import TILE, deal_tiles, depth_order, fill_tiles, reach_tiles

Values = tuple[F32, F32, F32, F32, F32]  # means, log_scales, quats, logits, sh


@dataclass(frozen=True)
class Gradients:
    """dL/d(values), each in the shape of its value; dL/d(2D mean) [N, 2] per px; dL/d(cam_from_world) [3, 4]."""

    values: Values
    means2d: F32
    pose: F64


def workers() -> int:
    """Return the number of parts of the work, numba's thread count. Results are reproducible for a fixed number."""
    return int(numba.get_num_threads())


def check_finite(values: Values) -> None:
    """Raise BadInput if a value is NaN or infinite, which the kernels do not handle."""
    for name, array in zip(("means", "log_scales", "quats", "logits", "sh"), values, strict=True):
        if not np.isfinite(np.dot(array.ravel(), array.ravel())) and not np.isfinite(array).all():
            raise BadInput(
                f"{name} of the Gaussians contains NaN or infinity", remedy="Lower the learning rates, or fit again"
            )


@dataclass(frozen=True)
class Lists:
    """The Gaussians of each tile, nearest first: see `tiles` and `kernels`."""

    records: F32
    boxes: I32
    pairs: I32
    blocks: U16
    starts: I64
    dealt: I32
    bounds: I64


@dataclass(frozen=True)
class Drawing:
    """A picture [5, H, W] float32 (premultiplied r, g, b; alpha; alpha-weighted depth), and what its gradient needs."""

    picture: F32
    lists: Lists
    used: I32


def list_values(values: Values, pose: F64, lens: F64, degree: int, antialias: bool) -> Lists:
    """Project `values` (C-contiguous float32) and sort them into tiles; arguments as of `draw_values`."""
    check_finite(values)
    n, parts = len(values[0]), workers()
    tiles_x, tiles_y = -(-int(lens[4]) // TILE), -(-int(lens[5]) // TILE)
    records, boxes = np.empty((n, RECORD), np.float32), np.zeros((n, 4), np.int32)
    project(*values, degree, pose, lens, antialias, parts, records, boxes)
    counts, offsets, reached = reach_tiles(records, boxes, tiles_x, tiles_y, parts)
    starts = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=starts[1:])
    pairs, blocks = fill_tiles(depth_order(records, boxes), boxes, offsets, reached, tiles_x, starts, parts)
    return Lists(records, boxes, pairs, blocks, starts, *deal_tiles(counts, parts))


def draw_values(values: Values, pose: F64, lens: F64, degree: int, antialias: bool) -> Drawing:
    """Draw `values` (C-contiguous float32) with `pose` [3, 4] from `pose_of` and `lens` [10] from `lens_of`."""
    width, height = int(lens[4]), int(lens[5])
    d = list_values(values, pose, lens, degree, antialias)
    picture, used = np.empty((5, height, width), np.float32), np.zeros(len(d.starts) - 1, np.int32)
    rasterize(d.records, d.pairs, d.blocks, d.starts, d.dealt, d.bounds, width, height, picture, used)
    return Drawing(picture, d, used)


def no_sums(parts: int, n: int) -> F32:
    """Return zeros [parts, n, SUMS] for `rasterize_gradient`, each row in its own cache line."""
    loose = np.zeros((parts * n + 1) * SUMS, np.float32)
    skip = (-loose.ctypes.data // loose.itemsize) % SUMS
    return loose[skip : skip + parts * n * SUMS].reshape(parts, n, SUMS)


def gradient(
    values: Values, pose: F64, lens: F64, degree: int, antialias: bool, drawing: Drawing, incoming: F32
) -> Gradients:
    """Propagate dL/dpicture [5, H, W] to all values and the pose."""
    keep_freed_memory()
    n, parts, d = len(values[0]), workers(), drawing.lists
    sums = no_sums(len(d.bounds) - 1, n)
    rasterize_gradient(
        d.records, d.pairs, d.blocks, d.starts, d.dealt, d.bounds, drawing.picture, drawing.used, incoming, sums
    )  # fmt: skip
    means, scales, quats, logits, sh = (np.empty_like(v) for v in values)
    means2d, poses = np.empty((n, 2), np.float32), np.zeros((parts, 3, 4))
    project_gradient(
        *values, degree, pose, lens, antialias, parts, d.records, sums,
        means, scales, quats, logits, sh, means2d, poses,
    )  # fmt: skip
    return Gradients((means, scales, quats, logits, sh), means2d, poses.sum(axis=0))


def draw(gaussians: Gaussians, camera: Camera, cam_from_world: F64, *, antialias: bool = True) -> F32:
    """Draw `gaussians` as [5, H, W]: premultiplied sRGB colour, alpha, alpha-weighted depth (world units)."""
    g = gaussians
    values = (g.means, g.log_scales, g.quats, g.logits, g.sh)
    return draw_values(values, pose_of(cam_from_world), lens_of(camera), g.degree, antialias).picture
