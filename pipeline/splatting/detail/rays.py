"""Where the pixels of one picture lie in another, given their depth."""

from dataclasses import dataclass

import numpy as np

from pipeline.core.arrays import F32, F64
from pipeline.core.domain import Camera


def directions(camera: Camera) -> F32:
    """Return the point at depth 1 behind every pixel centre of an undistorted camera, [3, h, w]."""
    x = (np.arange(camera.width_px) + 0.5 - camera.cx_px) / camera.fx_px
    y = (np.arange(camera.height_px) + 0.5 - camera.cy_px) / camera.fy_px
    out = np.ones((3, camera.height_px, camera.width_px), np.float32)
    out[0], out[1] = x, y[:, None]
    return out


@dataclass(frozen=True)
class Rays:
    """The pixels of one picture as another camera sees them: `turned` [3, h, w] directions, `shift` [3], `camera`."""

    turned: F32
    shift: F32
    camera: Camera

    @classmethod
    def between(cls, camera: Camera, cam_from_world: F64, other: Camera, other_from_world: F64) -> "Rays":
        """Rays of all pixels of `camera`, as `other` sees them; both undistorted."""
        across = (other_from_world @ np.linalg.inv(cam_from_world)).astype(np.float32)
        turned = np.einsum("ij,jhw->ihw", across[:3, :3], directions(camera))
        return cls(np.ascontiguousarray(turned, np.float32), across[:3, 3], other)

    def at(self, depth: F32) -> tuple[F32, F32, F32]:
        """Columns and rows [h, w], whole numbers at pixel centres (OpenCV's), and depth in the other camera."""
        z = np.maximum(self.turned[2] * depth + self.shift[2], np.float32(1e-6))
        c = self.camera
        x = (self.turned[0] * depth + self.shift[0]) / z * np.float32(c.fx_px) + np.float32(c.cx_px - 0.5)
        y = (self.turned[1] * depth + self.shift[1]) / z * np.float32(c.fy_px) + np.float32(c.cy_px - 0.5)
        return x, y, z
