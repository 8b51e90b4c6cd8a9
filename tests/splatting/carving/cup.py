"""A cup with known geometry, photographed all around from above."""

from functools import cache

import numpy as np
from scipy import ndimage

from pipeline.core.domain import Camera, camera_centre, look_at
from pipeline.splatting.photos import PosedPhoto, prepare

RADIUS, HEIGHT = 0.5, 0.4  # an infinitely thin wall about the z axis, floor at 0
CAMERA = Camera(width_px=200, height_px=200, fx_px=500.0, fy_px=500.0, cx_px=100.0, cy_px=100.0)
BOX = (np.array([-0.6, -0.6, -0.1]), np.array([0.6, 0.6, 0.6]))
SIZE = float((BOX[1] - BOX[0]).max())


def hits(origin, ray):
    """Intersect rays [H, W, 3] with the cup, [H, W, 3]; NaN where they miss."""
    a = (ray[..., :2] ** 2).sum(-1)
    b = (ray[..., :2] * origin[:2]).sum(-1)
    square = b * b - a * ((origin[:2] ** 2).sum() - RADIUS**2)
    root = np.sqrt(np.where(square >= 0, square, np.nan))
    best = np.full(ray.shape[:2], np.inf)
    for t in ((-b - root) / a, (-b + root) / a):
        z = origin[2] + t * ray[..., 2]
        best = np.where((z >= 0) & (z <= HEIGHT), np.fmin(best, t), best)
    t = -origin[2] / ray[..., 2]
    at = origin[:2] + t[..., None] * ray[..., :2]
    best = np.where((t > 0) & ((at**2).sum(-1) <= RADIUS**2), np.minimum(best, t), best)
    return np.where(np.isfinite(best)[..., None], origin + best[..., None] * ray, np.nan)


@cache
def speckle():
    return ndimage.gaussian_filter(np.random.default_rng(1).normal(size=(64, 64, 64)), 0.8)


def shot(i, contrast):
    pose = look_at(24.0 * i, 35.0, 3.5)
    pose = pose @ np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, -HEIGHT / 2], [0, 0, 0, 1.0]])
    y, x = np.mgrid[0.5:200, 0.5:200]
    ray = np.stack([(x - 100) / 500, (y - 100) / 500, np.ones_like(x)], -1) @ pose[:3, :3]
    points = hits(camera_centre(pose), ray)
    at = np.nan_to_num((points + 0.8) * 40).reshape(-1, 3).T
    value = ndimage.map_coordinates(speckle(), at, order=1, mode="wrap")
    grey = np.clip(128 + contrast * value.reshape(200, 200), 0, 255)
    alpha = np.where(np.isfinite(points[..., 0]), 255, 0)
    rgba = np.dstack([grey, grey, grey, alpha]).astype(np.uint8)
    return prepare(PosedPhoto(f"P{i:02d}", rgba, CAMERA, pose), 200, crop=True)


def off_the_cup(points):
    """Return the distance of points [N, 3] from the wall or the floor, whichever is nearer."""
    return np.minimum(np.abs(np.hypot(points[:, 0], points[:, 1]) - RADIUS), np.abs(points[:, 2]))
