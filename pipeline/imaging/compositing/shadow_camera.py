"""Project the floor under the product into a frame, through the picture's own camera if it is known.

Floor frame: origin at the product's centre, +x to the camera's right, +y away from it along the floor, +z up.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from pipeline.core.arrays import F64
from pipeline.core.domain import View, azimuth_elevation_deg, camera_centre, look_at
from pipeline.imaging.compositing.framing import Box

Projection = F64  # [3, 4], floor frame to px, pixel centres at +0.5
LOWEST_DEG, HIGHEST_DEG = (
    4.0,
    60.0,
)  # below, the floor is a line; above, a matte hides the foot
POINTS_AT_LEAST = 100  # fewer do not show a shape
DISTANCE = 5.0  # of a guessed camera, in product radii: typical of a studio lens


@dataclass(frozen=True)
class Ground:
    """A picture's floor: `camera` [3, 4] projects the floor frame to px of the picture.

    `surface`: points [n, 3] of the product's surface in the floor frame, or None if unknown.
    """

    camera: Projection
    surface: F64 | None = None

    def moved(self, to_frame: F64) -> "Ground":
        """Return the ground after a homography [3, 3] of the picture's px."""
        return replace(self, camera=np.asarray(to_frame @ self.camera))


def ground_of(view: View, width_px: int, points: F64 | None = None) -> Ground | None:
    """Return the ground of a picture `width_px` wide, ignoring lens distortion.

    `points` [n, 3] of the product's surface, product frame; fewer than POINTS_AT_LEAST count as none. None if the
    camera is too low to see the floor, or, without points, so high that a matte does not show the product's height.
    """
    azimuth_deg, elevation_deg = azimuth_elevation_deg(camera_centre(view.pose))
    if points is not None and len(points) < POINTS_AT_LEAST:
        points = None
    if elevation_deg < LOWEST_DEG or (elevation_deg > HIGHEST_DEG and points is None):
        return None
    turn, camera = _upright(azimuth_deg), view.scaled_to(width_px).camera
    surface = None if points is None else np.asarray(points @ turn[:3, :3])
    return Ground(np.asarray(camera.intrinsics @ (view.pose @ turn)[:3]), surface)


def guess_camera(product: Box, elevation_deg: float) -> Projection:
    """Guess a camera at this elevation that sees the product in its box; the unit is half the box's diagonal."""
    elevation_deg = min(max(elevation_deg, LOWEST_DEG), HIGHEST_DEG)
    focal_px = DISTANCE * math.hypot(product.width, product.height) / 2
    centre_px = ((product.left + product.right) / 2, (product.top + product.bottom) / 2)
    intrinsics = np.array([[focal_px, 0, centre_px[0]], [0, focal_px, centre_px[1]], [0, 0, 1]])
    return np.asarray(intrinsics @ look_at(0.0, elevation_deg, DISTANCE)[:3])


def frame_from_floor(projection: Projection, floor_z: float) -> F64:
    """Homography [3, 3] from (x, y, 1) on the floor to homogeneous px, whose third value is the depth."""
    return np.stack([projection[:, 0], projection[:, 1], projection[:, 2] * floor_z + projection[:, 3]], axis=1)


def project(projection: Projection, points: F64) -> F64:
    """Project points [n, 3] in front of the camera to px [n, 2]."""
    seen = points @ projection[:, :3].T + projection[:, 3]
    return np.asarray(seen[:, :2] / seen[:, 2:])


def _upright(azimuth_deg: float) -> F64:
    """Floor frame to product frame, [4, 4]: a rotation about +z."""
    a = math.radians(azimuth_deg)
    turn = np.eye(4)
    turn[:2, :2] = [[math.cos(a), -math.sin(a)], [math.sin(a), math.cos(a)]]
    return turn
