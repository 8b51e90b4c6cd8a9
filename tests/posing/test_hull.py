import numpy as np
import pytest

from pipeline.core.domain import Camera, camera_centre, look_at
from pipeline.posing.hull import PosedMatte, height_range, point_extent, trimmed, visual_hull

CAMERA = Camera(width_px=160, height_px=120, fx_px=200.0, fy_px=200.0, cx_px=80.0, cy_px=60.0)


def seen(inside_of, azimuth, elevation, distance=4.0):
    """The silhouette of the solid `inside_of(points) -> bool`, by marching along rays."""
    pose = look_at(azimuth, elevation, distance)
    v, u = np.mgrid[0:120, 0:160] + 0.5
    rays = np.stack([(u - 80) / 200, (v - 60) / 200, np.ones_like(u)], axis=-1) @ pose[:3, :3]
    hit = np.zeros(u.shape, bool)
    for depth in np.linspace(distance - 1.6, distance + 1.6, 90):
        hit |= inside_of(camera_centre(pose) + depth * rays)
    return PosedMatte(CAMERA, pose, hit)


def can(points, low=-0.5, high=0.7, radius=0.6):
    return (np.hypot(points[..., 0], points[..., 1]) < radius) & (points[..., 2] > low) & (points[..., 2] < high)


def panel(points):
    """A solid shaped like a garment: wide, thin and tall."""
    return (abs(points[..., 0]) < 0.8) & (abs(points[..., 1]) < 0.15) & (abs(points[..., 2]) < 0.6)


def ball(points):
    return np.linalg.norm(points - [0, 0, 0.2], axis=-1) < 0.6


@pytest.mark.parametrize(("solid", "low", "high"), [(can, -0.5, 0.7), (panel, -0.6, 0.6), (ball, -0.4, 0.8)])
@pytest.mark.parametrize("elevation", [10.0, 25.0])
def test_the_middle_height_of_a_solid_seen_from_above_is_correct(solid, low, high, elevation):
    silhouettes = [seen(solid, azimuth, elevation) for azimuth in range(0, 360, 20)]
    hull = visual_hull(silhouettes, np.zeros(3), 1.6)
    centres = np.stack([camera_centre(s.cam_from_world) for s in silhouettes])
    bottom, top = height_range(hull, centres)
    # 0.9 deg at distance 4 for a ball, less for solids with edges
    assert (bottom + top) / 2 == pytest.approx((low + high) / 2, abs=0.06)
    # from 25 deg alone, the roundness of a ball's top and bottom cannot be seen: a sixth of its height is missed
    assert top - bottom == pytest.approx(high - low, rel=0.2)


def test_the_cone_of_a_flat_lid_is_removed():
    silhouettes = [seen(can, azimuth, 25.0) for azimuth in range(0, 360, 20)]
    hull = visual_hull(silhouettes, np.zeros(3), 1.6)
    assert hull.lowest[2] < -0.7  # the bottom's cone
    cut = trimmed(hull, np.stack([camera_centre(s.cam_from_world) for s in silhouettes]))
    assert cut.lowest[2] == pytest.approx(-0.5, abs=0.05)
    assert cut.samples[:, 2].min() >= cut.lowest[2]


def test_one_empty_cut_out_does_not_carve_the_product_away():
    silhouettes = [seen(can, azimuth, 10.0) for azimuth in range(0, 360, 15)]
    silhouettes[5] = PosedMatte(CAMERA, silhouettes[5].cam_from_world, np.zeros((120, 160), bool))
    assert visual_hull(silhouettes, np.zeros(3), 1.6) is not None
    emptied = [PosedMatte(CAMERA, s.cam_from_world, np.zeros((120, 160), bool)) for s in silhouettes]
    assert visual_hull(emptied, np.zeros(3), 1.6) is None


def test_points_give_an_extent_without_their_outliers():
    points = np.random.default_rng(0).uniform(-1, 1, (1000, 3))
    points[:5] *= 50
    extent = point_extent(points, np.zeros(3), 4.0)
    assert np.allclose(extent.lowest, -0.96, atol=0.05)
    assert np.allclose(extent.middle, 0, atol=0.05)
    assert point_extent(points[:10], np.zeros(3), 4.0) is None
