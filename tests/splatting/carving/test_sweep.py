"""Plane sweeps of a cup with known geometry: the hull closes its mouth, but the photos see inside."""

import numpy as np
import pytest
from scipy import ndimage

from pipeline.core.colmap.model import Points
from pipeline.core.domain import Camera, camera_centre, look_at
from pipeline.splatting.carving.seeds import starting_points
from pipeline.splatting.carving.sweep import sweep
from pipeline.splatting.photos import PosedPhoto, prepare

RADIUS, HEIGHT = 0.5, 0.4  # an infinitely thin wall about the z axis, floor at 0
CAMERA = Camera(width_px=200, height_px=200, fx_px=500.0, fy_px=500.0, cx_px=100.0, cy_px=100.0)
BOX = (np.array([-0.6, -0.6, -0.1]), np.array([0.6, 0.6, 0.6]))


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


def shot(i, contrast):
    pose = look_at(24.0 * i, 35.0, 3.5)
    pose = pose @ np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, -HEIGHT / 2], [0, 0, 0, 1.0]])
    y, x = np.mgrid[0.5:200, 0.5:200]
    ray = np.stack([(x - 100) / 500, (y - 100) / 500, np.ones_like(x)], -1) @ pose[:3, :3]
    points = hits(camera_centre(pose), ray)
    speckle = ndimage.gaussian_filter(np.random.default_rng(1).normal(size=(64, 64, 64)), 0.8)
    value = ndimage.map_coordinates(speckle, np.nan_to_num((points + 0.8) * 40).reshape(-1, 3).T, order=1, mode="wrap")
    grey = np.clip(128 + contrast * value.reshape(200, 200), 0, 255)
    alpha = np.where(np.isfinite(points[..., 0]), 255, 0)
    rgba = np.dstack([grey, grey, grey, alpha]).astype(np.uint8)
    return prepare(PosedPhoto(f"P{i:02d}", rgba, CAMERA, pose), 200, crop=True)


@pytest.fixture(scope="module")
def cup():
    return [shot(i, 250.0) for i in range(15)]


def off_the_cup(points):
    """Return the distance of points [N, 3] from the wall or the floor, whichever is nearer."""
    return np.minimum(np.abs(np.hypot(points[:, 0], points[:, 1]) - RADIUS), np.abs(points[:, 2]))


def test_sweep_finds_the_inside_of_a_cup_and_sees_through_its_mouth(cup):
    swept = sweep(cup, BOX)
    points, directions = swept.points()
    inside = np.hypot(points[:, 0], points[:, 1]) < 0.9 * RADIUS
    assert inside.sum() > 2000  # the floor, seen by many photos
    assert np.median(off_the_cup(points)) < 0.01
    assert np.quantile(off_the_cup(points), 0.9) < 0.03
    assert np.allclose(np.linalg.norm(directions, axis=1), 1)
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    ring = np.stack([np.cos(angle), np.sin(angle), np.zeros_like(angle)], -1)
    mouth = np.concatenate([r * ring + [0, 0, HEIGHT] for r in (0.1, 0.2, 0.3)])
    wall = np.concatenate([RADIUS * ring + [0, 0, z] for z in (0.1, 0.2, 0.3)])
    assert (swept.see_through(mouth) >= 2).mean() > 0.95
    assert (swept.see_through(wall) < 2).all()


def test_surface_without_texture_gives_no_depth():
    plain = [shot(i, 0.0) for i in range(15)]
    swept = sweep(plain, BOX)
    lid = np.array([[0.0, 0.0, HEIGHT], [0.2, 0.0, HEIGHT]])
    assert (swept.see_through(lid) < 2).all()


def test_fit_starts_inside_the_cup_and_not_on_a_lid(cup):
    none = Points(np.zeros((0, 3)), np.zeros((0, 3), np.uint8))
    start = starting_points(none, cup, 6000, np.random.default_rng(0)).positions
    r = np.hypot(start[:, 0], start[:, 1])
    lid = (start[:, 2] > HEIGHT - 0.05) & (r < 0.8 * RADIUS)
    inner = (r < 0.9 * RADIUS) & (start[:, 2] < 0.1) & (start[:, 2] > -0.03)
    assert lid.mean() < 0.01
    assert inner.mean() > 0.05
    assert np.median(off_the_cup(start)) < 0.02
