"""How a frame sees the floor under its product, through the picture's own camera where that is known.

Floor frame: origin at the product's centre, +x to the camera's right, +y away from it along the floor, +z up.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from pipeline.core.arrays import F64
from pipeline.core.domain import View, azimuth_elevation_deg, camera_centre, look_at
from pipeline.imaging.compositing.framing import Box

Projection = F64  # [3, 4], floor frame to px, pixel centres at +0.5
LOWEST_DEG, HIGHEST_DEG = 4.0, 60.0  # below, the floor is a line; above, a matte shows no foot
POINTS_AT_LEAST = 100  # fewer show no shape
DISTANCE = 5.0  # of a guessed camera, in product radii: what a studio's usual lens needs


@dataclass(frozen=True)
class Ground:
    """How a picture shows its floor: `camera` [3, 4] to px of the picture, and the product's shape where it is known.

    `surface`: points [n, 3] of the product's surface in the floor frame, or None.
    """

    camera: Projection
    surface: F64 | None = None

    def moved(self, to_frame: F64) -> "Ground":
        """The same ground after the picture's px went through a homography [3, 3]."""
        return replace(self, camera=np.asarray(to_frame @ self.camera))


def ground_of(view: View, width_px: int, points: F64 | None = None) -> Ground | None:
    """The ground of a picture `width_px` wide; lens distortion is left out.

    `points` [n, 3] of the product's surface, product frame; too few of them count as none. None when the camera stands
    too low to see the floor, or, without points, so high that a matte says nothing of the product's height.
    """
    azimuth_deg, elevation_deg = azimuth_elevation_deg(camera_centre(view.pose))
    if points is not None and len(points) < POINTS_AT_LEAST:
        points = None
    if elevation_deg < LOWEST_DEG or (elevation_deg > HIGHEST_DEG and points is None):
        return None
    turn, camera = _upright(azimuth_deg), view.scaled_to(width_px).camera
    surface = None if points is None else np.asarray(points @ turn[:3, :3])
    return Ground(np.asarray(camera.intrinsics @ (view.pose @ turn)[:3]), surface)


def guessed(product: Box, elevation_deg: float) -> Projection:
    """A camera at this elevation that sees a product in the box `product`; the unit is half the box's diagonal."""
    elevation_deg = min(max(elevation_deg, LOWEST_DEG), HIGHEST_DEG)
    focal_px = DISTANCE * math.hypot(product.width, product.height) / 2
    centre_px = ((product.left + product.right) / 2, (product.top + product.bottom) / 2)
    intrinsics = np.array([[focal_px, 0, centre_px[0]], [0, focal_px, centre_px[1]], [0, 0, 1]])
    return np.asarray(intrinsics @ look_at(0.0, elevation_deg, DISTANCE)[:3])


def floor_homography(projection: Projection, floor_z: float) -> F64:
    """From (x, y, 1) on the floor to homogeneous px, [3, 3]; the third value is the depth before the camera."""
    return np.stack([projection[:, 0], projection[:, 1], projection[:, 2] * floor_z + projection[:, 3]], axis=1)


def land(projection: Projection, points: F64) -> F64:
    """Where points [n, 3] before the camera land, px [n, 2]."""
    seen = points @ projection[:, :3].T + projection[:, 3]
    return np.asarray(seen[:, :2] / seen[:, 2:])


def _upright(azimuth_deg: float) -> F64:
    """Floor frame to product frame, [4, 4]: a turn about +z."""
    a = math.radians(azimuth_deg)
    turn = np.eye(4)
    turn[:2, :2] = [[math.cos(a), -math.sin(a)], [math.sin(a), math.cos(a)]]
    return turn
