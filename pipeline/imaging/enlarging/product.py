"""Enlarges a cut-out product, and measures on it whether the engine is closer to the truth than resampling."""

import math

import cv2
import numpy as np
from PIL import Image

from pipeline.core.arrays import F32, Mask, Rgb, Rgba
from pipeline.core.domain import Frozen
from pipeline.core.linear import linear_to_srgb, srgb_to_linear
from pipeline.imaging.enlarging.registry import enlarge

EDGE_PX = 16  # around the matte: as far as a network looks for what it paints at the outline
WINDOW_PX, LEAST_PX = 256, 64  # side of the square on which the gain is measured, and its least side
OPAQUE_AT_LEAST = 0.7  # share of that square
BORDER_PX = 8  # of it that does not count: there the engine sees less
STEPS = 5  # squares tried per side


def factor_for(scale: float, enough: float = 1.1) -> int:
    """By which whole factor to enlarge what a frame shows at `scale` times its size: 1, 2 or 4."""
    if scale <= enough:
        return 1
    return 2 if scale <= 2 else 4


def enlarge_product(picture: Rgba, factor: int, params: Frozen) -> Rgba:
    """Enlarge a straight-alpha sRGB picture [h, w, 4] by a whole factor.

    The engine gets the product's colours continued beyond its outline, so that no backdrop bleeds into it; the matte is
    resampled. Raises BadInput and MissingEngine as the engine does.
    """
    visible = picture[..., 3] > 0
    out = np.zeros((factor * picture.shape[0], factor * picture.shape[1], 4), np.uint8)
    if not visible.any():
        return out
    rows, columns = _span(np.asarray(visible.any(axis=1))), _span(np.asarray(visible.any(axis=0)))
    part = picture[rows, columns]
    near = cv2.dilate(visible[rows, columns].astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    colours = enlarge(continued(part[..., :3], part[..., 3] > 0), factor, params, near)
    matte = part[..., 3].astype(np.float32)
    size = (colours.shape[1], colours.shape[0])
    alpha = np.rint(np.clip(cv2.resize(matte, size, interpolation=cv2.INTER_CUBIC), 0, 255)).astype(np.uint8)
    large = np.dstack([colours, alpha])
    large[alpha == 0] = 0
    out[_times(rows, factor), _times(columns, factor)] = large
    return out


def continued(rgb: Rgb, inside: Mask) -> Rgb:
    """The picture [h, w, 3] with every pixel outside replaced by the nearest one inside."""
    if inside.all():
        return rgb
    _, labels = cv2.distanceTransformWithLabels(
        (~inside).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    colours = np.zeros((int(labels.max()) + 1, 3), np.uint8)
    colours[labels[inside]] = rgb[inside]
    return np.asarray(colours[labels], np.uint8)


def gain_db(picture: Rgba, factor: int, params: Frozen) -> float | None:
    """By how many dB the engine comes closer than Lanczos to the product's own pixels, after they were shrunk.

    Measured on the square of the picture [h, w, 4] with most detail; None where no square is full enough of product.
    """
    square = _most_detailed(picture, factor)
    if square is None:
        return None
    truth = continued(square[..., :3], square[..., 3] == 255)
    small = shrunk(truth, factor)
    counted = square[..., 3] == 255
    counted[:BORDER_PX], counted[-BORDER_PX:], counted[:, :BORDER_PX], counted[:, -BORDER_PX:] = (False,) * 4
    by_engine, by_lanczos = (
        np.mean(np.square(made.astype(np.float32) - truth)[counted])
        for made in (enlarge(small, factor, params), lanczos(small, factor))
    )
    return round(10 * math.log10(max(float(by_lanczos), 1e-3) / max(float(by_engine), 1e-3)), 2)


def shrunk(picture: Rgb, factor: int) -> Rgb:
    """The picture [h, w, 3] at 1 / `factor` of its size, which divides it, by means of squares in linear light."""
    size = picture.shape[1] // factor, picture.shape[0] // factor
    return linear_to_srgb(np.asarray(cv2.resize(srgb_to_linear(picture), size, interpolation=cv2.INTER_AREA)))


def lanczos(picture: Rgb, factor: int) -> Rgb:
    """The picture [h, w, 3] enlarged by Lanczos resampling, of sRGB values: in linear light it rings more."""
    size = picture.shape[1] * factor, picture.shape[0] * factor
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS))


def _most_detailed(picture: Rgba, factor: int) -> Rgba | None:
    """The square of the picture with the strongest edges that is mostly opaque; None if there is none."""
    opaque = (picture[..., 3] == 255).astype(np.float32)
    if not opaque.any():
        return None
    rows, columns = _span(opaque.any(axis=1), 0), _span(opaque.any(axis=0), 0)
    side = min(WINDOW_PX, rows.stop - rows.start, columns.stop - columns.start) // (2 * factor) * 2 * factor
    if side < LEAST_PX:
        return None
    luma = cv2.cvtColor(picture[..., :3], cv2.COLOR_RGB2GRAY).astype(np.float32)
    edges = np.abs(cv2.Laplacian(luma, cv2.CV_32F)) * opaque
    best, most = None, -1.0
    for top in np.linspace(rows.start, rows.stop - side, STEPS).astype(int):
        for left in np.linspace(columns.start, columns.stop - side, STEPS).astype(int):
            where = slice(top, top + side), slice(left, left + side)
            detail = _mean(edges[where])
            if _mean(opaque[where]) >= OPAQUE_AT_LEAST and detail > most:
                best, most = picture[where], detail
    return best


def _mean(values: F32) -> float:
    return float(values.mean())


def _span(used: Mask, margin_px: int = EDGE_PX) -> slice:
    """From the first True to the last, with a margin as far as there is room."""
    places = np.flatnonzero(used)
    return slice(max(0, int(places[0]) - margin_px), min(len(used), int(places[-1]) + 1 + margin_px))


def _times(part: slice, factor: int) -> slice:
    return slice(part.start * factor, part.stop * factor)
