"""Enlarges the model's small square to the backdrop's full size and restores the material's fine structure."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.core.arrays import F32, Rgb
from pipeline.core.linear import encode
from pipeline.diffusion.scenes.plain import dithered
from pipeline.diffusion.scenes.scene import coarse, linear_from_srgb, scene_detail
from pipeline.diffusion.scenes.sight import Sight
from pipeline.diffusion.scenes.vocabulary import SceneSpec

DETAIL_PX = 1024  # finer grain does not show in a backdrop behind a product, and 2048 would take 4x the time


def square_crop(width_px: int, height_px: int, side_px: int) -> tuple[slice, slice]:
    """Rows and columns of the centred part of a square of `side_px` that has the shape width_px : height_px."""
    scale = side_px / max(width_px, height_px)
    w, h = max(1, round(width_px * scale)), max(1, round(height_px * scale))
    top, left = (side_px - h) // 2, (side_px - w) // 2
    return slice(top, top + h), slice(left, left + w)


def in_square(picture: NDArray[np.uint8], side_px: int, fill: int) -> NDArray[np.uint8]:
    """Scale a picture [h, w, c] into the centre of a square [side_px, side_px, c] of the value `fill`."""
    height_px, width_px, channels = picture.shape
    rows, columns = square_crop(width_px, height_px, side_px)
    square = np.full((side_px, side_px, channels), fill, np.uint8)
    size = (columns.stop - columns.start, rows.stop - rows.start)
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    square[rows, columns] = small.reshape(size[1], size[0], channels)
    return square


def enlarge(
    painted: Rgb,
    width_px: int,
    height_px: int,
    spec: SceneSpec | None,
    seed: int,
    coarse_px: int | None = None,
    scene_share: float = 1.0,
    sight: Sight | None = None,
) -> Rgb:
    """Enlarge the centre of a painted square, sRGB uint8 [n, n, 3], to [height_px, width_px, 3].

    `spec`: the scene whose fine structure is multiplied on in linear light, seeded by `seed`; None adds none. It has
    the detail that a picture of side `coarse_px` cannot show (None: of side n); what the painted picture itself shows
    beyond `coarse_px` is the decoder's grid and is smoothed away, and the scene says which colours are where.
    `scene_share`: share of the painted side that shows the scene, below 1 where the picture was extended around it;
    floor and wall continue there. `sight`: the scene's camera. The result is dithered, because an
    enlarged slow gradient shows bands.
    """
    linear = linear_from_srgb(painted)
    if coarse_px is not None:
        px = painted.shape[0] / coarse_px
        linear = coarse(linear, px) if spec else np.asarray(cv2.GaussianBlur(linear, (0, 0), 0.8 * px), np.float32)
    rows, columns = square_crop(width_px, height_px, painted.shape[0])
    large = cv2.resize(linear[rows, columns], (width_px, height_px), interpolation=cv2.INTER_CUBIC)
    if spec is not None:
        side = min(DETAIL_PX, max(width_px, height_px))
        held_px = painted.shape[0] if coarse_px is None else coarse_px / math.sqrt(2)  # blurred twice: squares add up
        beyond, limited = (1 / scene_share - 1) / 2, coarse_px is not None
        detail = scene_detail(spec, seed, side, side, held_px, beyond, sight, one_colour=limited)
        rows, columns = square_crop(width_px, height_px, side)
        fine = cv2.resize(detail[rows, columns], (width_px, height_px), interpolation=cv2.INTER_CUBIC)
        large = large * fine
    return dithered(_srgb_levels(np.clip(large, 0, 1)), seed)


_SRGB = encode(np.arange(65536, dtype=np.float64) / 65535) * 255


def _srgb_levels(linear: F32) -> F32:
    """Linear light 0 to 1 as fractional sRGB levels 0 to 255; a table is 15 times as fast as the power function."""
    table: F32 = _SRGB.astype(np.float32)
    return table[np.round(linear * 65535).astype(np.uint16)]
