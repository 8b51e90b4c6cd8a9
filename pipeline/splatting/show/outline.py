"""Sharpens the outline of a picture drawn from a splat as far as the mattes of the photos are sharp.

A splat's alpha rises over several pixels and stays a few per cent below 1 well inside the product: on a white backdrop
that is a pale rim. Its contour at 1/2 lies on the photos' contours, in the median within half a pixel
(`benchmarks/RENDER.md`).
"""

from collections.abc import Sequence

import cv2
import numpy as np

from pipeline.core.arrays import F32, F64, Alpha
from pipeline.core.domain import Camera
from pipeline.splatting.detail.depth import without_gaps
from pipeline.splatting.photos import PosedPhoto, pixels_of
from pipeline.splatting.ply import Splat
from pipeline.splatting.surface import back_projected, surface_depth

DEPTH_SIDE_PX = 256  # at which softness is looked up: it need not be sharp itself
WINDOW_PX = 17  # of a photo, in which the width of its outline is measured
FAINT, DENSE = 25, 230  # alpha, 0 to 255, between which an outline is soft
SHARP_PX, SOFT_PX = 2.5, 5.0  # width of a photo's outline up to which it is sharp, and from which it is soft
SOLID = 0.8  # alpha beside which there is an outline to sharpen; what is thinner than the fit resolves never reaches it
RAMP_PX = 1.5  # of a sharpened outline: photos' outlines are hardly narrower
REACH, REACH_MIN_PX = 0.01, 4  # of the long side: how far from there


def sharpened(picture: F32, splat: Splat, camera: Camera, cam_from_world: F64, photos: Sequence[PosedPhoto]) -> F32:
    """Sharpen the alpha of planes [>= 4, H, W], premultiplied, where the outlines of `photos` are sharp.

    Colours follow alpha. Hair, fringes and gauze, whose mattes are soft, stay as they are. Photos and camera are
    undistorted. Raises BadInput as `surface_depth` does.
    """
    alpha = picture[3]
    hard = 1.0 - softness(splat, camera, cam_from_world, photos)
    reach = 2 * max(REACH_MIN_PX, round(REACH * max(alpha.shape))) + 1
    near = cv2.dilate((alpha >= SOLID).astype(np.uint8), np.ones((reach, reach), np.uint8))
    new = np.asarray(alpha + (steepened(alpha) - alpha) * hard * near, np.float32)
    out = picture.copy()
    scale = np.where(alpha > 1e-3, new / np.maximum(alpha, 1e-3), 0)
    out[:3] *= scale
    out[4:] *= scale  # depth is weighted by alpha
    out[3] = new
    return out


def steepened(alpha: F32) -> F32:
    """Alpha [h, w] with the contour at 1/2 of `alpha`, across which it rises from 0 to 1 within `RAMP_PX`."""
    slope = np.hypot(cv2.Sobel(alpha, cv2.CV_32F, 1, 0, scale=1 / 8), cv2.Sobel(alpha, cv2.CV_32F, 0, 1, scale=1 / 8))
    return np.asarray(np.clip(0.5 + (alpha - 0.5) / np.maximum(RAMP_PX * slope, 1e-4), 0, 1), np.float32)


def softness(splat: Splat, camera: Camera, cam_from_world: F64, photos: Sequence[PosedPhoto]) -> F32:
    """How soft the photos' outlines are where a picture shows the same part, [height, width], 0 sharp to 1 soft.

    Where no photo has an outline, it is that of most parts that have one, and 0 without photos.
    """
    factor = min(1.0, DEPTH_SIDE_PX / max(camera.width_px, camera.height_px))
    small = camera.scaled(factor)
    points = back_projected(without_gaps(surface_depth(splat, small, cam_from_world)), small, cam_from_world)
    widths = np.full((len(photos), len(points)), np.nan, np.float32)
    for photo, row in zip(photos, widths, strict=True):
        x, y, inside = pixels_of(points, photo.camera, photo.cam_from_world)
        row[inside] = outline_width_px(np.ascontiguousarray(photo.rgba[..., 3]))[y, x][inside]
    known = np.isfinite(widths).any(axis=0)
    if not known.any():
        return np.zeros((camera.height_px, camera.width_px), np.float32)
    width = np.full(len(points), np.nanmedian(widths), np.float32)
    width[known] = np.nanmedian(widths[:, known], axis=0)
    soft = np.clip((width - SHARP_PX) / (SOFT_PX - SHARP_PX), 0, 1).reshape(small.height_px, small.width_px)
    whole = camera.width_px, camera.height_px
    return np.asarray(cv2.resize(soft.astype(np.float32), whole, interpolation=cv2.INTER_LINEAR), np.float32)


def outline_width_px(alpha: Alpha) -> F32:
    """Width [h, w] of the outline near each px of a matte [h, w] uint8: soft px per px of contour; NaN without any."""
    soft = ((alpha > FAINT) & (alpha < DENSE)).astype(np.float32)
    solid = (alpha >= 128).astype(np.uint8)
    contour = (solid - cv2.erode(solid, np.ones((3, 3), np.uint8))).astype(np.float32)
    window = (WINDOW_PX, WINDOW_PX)
    soft_px, contour_px = (cv2.boxFilter(each, -1, window, normalize=False) for each in (soft, contour))
    width = soft_px / np.maximum(contour_px, 1)
    return np.where(soft_px + contour_px >= WINDOW_PX / 2, width, np.float32(np.nan))
