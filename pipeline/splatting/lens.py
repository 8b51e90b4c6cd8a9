"""The pinhole that a rasterizer is given: what it accepts of a `Camera` and of a pose, as plain arrays."""

import numpy as np

from pipeline.core.arrays import F64
from pipeline.core.domain import Camera
from pipeline.core.errors import BadInput

SIDE_MAX_PX = 16384


def lens_of(camera: Camera, whole: Camera | None = None) -> F64:
    """Fx, fy, cx, cy, width, height in px, then the bounds x0, x1, y0, y1 of x/z and y/z for the projection's Jacobian.

    The bounds are the picture and 15% of its size more on each side, as 3DGS has it; where the camera is a window of a
    larger picture, `whole` (same pixels, not cut) sets them, so that windows join without a seam.
    Raises BadInput for a distorted camera: undistort its photos first.
    """
    if camera.k1 != 0.0:
        raise BadInput(f"the camera is distorted (k1 = {camera.k1})", remedy="Undistort its photos before splatting.")
    if max(camera.width_px, camera.height_px) > SIDE_MAX_PX:
        raise BadInput(f"a picture of {camera.width_px} x {camera.height_px} px", remedy="Render it in parts.")
    w = whole or camera
    mx, my = 0.15 * w.width_px / w.fx_px, 0.15 * w.height_px / w.fy_px
    x0, x1 = -w.cx_px / w.fx_px - mx, (w.width_px - w.cx_px) / w.fx_px + mx
    y0, y1 = -w.cy_px / w.fy_px - my, (w.height_px - w.cy_px) / w.fy_px + my
    own = [camera.fx_px, camera.fy_px, camera.cx_px, camera.cy_px, camera.width_px, camera.height_px]
    return np.array([*own, x0, x1, y0, y1], dtype=np.float64)


def pose_of(cam_from_world: F64) -> F64:
    """The upper [3, 4] of a pose. Raises BadInput when it is not a finite rigid transform."""
    pose = np.ascontiguousarray(cam_from_world[:3, :4], dtype=np.float64)
    rotation = pose[:, :3]
    if not np.isfinite(pose).all() or not np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-4):
        raise BadInput(
            "cam_from_world is not a rigid transform", remedy="Scale belongs into the Gaussians, not the pose."
        )
    return pose
