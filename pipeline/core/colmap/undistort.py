"""Remove a photo's lens distortion."""

import cv2
import numpy as np

from pipeline.core.arrays import Rgba
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
    k = camera.matrix() - np.array([[0, 0, 0.5], [0, 0, 0.5], [0, 0, 0]])  # OpenCV has pixel centres at whole numbers
    maps = cv2.initUndistortRectifyMap(k, camera.distortion(), None, k, rgba.shape[1::-1], cv2.CV_32FC1)
    planes = rgba.astype(np.float32)
    planes[..., :3] *= planes[..., 3:] / 255.0
    planes = cv2.remap(planes, *maps, interpolation=cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT)
    alpha = np.clip(planes[..., 3:], 0, 255)
    colour = np.clip(planes[..., :3], 0, alpha) * (255.0 / np.maximum(alpha, 1e-3))
    return np.concatenate([np.clip(colour, 0, 255), alpha], axis=-1).round().astype(np.uint8), pinhole
