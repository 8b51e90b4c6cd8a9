"""Draw the product's shadow: for each spot of the floor, the share of its light that the product blocks.

Two lights reach the floor: a lamp (a disc of directions around the light's own, wider the softer it is) and a dome
(cosine weighted, Malley's method: directions uniform on the unit disc). A spot receives no light from a direction that
the product's solid blocks; a slice at height h shades the floor at an offset of h / tan(elevation) away from the light.
Contact shadow, ambient occlusion and cast shadow all follow from this.
"""

import math

import cv2
import numpy as np

from pipeline.core.arrays import F32, F64
from pipeline.core.records import Light
from pipeline.imaging.compositing.framing import box_of
from pipeline.imaging.compositing.shadow_camera import HIGHEST_DEG, Ground, Projection, frame_from_floor, guess_camera
from pipeline.imaging.compositing.shadow_solid import CELLS, Solid, cut_at_foot, solid_of_matte, solid_of_points

WORKING_PX = 640  # a shadow is soft: it is drawn at this size and enlarged
LAMP_RAYS, DOME_RAYS = 96, 128
LOWEST_RAY = 0.12  # sine of the elevation; a lower lamp would cast its shadow beyond every frame
REACH = 4.0  # product sizes; a shadow farther away is too faint to be seen
BOUNCE = 0.1  # share of the dome's light that the product reflects back to the floor
FAINT = 0.02  # a weaker shadow fades to zero, so that the far backdrop keeps its exact values


def draw_shadow(
    alpha: F32, camera_elevation_deg: float, light: Light, ground: Ground | None = None, hangs: float = 0.0
) -> F32:
    """Return the share of the backdrop's light that the product blocks, float32 [H, W], 0 to 1.

    `alpha`: the matte [H, W], 0 to 1, in its frame; the result is zero if it is empty. `ground`: how the frame shows
    the floor, with the product's shape if known; an unknown shape is guessed from the matte, an unknown camera from the
    matte's box and `camera_elevation_deg`. `hangs`: gap between product and floor as a share of the product's height.
    Multiply the backdrop's linear light by one minus the result.
    """
    height_px, width_px = alpha.shape
    shrink = min(1.0, WORKING_PX / max(height_px, width_px))
    size = (max(1, round(width_px * shrink)), max(1, round(height_px * shrink)))
    small = cv2.resize(alpha, size, interpolation=cv2.INTER_AREA) if shrink < 1 else alpha
    mask = small >= 0.5
    if not mask.any():
        return np.zeros_like(alpha)
    box = box_of(mask)
    if ground is None:
        ground = Ground(guess_camera(box, camera_elevation_deg))
    else:
        ground = ground.moved(np.diag([size[0] / width_px, size[1] / height_px, 1.0]))
    solid = solid_of_matte(mask, ground.camera) if ground.surface is None else solid_of_points(ground.surface)
    if camera_elevation_deg <= HIGHEST_DEG or ground.surface is None:
        solid = cut_at_foot(solid, ground.camera, box.bottom, box.height)
    solid = solid.raised(hangs)
    blocked = _in_frame(_on_floor(solid, light), solid, ground.camera, size)
    if shrink < 1:
        blocked = cv2.resize(blocked, (width_px, height_px), interpolation=cv2.INTER_CUBIC)
    blocked = np.clip(blocked, 0.0, 1.0)
    blocked *= np.clip(2 * blocked / FAINT - 1, 0.0, 1.0)
    return np.asarray(blocked, np.float32)


def _on_floor(solid: Solid, light: Light) -> F32:
    """Share of light blocked, on the solid's cell grid extended by `_margin` cells on each side."""
    lamp, weights = _lamp(light)
    dome = np.full(DOME_RAYS, (1 - light.strength) * (1 - BOUNCE) / DOME_RAYS)
    rays = np.concatenate([lamp, _dome()])
    margin, (_, rows, columns) = _margin(solid), solid.filled.shape
    blocked = np.zeros((rows + 2 * margin, columns + 2 * margin), np.float32)
    heights = (np.arange(len(solid.filled)) + 0.5) * solid.step / solid.cell
    for ray, weight in zip(rays, np.concatenate([light.strength * weights, dome]).tolist(), strict=True):
        shifts = np.rint(heights[:, None] * -ray[:2] / ray[2]).astype(int)
        shifts = shifts[: int((np.abs(shifts).max(axis=1) <= margin).argmin()) or len(shifts)]
        left, near = shifts.min(axis=0).tolist()
        right, far = shifts.max(axis=0).tolist()
        covered = np.zeros((rows + far - near, columns + right - left), np.uint8)
        for slice_, (x, y) in zip(solid.filled, (shifts - (left, near)).tolist(), strict=False):
            part = covered[y : y + rows, x : x + columns]
            np.maximum(part, slice_, out=part)
        where = blocked[margin + near :, margin + left :][: covered.shape[0], : covered.shape[1]]
        where += np.float32(weight) * covered
    return blocked


def _margin(solid: Solid) -> int:
    return math.ceil(REACH * max(solid.step * len(solid.filled) / solid.cell, CELLS))


def _in_frame(floor: F32, solid: Solid, projection: Projection, size: tuple[int, int]) -> F32:
    """The floor, smoothed, projected into the frame, [H, W]; zero above the horizon."""
    margin, half = _margin(solid), np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1.0]])
    corner = (solid.left - margin * solid.cell, solid.near - margin * solid.cell)
    on_floor = np.array([[solid.cell, 0, corner[0]], [0, solid.cell, corner[1]], [0, 0, 1]])
    to_frame = frame_from_floor(projection, solid.floor_z) @ on_floor
    seen = cv2.warpPerspective(cv2.GaussianBlur(floor, (0, 0), 1.0), np.linalg.inv(half) @ to_frame @ half, size)
    back = np.linalg.inv(to_frame)[2]
    y_px, x_px = np.mgrid[: size[1], : size[0]] + 0.5
    seen[back[0] * x_px + back[1] * y_px + back[2] <= 0] = 0.0
    return np.asarray(seen, np.float32)


def _lamp(light: Light) -> tuple[F64, F64]:
    """Directions [n, 3] towards a round lamp and their shares of its light on the floor, which sum to 1."""
    azimuth, elevation = math.radians(light.azimuth_deg), math.radians(light.elevation_deg)
    across = np.array([math.cos(azimuth), math.sin(azimuth), 0.0])
    towards = np.array(
        [math.sin(azimuth) * math.cos(elevation), -math.cos(azimuth) * math.cos(elevation), math.sin(elevation)]
    )
    spots = math.tan(math.radians(light.radius_deg)) * _even_disc(LAMP_RAYS)
    rays = towards + spots[:, :1] * across + spots[:, 1:] * np.cross(towards, across)
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    rays = rays[rays[:, 2] > LOWEST_RAY]
    return rays, rays[:, 2] / rays[:, 2].sum()


def _dome() -> F64:
    disc = _even_disc(DOME_RAYS)
    return np.concatenate([disc, np.sqrt(1 - np.square(disc).sum(axis=1, keepdims=True))], axis=1)


def _even_disc(count: int) -> F64:
    """Points [count, 2] spread evenly over the unit disc: the sunflower spiral (Vogel 1979)."""
    index = np.arange(count) + 0.5
    turn = index * math.pi * (3 - math.sqrt(5))
    return np.sqrt(index / count)[:, None] * np.stack([np.cos(turn), np.sin(turn)], axis=1)
