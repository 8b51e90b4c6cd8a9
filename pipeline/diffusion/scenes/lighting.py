"""The light of a scene: a key light on floor and wall, and light from all around that the corner receives less of.

Lengths and axes as in `sight`. The same lamp draws the product's shadow, so both agree.
"""

import math

import numpy as np

from pipeline.core.arrays import F32, F64
from pipeline.core.domain import Frozen
from pipeline.core.linear import luminance
from pipeline.diffusion.scenes.sight import NEAR_EDGE, Profile
from pipeline.diffusion.scenes.vocabulary import Softness

LAMP_DISTANCE = {"soft": 9.0, "hard": 7.5, "window": 9.0}
CEILING = 5.0  # height up to which the wall hides light from the floor
PANE, BAR = 1.15, 0.16  # of a window, whose light has this pattern
PANES = (2, 4)  # columns, rows
PENUMBRA = 0.10
REFLECTED = 0.68  # share of light that floor and wall pass on to each other
TINTED = 0.5  # saturation of that light, relative to the surface's
SPILL = 0.16  # how much more of the light from all around comes from the lamp's side, per product radius


class Lamp(Frozen):
    """The key light: where it stands, and its share of the light at the product's foot.

    `azimuth_deg`: 0 behind the camera, positive towards the picture's right. `aim_x`, `aim_y`, `aim_z`: the spot,
    above, behind and on the lamp's side of the product, that it points at. `spread_deg`: half the angle of its beam.
    """

    softness: Softness
    azimuth_deg: float
    elevation_deg: float
    strength: float
    aim_x: float
    aim_y: float
    aim_z: float
    spread_deg: float


def illumination(
    lamp: Lamp, profile: Profile, x: F32, wall_y: float, floor_rgb: F32 | None = None, wall_rgb: F32 | None = None
) -> F32:
    """Light on every spot of the picture, float32 [h, w, 3], relative to the product's foot. `x`: [h, w], see `sight`.

    `floor_rgb`, `wall_rgb`: linear colour [3] of the two, which tints the light they reflect onto each other; None for
    grey.
    """
    y, z, up, front = (part.astype(np.float32)[:, None] for part in (profile.y, profile.z, profile.up, profile.front))
    key = _key(lamp, x, y, z, up, front)
    zero, one = np.zeros((1, 1), np.float32), np.ones((1, 1), np.float32)
    at_foot = float(_key(lamp, zero, zero - np.float32(NEAR_EDGE), zero, one, zero)[0, 0])
    ambient = _ambient(profile, wall_y, floor_rgb, wall_rgb).astype(np.float32)[:, None] * _spill(lamp, x)[..., None]
    ambient *= np.float32(1 - lamp.strength)
    return np.asarray(ambient + np.float32(lamp.strength / max(at_foot, 1e-3)) * key[..., None], np.float32)


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
    axis = np.array([lamp.aim_x, lamp.aim_y, lamp.aim_z]) - lamp_at
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
    across *= -np.sign(towards[0]) or 1.0  # one pane more on the window's side: left and right mirror each other
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


def _spill(lamp: Lamp, x: F32) -> F32:
    """Relative light from all around, [h, w]: what stands near the lamp scatters more of it than the far side."""
    return np.asarray(1 + np.tanh(SPILL * math.sin(math.radians(lamp.azimuth_deg)) * x), np.float32)


def _ambient(profile: Profile, wall_y: float, floor_rgb: F32 | None, wall_rgb: F32 | None) -> F64:
    """Light from all around, [h, 3], 1 far from the corner: floor and wall hide it from each other, reflect some."""
    away = np.maximum(wall_y - profile.y, 0)
    of_floor = 0.5 * (1 - away / np.hypot(away, CEILING))
    of_wall = 0.5 * (1 - profile.z / np.hypot(profile.z, CEILING))
    floor = profile.floor[:, None]
    hidden = floor * of_floor[:, None] + (1 - floor) * of_wall[:, None]
    reflected = REFLECTED * (floor * _tint(wall_rgb) + (1 - floor) * _tint(floor_rgb))
    crease = 0.10 * np.exp(-np.hypot(away, profile.z) / 0.15)
    turned = 1 - 0.05 * (1 - floor)  # the wall faces the dark side of the studio
    return np.asarray(turned * (1 - hidden * (1 - reflected)) - crease[:, None])


def _tint(rgb: F32 | None) -> F64:
    """The colour [3] of light that a surface reflects, at its own brightness: half as saturated as the surface."""
    if rgb is None:
        return np.ones(3)
    return np.asarray(1 + TINTED * (rgb / max(float(luminance(rgb)), 1e-4) - 1))
