"""The light of a scene: a key light on floor and wall, and light from all around that the corner receives less of.

Lengths and axes as in `sight`. The same lamp draws the product's shadow, so both agree.
"""

import math

import numpy as np

from pipeline.core.arrays import F32
from pipeline.core.domain import Frozen
from pipeline.diffusion.scenes.sight import NEAR_EDGE, Profile
from pipeline.diffusion.scenes.vocabulary import Softness

LAMP_DISTANCE = {"soft": 9.0, "hard": 7.5, "window": 9.0}
CEILING = 5.0  # height up to which the wall hides light from the floor
PANE, BAR = 1.15, 0.16  # of a window, whose light has this pattern
PANES = (2, 4)  # columns, rows
PENUMBRA = 0.10
REFLECTED = 0.68  # share of light that floor and wall pass on to each other


class Lamp(Frozen):
    """The key light: where it stands, and its share of the light at the product's foot.

    `azimuth_deg`: 0 behind the camera, positive towards the picture's right. `aim_y`, `aim_z`: the spot, above and
    behind the product, that it points at. `spread_deg`: half the angle of its beam.
    """

    softness: Softness
    azimuth_deg: float
    elevation_deg: float
    strength: float
    aim_y: float
    aim_z: float
    spread_deg: float


def illumination(lamp: Lamp, profile: Profile, x: F32, wall_y: float) -> F32:
    """Light on every spot of the picture, float32 [h, w], relative to the product's foot. `x`: [h, w], see `sight`."""
    y, z, up, front = (part.astype(np.float32)[:, None] for part in (profile.y, profile.z, profile.up, profile.front))
    key = _key(lamp, x, y, z, up, front)
    zero, one = np.zeros((1, 1), np.float32), np.ones((1, 1), np.float32)
    at_foot = float(_key(lamp, zero, zero - np.float32(NEAR_EDGE), zero, one, zero)[0, 0])
    ambient = _ambient(profile, wall_y).astype(np.float32)[:, None]
    return np.asarray(lamp.strength * key / max(at_foot, 1e-3) + (1 - lamp.strength) * ambient, np.float32)


def _key(lamp: Lamp, x: F32, y: F32, z: F32, up: F32, front: F32) -> F32:
    azimuth, elevation = math.radians(lamp.azimuth_deg), math.radians(lamp.elevation_deg)
    towards = np.array(
        [math.sin(azimuth) * math.cos(elevation), -math.cos(azimuth) * math.cos(elevation), math.sin(elevation)]
    )
    if lamp.softness == "window":
        facing = np.maximum(towards[2] * up - towards[1] * front, 0)
        return np.asarray(facing * _window(towards, x, y, z), np.float32)
    reach = LAMP_DISTANCE[lamp.softness]
    lamp_at = reach * towards
    to_x, to_y, to_z = lamp_at[0] - x, lamp_at[1] - y, lamp_at[2] - z
    distance = np.sqrt(to_x**2 + to_y**2 + to_z**2)
    wrap = 0.3 if lamp.softness == "soft" else 0.0  # a large light reaches round
    facing = np.maximum(((to_z * up - to_y * front) / distance + wrap) / (1 + wrap), 0)
    axis = np.array([0, lamp.aim_y, lamp.aim_z]) - lamp_at
    axis /= np.linalg.norm(axis)
    along = -(to_x * axis[0] + to_y * axis[1] + to_z * axis[2]) / distance
    off_deg = np.degrees(np.arccos(np.clip(along, -1, 1)))
    if lamp.softness == "soft":
        beam = np.exp(-((off_deg / lamp.spread_deg) ** 2))
    else:
        beam = 1 / (1 + np.exp((off_deg - lamp.spread_deg) / 2.5))
    return np.asarray(facing * beam * (reach / distance) ** 2, np.float32)


def _window(towards: np.ndarray[tuple[int], np.dtype[np.float64]], x: F32, y: F32, z: F32) -> F32:
    """Parallel light through a window's panes, [h, w], 0 to 1; the product's foot lies in the middle of a pane."""
    across = np.array([-towards[1], towards[0], 0]) / math.hypot(towards[0], towards[1])
    rising = np.cross(towards, across)
    rising *= np.sign(rising[2])
    a = x * across[0] + (y + NEAR_EDGE) * across[1]
    b = x * rising[0] + (y + NEAR_EDGE) * rising[1] + z * rising[2]
    columns, rows = PANES
    step = PANE + BAR
    lit = _bands(a / step, columns // 2, columns - columns // 2) * _bands(b / step, 1, rows - 1)
    return np.asarray(lit, np.float32)


def _bands(at: F32, before: int, after: int) -> F32:
    """Panes at whole numbers from -before to after - 1, with soft edges; `at` in panes."""
    half, soft = PANE / (PANE + BAR) / 2, PENUMBRA / (PANE + BAR)
    total = np.zeros_like(at)
    for pane in range(-before, after):
        off = np.abs(at - pane)
        total += 1 / (1 + np.exp(np.clip((off - half) / soft * 2, -30, 30)))
    return total


def _ambient(profile: Profile, wall_y: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Light from all around, [h], 1 far from the corner: floor and wall hide it from each other, and reflect some."""
    away = np.maximum(wall_y - profile.y, 0)
    of_floor = 0.5 * (1 - away / np.hypot(away, CEILING))
    of_wall = 0.5 * (1 - profile.z / np.hypot(profile.z, CEILING))
    hidden = profile.floor * of_floor + (1 - profile.floor) * of_wall
    crease = 0.10 * np.exp(-np.hypot(away, profile.z) / 0.15)
    turned = 1 - 0.05 * (1 - profile.floor)  # the wall faces the dark side of the studio
    return np.asarray(turned * (1 - hidden * (1 - REFLECTED)) - crease)
