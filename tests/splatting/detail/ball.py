"""A ball with fine dots, photographed exactly, and a splat that shows only its broad colours."""

import numpy as np

from pipeline.core.domain import Camera, camera_centre, look_at
from pipeline.splatting.detail.rays import directions
from pipeline.splatting.gaussians import Gaussians
from pipeline.splatting.harmonics import C0
from pipeline.splatting.photos import Level, PosedPhoto
from pipeline.splatting.ply import Splat

RADIUS, DISTANCE, SIDE_PX = 0.9, 5.0, 240
_PATCHES, _DOTS = 24, 100  # along the ball's diameter
CAMERA = Camera(
    width_px=SIDE_PX, height_px=SIDE_PX, fx_px=570.0, fy_px=570.0, cx_px=SIDE_PX / 2 + 1.3, cy_px=SIDE_PX / 2 - 0.7
)


def broad(points):
    """What the splat shows too, [..., 3]: light from one side, and patches."""
    return np.clip(0.45 + 0.15 * points / RADIUS + 0.15 * _noise(points, _PATCHES), 0, 1)


def colour(points):
    """The ball's colour [..., 3] at `points` [..., 3]: broad, with light and dark dots."""
    return np.clip(broad(points) + 0.06 * _noise(points, _DOTS), 0, 1)


def _noise(points, cells):
    """Smooth noise of deviation 1 or less, [..., 1], with so many cells along the ball's diameter."""
    dots = np.random.default_rng(cells).normal(size=(cells, cells, cells))
    at = (points / RADIUS + 1) * 0.499 * (cells - 1)
    low = np.floor(at).astype(int)
    part = at - low
    value = 0.0
    for corner in np.ndindex(2, 2, 2):
        weight = np.prod(np.where(corner, part, 1 - part), axis=-1)
        value = value + weight * dots[tuple(np.moveaxis(low + corner, -1, 0))]
    return value[..., None]


def depth(pose, camera=CAMERA):
    """The ball's true depth [h, w]; NaN beside it."""
    ray = np.moveaxis(directions(camera).astype(float), 0, -1)
    centre = pose[:3, 3]
    along, square = ray @ centre, (ray**2).sum(axis=-1)
    root = along**2 - square * (centre @ centre - RADIUS**2)
    with np.errstate(invalid="ignore"):
        return (along - np.sqrt(root)) / square


def photo(azimuth_deg, elevation_deg=10.0, name=None, camera=CAMERA, painted=colour):
    """A photo of the ball from there."""
    pose = look_at(azimuth_deg, elevation_deg, DISTANCE)
    z = depth(pose, camera)
    alpha = np.isfinite(z)
    points = np.moveaxis(directions(camera), 0, -1) * np.nan_to_num(z)[..., None]
    world = (points - pose[:3, 3]) @ pose[:3, :3]
    rgba = np.zeros((*z.shape, 4), np.uint8)
    rgba[alpha, :3] = (painted(world[alpha]) * 255).round()
    rgba[alpha, 3] = 255
    return PosedPhoto(name or f"at-{azimuth_deg:g}", rgba, camera, pose)


def splat(count=30_000):
    """The ball as a quick fit sees it: broad colours, translucent Gaussians, none of the dots."""
    r = np.random.default_rng(0)
    n = r.normal(size=(count, 3))
    means = (RADIUS - 0.02) * n / np.linalg.norm(n, axis=1, keepdims=True)
    sh = ((broad(means) - 0.5) / C0)[:, None]
    scales = np.full((count, 3), np.log(0.016))
    values = (means, scales, np.tile([1.0, 0, 0, 0], (count, 1)), np.full(count, 3.0), sh)
    return Splat(Gaussians(*(v.astype(np.float32) for v in values)), antialias=True)


def level(shot):
    """The photo as `evaluate.score` compares with it."""
    planes = shot.rgba.astype(np.float32).transpose(2, 0, 1) / np.float32(255)
    return Level(planes, shot.camera)


def centre_of(shot):
    """Where the photo was taken from, [3]."""
    return camera_centre(shot.cam_from_world)
