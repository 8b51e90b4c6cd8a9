"""Remove a photo's lens distortion."""

from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.core.arrays import F32, Rgba
from pipeline.core.colmap.model import RawCamera
from pipeline.core.domain import Camera
from pipeline.core.errors import BadInput


def undistort(rgba: Rgba, camera: RawCamera) -> tuple[Rgba, Camera]:
    """Return the photo as a pinhole camera of the same focal length and size would see it, and that camera.

    Raises BadInput when the photo's size differs from the camera's.
    """
    if rgba.shape[:2] != (camera.height_px, camera.width_px):
        raise BadInput(
            f"a photo of {rgba.shape[1]} x {rgba.shape[0]} px has a camera of {camera.width_px} x {camera.height_px}",
            remedy="Use the photos that the model was made from, at their original size",
        )
    pinhole = camera.pinhole()
    if not camera.distortion().any():
        return rgba, pinhole
    planes = np.zeros(rgba.shape, np.float32)
    shown = _box(rgba[..., 3])
    planes[shown] = rgba[shown]
    planes[shown][..., :3] *= planes[shown][..., 3:] / 255.0
    planes = cv2.remap(planes, *_maps(camera), interpolation=cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT)
    out, shown = np.zeros_like(rgba), _box(planes[..., 3])
    alpha = np.clip(planes[shown][..., 3:], 0, 255)
    colour = np.clip(planes[shown][..., :3], 0, alpha) * (255.0 / np.maximum(alpha, 1e-3))
    out[shown] = np.concatenate([np.clip(colour, 0, 255), alpha], axis=-1).round().astype(np.uint8)
    return out, pinhole


@lru_cache(maxsize=1)  # the photos of a shoot share a camera
def _maps(camera: RawCamera) -> tuple[F32, F32]:
    """Where in the photo each pixel of the undistorted one lies: x and y, [height_px, width_px] each, in px."""
    k = camera.matrix() - np.array([[0, 0, 0.5], [0, 0, 0.5], [0, 0, 0]])  # OpenCV has pixel centres at whole numbers
    size = (camera.width_px, camera.height_px)
    x, y = cv2.initUndistortRectifyMap(k, camera.distortion(), None, k, size, cv2.CV_32FC1)
    return np.asarray(x, np.float32), np.asarray(y, np.float32)


def _box(alpha: NDArray[Any]) -> tuple[slice, slice]:
    """The rows and columns that hold everything opaque of `alpha` [H, W], all of them if nothing is.

    Most of a cut-out is empty, and arithmetic on empty pixels takes most of the time.
    """
    rows, columns = np.flatnonzero((alpha > 0).any(axis=1)), np.flatnonzero((alpha > 0).any(axis=0))
    if not len(rows):
        return slice(None), slice(None)
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
