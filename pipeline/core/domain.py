"""Domain types: camera, view, angle, angle decision; and directions around the product.

World frame ("product frame"): right-handed, +z up, origin at the product's centre, unit = product radius. Azimuth 0 deg
is the product's front, counted counter-clockwise seen from above; elevation is positive above the horizon. With azimuth
a and elevation e, a camera is at `distance * (cos(e) * sin(a), -cos(e) * cos(a), sin(e))`: the front camera is on the
-y axis and looks along +y, so the right of its picture is towards +x.
Camera frame (COLMAP, OpenCV): +x right, +y down, +z forward. Pixel centres lie at +0.5.
"""

import math
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from pipeline.core.arrays import F64

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]


class Frozen(BaseModel):
    """An immutable, validated value. Unknown fields are errors, so a typo never silently gives a default."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Camera(Frozen):
    """A camera's intrinsics: focal lengths and principal point in px, one radial coefficient (COLMAP's k)."""

    width_px: int = Field(gt=0)
    height_px: int = Field(gt=0)
    fx_px: float = Field(gt=0)
    fy_px: float = Field(gt=0)
    cx_px: float
    cy_px: float
    k1: float = 0.0

    def scaled(self, factor: float) -> Self:
        """Return the camera for an image `factor` times as large."""
        return self.model_copy(
            update={
                "width_px": max(1, round(self.width_px * factor)),
                "height_px": max(1, round(self.height_px * factor)),
                "fx_px": self.fx_px * factor,
                "fy_px": self.fy_px * factor,
                "cx_px": self.cx_px * factor,
                "cy_px": self.cy_px * factor,
            }
        )

    @property
    def intrinsics(self) -> F64:
        """The pinhole matrix K, [3, 3] float64, without distortion."""
        return np.array([[self.fx_px, 0, self.cx_px], [0, self.fy_px, self.cy_px], [0, 0, 1]], dtype=np.float64)


class View(Frozen):
    """One posed photo: its name, camera, and pose in the product frame."""

    photo: str
    camera: Camera
    cam_from_world: tuple[tuple[float, float, float, float], ...] = Field(min_length=4, max_length=4)
    azimuth_deg: float
    elevation_deg: float

    @property
    def pose(self) -> F64:
        """`cam_from_world` as a [4, 4] float64 matrix."""
        return np.array(self.cam_from_world, dtype=np.float64)

    def scaled_to(self, width_px: int) -> Self:
        """Return the view for an image `width_px` wide."""
        return self.model_copy(update={"camera": self.camera.scaled(width_px / self.camera.width_px)})


class Angle(Frozen):
    """A view that the catalog needs: the direction from which the product is seen."""

    name: Name = Field(description="the angle's name in the assets, such as `front`")
    azimuth_deg: float = Field(
        ge=-360, le=360, description="0 is the front; counted counter-clockwise seen from above; -45 is 315"
    )
    elevation_deg: float = Field(
        default=0.0, ge=-90, le=90, description="above the horizon; negative looks from below, 90 from straight above"
    )


class AngleDecision(Frozen):
    """Where the picture of one requested angle comes from, as decided by coverage, with a reason for the photographer.

    `source` is `captured` (`photo` shows the angle), `rendered` (drawn from the splat) or `refused` (too few photos).
    """

    angle: Angle
    source: Literal["captured", "rendered", "refused"]
    photo: str | None = None
    nearest_photo: str | None = None
    nearest_deg: float | None = None
    code: str | None = Field(default=None, description="of a refused angle's reason, see pipeline.core.reasons")
    reason: str


def camera_centre(cam_from_world: F64) -> F64:
    """Return the camera's position in the world, [3]."""
    centre: F64 = -cam_from_world[:3, :3].T @ cam_from_world[:3, 3]
    return centre


def direction(azimuth_deg: float, elevation_deg: float) -> F64:
    """Return the unit vector [3] from the product's centre towards a camera at this azimuth and elevation."""
    a, e = math.radians(azimuth_deg), math.radians(elevation_deg)
    return np.array([math.cos(e) * math.sin(a), -math.cos(e) * math.cos(a), math.sin(e)])


def azimuth_elevation_deg(towards_camera: F64) -> tuple[float, float]:
    """Return azimuth in [0, 360) and elevation in [-90, 90] of a vector [3]: the inverse of `direction`."""
    x, y, z = (towards_camera / np.linalg.norm(towards_camera)).tolist()
    return math.degrees(math.atan2(x, -y)) % 360.0, math.degrees(math.asin(max(-1.0, min(1.0, z))))


def look_at(azimuth_deg: float, elevation_deg: float, distance: float) -> F64:
    """Return `cam_from_world` [4, 4] of an upright camera at this direction and distance, looking at the origin."""
    back = direction(azimuth_deg, elevation_deg)
    forward = -back
    up = np.array([0.0, 0.0, 1.0])
    right = np.cross(forward, up)
    if np.linalg.norm(right) < 1e-9:  # straight from above or below: right as at elevation 0
        a = math.radians(azimuth_deg)
        right = np.array([math.cos(a), math.sin(a), 0.0])
    right = right / np.linalg.norm(right)
    rotation = np.stack([right, np.cross(forward, right), forward])
    pose = np.eye(4)
    pose[:3, :3] = rotation
    pose[:3, 3] = -rotation @ (back * distance)
    return pose


def angle_between_deg(first: F64, second: F64) -> float:
    """Return the angle between two vectors [3], 0 to 180 degrees."""
    cosine = float(first @ second / (np.linalg.norm(first) * np.linalg.norm(second)))
    return math.degrees(math.acos(max(-1.0, min(1.0, cosine))))
