"""A rasterizer's view of a `Camera` and of a pose: validated, as plain arrays."""

import numpy as np

from pipeline.core.arrays import F64
from pipeline.core.domain import Camera
from pipeline.core.errors import BadInput

SIDE_MAX_PX = 16384


def lens_of(camera: Camera, whole: Camera | None = None) -> F64:
    """Return [10]: fx, fy, cx, cy, width, height in px, and bounds x0, x1, y0, y1 of x/z and y/z for the Jacobian.

    As in 3DGS, the bounds are the picture plus 15% of its size on each side. Where the camera is a window of a larger
    picture, `whole` (the same pixels, not cropped) sets them, so that windows join without a seam. Raises BadInput for
    a distorted camera and for a picture with a side over `SIDE_MAX_PX`.
    """
    if camera.k1 != 0.0:
        raise BadInput(f"the camera is distorted (k1 = {camera.k1})", remedy="Undistort its photos first")
    if max(camera.width_px, camera.height_px) > SIDE_MAX_PX:
        raise BadInput(f"{camera.width_px} x {camera.height_px} px is too large to draw", remedy="Render it in parts")
    w = whole or camera
    mx, my = 0.15 * w.width_px / w.fx_px, 0.15 * w.height_px / w.fy_px
    x0, x1 = -w.cx_px / w.fx_px - mx, (w.width_px - w.cx_px) / w.fx_px + mx
    y0, y1 = -w.cy_px / w.fy_px - my, (w.height_px - w.cy_px) / w.fy_px + my
    own = [camera.fx_px, camera.fy_px, camera.cx_px, camera.cy_px, camera.width_px, camera.height_px]
    return np.array([*own, x0, x1, y0, y1], dtype=np.float64)


def pose_of(cam_from_world: F64) -> F64:
    """Return the upper [3, 4] of a pose. Raises BadInput if it is not a finite rigid transform."""
    pose = np.ascontiguousarray(cam_from_world[:3, :4], dtype=np.float64)
    rotation = pose[:, :3]
    if not np.isfinite(pose).all() or not np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-4):
        raise BadInput(
            "cam_from_world is not a rigid transform", remedy="Apply the scale to the Gaussians, not to the pose"
        )
    return pose
