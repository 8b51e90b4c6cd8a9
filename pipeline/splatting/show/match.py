"""Draw a splat as a photo shows it, and match its colours to the photo's."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.core.arrays import F32, Rgba
from pipeline.core.colmap.model import RawCamera
from pipeline.core.colmap.undistort import undistort
from pipeline.core.domain import Camera, View
from pipeline.splatting.photos import PosedPhoto, at_most
from pipeline.splatting.ply import Splat
from pipeline.splatting.show.render import planes

GAIN_MAX = 1.15
_SIDE_PX = 512  # long side at which colours are compared


def undistorted(rgba: Rgba, camera: Camera) -> tuple[NDArray[np.uint8], Camera]:
    """Remove the radial distortion of a photo [H, W, 4] and its camera."""
    return undistort(rgba, RawCamera.of(camera))


def as_shot(splat: Splat, view: View) -> F32:
    """Draw the splat in a photo's own pixels, with its distortion: [5, H, W], premultiplied r, g, b; alpha; depth.

    It is drawn by a pinhole camera whose picture is padded to cover the distorted one, then resampled.
    """
    camera = view.camera
    if camera.k1 == 0.0:
        return planes(splat, camera, view.pose, supersample=1)
    width, height = camera.width_px, camera.height_px
    k = camera.intrinsics - np.array([[0, 0, 0.5], [0, 0, 0.5], [0, 0, 0]])  # OpenCV has pixel centres at whole numbers
    at = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1).reshape(-1, 1, 2).astype(np.float64)
    x, y = cv2.undistortPoints(at, k, np.array([camera.k1, 0, 0, 0]), P=k).reshape(height, width, 2).transpose(2, 0, 1)
    beyond = max(-x.min(), -y.min(), x.max() - width + 1, y.max() - height + 1, 0.0)
    pad = 1 + math.ceil(min(beyond, max(width, height)))  # bounds the memory for an extreme distortion
    size = {"width_px": width + 2 * pad, "height_px": height + 2 * pad}
    centre = {"cx_px": camera.cx_px + pad, "cy_px": camera.cy_px + pad}
    drawn = planes(splat, camera.model_copy(update={**size, **centre, "k1": 0.0}), view.pose, supersample=1)
    across, down = (x + pad).astype(np.float32), (y + pad).astype(np.float32)
    return np.stack([cv2.remap(plane, across, down, cv2.INTER_LINEAR) for plane in drawn])


def gain_of(splat: Splat, photo: PosedPhoto) -> tuple[float, float, float]:
    """The factor per channel that brings the splat's colours to those of a photo, by the medians inside both.

    At most `GAIN_MAX` either way.
    """
    level = at_most(photo, _SIDE_PX)
    shown = planes(splat, level.camera, photo.cam_from_world, supersample=1)
    both = (shown[3] > 0.98) & (level.planes[3] > 0.98)
    if both.sum() < 100:
        return 1.0, 1.0, 1.0
    ratio = np.median(level.planes[:3, both], axis=1) / np.maximum(np.median(shown[:3, both], axis=1), 1e-3)
    r, g, b = np.clip(ratio, 1 / GAIN_MAX, GAIN_MAX).round(4).tolist()
    return r, g, b


def with_gain(picture: F32, gain: tuple[float, float, float]) -> F32:
    """Scale the colours of planes [5, H, W] by `gain`, limited to alpha."""
    out = picture.copy()
    out[:3] = np.minimum(picture[:3] * np.array(gain, np.float32)[:, None, None], picture[3])
    return out
