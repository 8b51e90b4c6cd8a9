"""Plane sweeps of a cup with known geometry: the hull closes its mouth, but the photos see inside."""

import numpy as np

from pipeline.core.colmap.model import Points
from pipeline.splatting.carving.seeds import starting_points
from tests.splatting.carving.cup import HEIGHT, RADIUS, off_the_cup


def test_sweep_finds_the_inside_of_a_cup_and_sees_through_its_mouth(coarse):
    points, directions = coarse.points()
    inside = np.hypot(points[:, 0], points[:, 1]) < 0.9 * RADIUS
    assert inside.sum() > 2000  # the floor, seen by many photos
    assert np.median(off_the_cup(points)) < 0.01
    assert np.quantile(off_the_cup(points), 0.9) < 0.03
    assert np.allclose(np.linalg.norm(directions, axis=1), 1)
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    ring = np.stack([np.cos(angle), np.sin(angle), np.zeros_like(angle)], -1)
    mouth = np.concatenate([r * ring + [0, 0, HEIGHT] for r in (0.1, 0.2, 0.3)])
    wall = np.concatenate([RADIUS * ring + [0, 0, z] for z in (0.1, 0.2, 0.3)])
    assert (coarse.see_through(mouth) >= 2).mean() > 0.95
    assert (coarse.see_through(wall) < 2).all()


def test_surface_without_texture_gives_no_depth(coarse_of_plain):
    lid = np.array([[0.0, 0.0, HEIGHT], [0.2, 0.0, HEIGHT]])
    assert (coarse_of_plain.see_through(lid) < 2).all()


def test_fit_starts_inside_the_cup_and_not_on_a_lid(cup):
    none = Points(np.zeros((0, 3)), np.zeros((0, 3), np.uint8))
    start = starting_points(none, cup, 6000, np.random.default_rng(0)).positions
    r = np.hypot(start[:, 0], start[:, 1])
    lid = (start[:, 2] > HEIGHT - 0.05) & (r < 0.8 * RADIUS)
    inner = (r < 0.9 * RADIUS) & (start[:, 2] < 0.1) & (start[:, 2] > -0.03)
    assert lid.mean() < 0.01
    assert inner.mean() > 0.05
    assert np.median(off_the_cup(start)) < 0.02
