"""A contact sheet for judging a splat: one row per photo, with photo, render and difference."""

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from pipeline.core.arrays import F32
from pipeline.core.text import draw_text, shortened
from pipeline.splatting.photos import PreparedPhoto
from pipeline.splatting.ply import Splat
from pipeline.splatting.show.render import planes

GREY = np.float32(0.5)
_CELL_PX = 320
_GAP_PX = 4
_CAPTION_PX = 26


def _over_grey(picture: F32) -> F32:
    return np.clip(picture[:3], 0, 1) + GREY * (1 - picture[3])


def _cell(image: F32) -> NDArray[np.uint8]:
    """Fit a picture [3, H, W], 0 to 1, into a square cell [_CELL_PX, _CELL_PX, 3] uint8."""
    pixels = (np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8).transpose(1, 2, 0)
    factor = _CELL_PX / max(pixels.shape[:2])
    size = (max(1, round(pixels.shape[1] * factor)), max(1, round(pixels.shape[0] * factor)))
    mode = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    small = cv2.resize(np.ascontiguousarray(pixels), size, interpolation=mode)
    cell = np.full((_CELL_PX, _CELL_PX, 3), 128, np.uint8)
    top, left = (_CELL_PX - small.shape[0]) // 2, (_CELL_PX - small.shape[1]) // 2
    cell[top : top + small.shape[0], left : left + small.shape[1]] = small
    return cell


def sheet(splat: Splat, photos: list[PreparedPhoto], captions: dict[str, str]) -> NDArray[np.uint8]:
    """Return RGB [H, W, 3] uint8: per photo a row photo | render | difference x 4 over mid grey, and a caption."""
    rows = []
    for photo in photos:
        level = photo.full
        shown = _over_grey(planes(splat, level.camera, photo.cam_from_world, supersample=1))
        photographed = _over_grey(level.planes)
        cells = [_cell(photographed), _cell(shown), _cell(GREY + 4 * (shown - photographed))]
        gap = np.full((_CELL_PX, _GAP_PX, 3), 255, np.uint8)
        row = np.concatenate([cells[0], gap, cells[1], gap, cells[2]], axis=1)
        strip = Image.new("RGB", (row.shape[1], _CAPTION_PX), "white")
        caption = shortened(f"{photo.name}   {captions.get(photo.name, '')}", row.shape[1] - 12, 14)
        draw_text(ImageDraw.Draw(strip), (6, _CAPTION_PX / 2), caption, 14, fill=(30, 30, 30), anchor="lm")
        rows.append(np.concatenate([row, np.asarray(strip)], axis=0))
    return np.concatenate(rows, axis=0)
