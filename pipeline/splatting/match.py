"""Bring a rendered view's colours to those of the nearest photo: rendered and photographed angles are one set."""

import numpy as np
from numpy.typing import NDArray

from pipeline.domain import Camera, View
from pipeline.splatting.colmap_model import RawCamera, undistort
from pipeline.splatting.photos import premultiplied, resized
from pipeline.splatting.ply import Splat
from pipeline.splatting.render import planes

GAIN_MAX = 1.15
_SIDE_PX = 384


def undistorted(rgba: NDArray[np.uint8], camera: Camera) -> tuple[NDArray[np.uint8], Camera]:
    """A photo [H, W, 4] and its camera without radial distortion."""
    k = (camera.fx_px, camera.fy_px, camera.cx_px, camera.cy_px, camera.k1, 0.0, 0.0, 0.0)
    return undistort(rgba, RawCamera("OPENCV", camera.width_px, camera.height_px, k))


def matched_gain(splat: Splat, rgba: NDArray[np.uint8], view: View) -> tuple[float, float, float]:
    """Photo over splat, per channel, seen from the photo's own place: ratio of medians inside both, near 1.

    `rgba` is the photo's cut-out as shot, `view` its camera (with distortion) and pose.
    """
    photo, camera = undistorted(rgba, view.camera)
    factor = min(1.0, _SIDE_PX / max(camera.width_px, camera.height_px))
    level = resized(
        premultiplied(photo), camera, max(1, round(camera.width_px * factor)), max(1, round(camera.height_px * factor))
    )
    shown = planes(splat, level.camera, view.pose, supersample=1)
    both = (shown[3] > 0.98) & (level.planes[3] > 0.98)
    if both.sum() < 100:
        return 1.0, 1.0, 1.0
    ratio = np.median(level.planes[:3, both], axis=1) / np.maximum(np.median(shown[:3, both], axis=1), 1e-3)
    r, g, b = np.clip(ratio, 1 / GAIN_MAX, GAIN_MAX).round(4).tolist()
    return r, g, b


def with_gain(picture: NDArray[np.float32], gain: tuple[float, float, float]) -> NDArray[np.float32]:
    """Planes [5, H, W] with colours scaled; no colour rises above its alpha."""
    out = picture.copy()
    out[:3] = np.minimum(picture[:3] * np.array(gain, np.float32)[:, None, None], picture[3])
    return out
