"""The camera of a scene, and the set that it sees: a floor that curves or breaks up into a wall.

Lengths are in product radii (half the product's larger extent). The product's base stands at the origin, +x to the
picture's right, +y away from the camera, +z up. Picture coordinates are fractions of the picture's height: x from its
centre line, y above its bottom. The product is framed as shops frame it: `FILL` of the height, its foot at `FOOT_FRAC`.
"""

import math
from dataclasses import dataclass

import numpy as np
from pydantic import Field

from pipeline.core.arrays import F64
from pipeline.core.domain import Frozen

DISTANCE = 5.0  # of the camera from the product: typical of a studio lens
LOWEST_DEG = 3.0  # a lower camera sees the floor as a line
BELOW_DEG = -5.0  # below, the product hangs in front of a surface that faces the camera
FILL, FOOT_FRAC = 0.66, 0.14
EXTENT, CENTRE, NEAR_EDGE = 1.7, 0.8, 0.6  # height that fills the frame, of the product's centre, depth of its foot


class Sight(Frozen):
    """Where a picture's camera stands: its angle above the product's horizon; its distance is `DISTANCE`."""

    elevation_deg: float = Field(ge=-90, le=90)

    @property
    def tilt_deg(self) -> float:
        """How far the camera looks down on the set's floor, `LOWEST_DEG` to 90."""
        return 90.0 if self.elevation_deg < BELOW_DEG else max(self.elevation_deg, LOWEST_DEG)


def view_words(elevation_deg: float | None) -> str:
    """The camera's height in words that image models know; empty for an unknown one and for the usual slight tilt."""
    if elevation_deg is None or 5 <= elevation_deg < 25:
        return ""
    if elevation_deg < BELOW_DEG:
        return "seen from below"
    if elevation_deg < 5:
        return "seen from eye level"
    return "seen from above, high angle" if elevation_deg < 60 else "seen from straight above, flat lay"


@dataclass(frozen=True)
class Lens:
    """The pinhole camera of a tilt: its place (0, -`behind`, `height`), and rows of the picture as rays."""

    tilt_deg: float

    @property
    def focal(self) -> float:
        """Focal length in picture heights."""
        return FILL * DISTANCE / EXTENT

    @property
    def behind(self) -> float:
        """Distance from the product along the floor."""
        return DISTANCE * math.cos(math.radians(self.tilt_deg))

    @property
    def height(self) -> float:
        """Height above the floor."""
        return DISTANCE * math.sin(math.radians(self.tilt_deg)) + CENTRE

    def height_frac(self, y: float, z: float = 0.0) -> float:
        """Height in the picture of a point at depth `y` and height `z`: the foot of the product is at FOOT_FRAC."""
        return FOOT_FRAC + self.focal * (self._slope(y, z) - self._slope(-NEAR_EDGE, 0.0))

    def rays(self, frac: F64) -> tuple[F64, F64]:
        """Direction (dy, dz) of each row [h] at a height `frac` in the picture, per unit of depth along the axis."""
        slope = (frac - FOOT_FRAC) / self.focal + self._slope(-NEAR_EDGE, 0.0)
        sine, cosine = math.sin(math.radians(self.tilt_deg)), math.cos(math.radians(self.tilt_deg))
        return cosine + slope * sine, slope * cosine - sine

    def floor_y(self, frac: float) -> float:
        """Depth of the floor at a height in the picture; infinite at and above the vanishing line."""
        dy, dz = (float(part[0]) for part in self.rays(np.array([frac])))
        return self.height / -dz * dy - self.behind if dz < -1e-6 else math.inf

    def _slope(self, y: float, z: float) -> float:
        sine, cosine = math.sin(math.radians(self.tilt_deg)), math.cos(math.radians(self.tilt_deg))
        ahead, below = y + self.behind, self.height - z
        return (ahead * sine - below * cosine) / (ahead * cosine + below * sine)


@dataclass(frozen=True)
class Profile:
    """What each row of a picture shows of the set, [h] each.

    `depth` along the camera's axis; `along`: way along the surface from the product, up the wall; `y`, `z`: the spot;
    `up`, `front`: its normal (0, -front, up); `floor`: 1 on the floor, 0 on the wall, in between where one turns into
    the other.
    """

    depth: F64
    along: F64
    y: F64
    z: F64
    up: F64
    front: F64
    floor: F64


def profile_of(lens: Lens, wall_y: float, cove: float, frac: F64) -> Profile:
    """Intersect the rays of rows at heights `frac` [h] with floor, cove (a quarter circle, radius `cove`) and wall."""
    dy, dz = lens.rays(frac)
    to_floor = np.where(dz < -1e-9, lens.height / np.maximum(-dz, 1e-9), np.inf)
    to_wall = (wall_y + lens.behind) / np.maximum(dy, 1e-6)
    on_floor = to_floor * dy - lens.behind <= wall_y - cove
    on_wall = ~on_floor & (lens.height + to_wall * dz >= cove)
    centre_y, centre_z = wall_y - cove, cove
    start_y, start_z = -lens.behind - centre_y, lens.height - centre_z
    square, half = dy**2 + dz**2, start_y * dy + start_z * dz
    inside = np.maximum(half**2 - square * (start_y**2 + start_z**2 - cove**2), 0)
    to_cove = (np.sqrt(inside) - half) / square
    depth = np.where(on_floor, to_floor, np.where(on_wall, to_wall, to_cove))
    y, z = depth * dy - lens.behind, np.maximum(lens.height + depth * dz, 0)
    turned = np.where(on_floor, 0.0, math.pi / 2)
    if cove > 0:
        turned = np.where(on_floor | on_wall, turned, np.arctan2(y - centre_y, centre_z - z))
    along = np.where(on_floor, y, centre_y + cove * turned + np.where(on_wall, z - cove, 0))
    return Profile(depth, along, y, z, np.cos(turned), np.sin(turned), np.cos(turned) ** 2)
