"""A cut-out photo as it is measured and read: cropped to the product, made smaller, on a neutral ground."""

from typing import NamedTuple

import cv2
import numpy as np

from pipeline.core.arrays import Rgb, Rgba

VISIBLE = 128  # alpha from which a pixel counts as product
GROUND = 128  # gray level behind the product while it is read: white and black prints both stand out
READ_SIDE_PX, MEASURE_SIDE_PX = 1600, 768
MARGIN = 0.04  # of the product's long side, around it while it is read

Box = tuple[int, int, int, int]
"""Left, top, width, height in px."""


class Readable(NamedTuple):
    """A picture to read. A point (x, y) in it is `(left + x / scale, top + y / scale)` in px of the photo."""

    rgb: Rgb
    left: int
    top: int
    scale: float


def product_box(picture: Rgba) -> Box | None:
    """The box of the product in a cut-out photo [h, w, 4], or None if nothing is visible."""
    visible = picture[..., 3] >= VISIBLE
    rows, columns = np.flatnonzero(visible.any(axis=1)), np.flatnonzero(visible.any(axis=0))
    if len(rows) == 0:
        return None
    left, top = int(columns[0]), int(rows[0])
    return left, top, int(columns[-1]) - left + 1, int(rows[-1]) - top + 1


def to_measure(picture: Rgba, box: Box) -> Rgba:
    """The part of a cut-out photo in `box`, at a long side of `MEASURE_SIDE_PX` at most."""
    left, top, width, height = box
    return _shrunk(picture[top : top + height, left : left + width], MEASURE_SIDE_PX)[0]


def to_read(picture: Rgba, box: Box) -> Readable:
    """The product with a margin on gray, at a long side of `READ_SIDE_PX` at most."""
    left, top, width, height = box
    margin = round(MARGIN * max(width, height))
    first = max(0, top - margin), max(0, left - margin)
    part = picture[first[0] : top + height + margin, first[1] : left + width + margin]
    small, scale = _shrunk(part, READ_SIDE_PX)
    return Readable(on_ground(small), first[1], first[0], scale)


def on_ground(picture: Rgba) -> Rgb:
    """The picture over the gray on which it is read."""
    alpha = picture[..., 3:].astype(np.float32) / 255
    return np.round(picture[..., :3] * alpha + GROUND * (1 - alpha)).astype(np.uint8)


def _shrunk(picture: Rgba, side_px: int) -> tuple[Rgba, float]:
    """The picture at a long side of `side_px` at most, and its scale. Colours are weighted by alpha."""
    height, width = picture.shape[:2]
    scale = min(1.0, side_px / max(height, width))
    if scale == 1.0:
        return picture, scale
    size = max(1, round(width * scale)), max(1, round(height * scale))
    alpha = picture[..., 3:].astype(np.float32)
    weighted = cv2.resize(picture[..., :3] * alpha, size, interpolation=cv2.INTER_AREA)
    weight = cv2.resize(alpha[..., 0], size, interpolation=cv2.INTER_AREA)
    rgb = np.where(weight[..., None] > 0, weighted / np.maximum(weight, 1e-6)[..., None], 0)
    return np.dstack([rgb, weight]).round().clip(0, 255).astype(np.uint8), scale
