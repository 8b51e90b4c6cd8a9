import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.domain import angle_between_deg, direction, look_at
from pipeline.core.rotations import rotation_from_quaternion
from pipeline.posing.frame import aim_point, level_up, product_rotation, upright

quaternions = st.lists(st.floats(-1, 1), min_size=4, max_size=4).filter(lambda q: np.linalg.norm(q) > 0.1)


def turned(axis, angle_deg):
    half = np.radians(angle_deg) / 2
    return rotation_from_quaternion([np.cos(half), *(np.sin(half) * np.asarray(axis, dtype=float))])


def shake(pose, rng, degrees, shift):
    """The pose after a random rotation and displacement of the camera."""
    axis = rng.normal(size=3)
    out = pose.copy()
    out[:3, :3] = turned(axis / np.linalg.norm(axis), rng.normal() * degrees) @ pose[:3, :3]
    out[:3, 3] += rng.normal(size=3) * shift
    return out


def in_another_frame(poses, rotation, centre, scale):
    """The poses in the world x' = scale * rotation @ x + centre."""
    moved = []
    for pose in poses:
        out = np.eye(4)
        out[:3, :3] = pose[:3, :3] @ rotation.T
        out[:3, 3] = scale * pose[:3, 3] - out[:3, :3] @ centre
        moved.append(out)
    return moved


def cameras(rings, roll_deg=0.0, aim_off=0.0):
    """Poses of `rings` [(azimuths, elevation)], rolled about the view axis, aimed off the product's centre."""
    roll = turned([0, 0, 1], roll_deg)
    poses = []
    for azimuths, elevation in rings:
        for azimuth in azimuths:
            pose = look_at(azimuth, elevation, 5.0)
            pose[:3, :3] = roll @ turned([0, 1, 0], aim_off) @ pose[:3, :3]
            pose[:3, 3] = -pose[:3, :3] @ (direction(azimuth, elevation) * 5.0)
            poses.append(pose)
    return poses


def line_distance(point, origin, axis):
    return float(np.linalg.norm(np.cross(point - origin, axis)))


ONE_RING = [(range(0, 360, 15), 20.0)]
TWO_RINGS = [(range(0, 360, 20), 8.0), (range(5, 365, 30), 40.0)]
SHORT_ARC = [(range(0, 80, 10), 15.0)]


@pytest.mark.parametrize("rings", [ONE_RING, TWO_RINGS, SHORT_ARC], ids=["one ring", "two rings", "80 degree arc"])
@pytest.mark.parametrize("roll_deg", [0.0, 7.0, 90.0])
@settings(deadline=None, max_examples=10, derandomize=True)
@given(quaternion=quaternions, seed=st.integers(0, 99))
def test_the_axis_of_a_turntable_is_fitted_in_any_frame_and_at_any_roll(rings, roll_deg, quaternion, seed):
    rng = np.random.default_rng(seed)
    rotation, centre, scale = rotation_from_quaternion(quaternion), rng.normal(size=3), 3.0
    true = [shake(pose, rng, 0.1, 0.005) for pose in cameras(rings, roll_deg, aim_off=2.0)]
    fit = upright(in_another_frame(true, rotation, centre, scale), "turntable")
    up = rotation @ [0, 0, 1]
    tilt = angle_between_deg(fit.up, up)
    # cameras rolled by 90 deg cannot tell up from down
    assert min(tilt, 180 - tilt if roll_deg == 90.0 else tilt) < 0.5
    assert line_distance(fit.foot, centre, up) < 0.05 * scale
    assert fit.residual_deg < 0.5


def test_two_elevations_are_two_rings_and_a_single_camera_is_in_none():
    poses = [*cameras(TWO_RINGS), look_at(123.0, 70.0, 4.0)]
    fit = upright(poses, "turntable")
    assert fit.rings.tolist() == [0] * 18 + [1] * 12 + [-1]
    assert angle_between_deg(fit.up, np.array([0.0, 0, 1])) < 1e-4
    assert line_distance(fit.foot, np.zeros(3), fit.up) < 1e-4


def test_a_few_misplaced_cameras_do_not_tilt_the_axis():
    rng = np.random.default_rng(5)
    poses = cameras(ONE_RING)
    for index in (3, 11, 17):
        poses[index] = shake(poses[index], rng, 25.0, 1.0)
    fit = upright(poses, "turntable")
    assert angle_between_deg(fit.up, np.array([0.0, 0, 1])) < 0.1
    assert line_distance(fit.foot, np.zeros(3), fit.up) < 0.02


def test_up_is_fitted_to_level_handheld_cameras_mostly_on_one_side():
    rng = np.random.default_rng(1)
    spots = [(rng.uniform(-60, 90), rng.uniform(0, 60)) for _ in range(30)]
    poses = [shake(look_at(azimuth, elevation, rng.uniform(3, 6)), rng, 1.0, 0.01) for azimuth, elevation in spots]
    fit = upright(poses, "handheld")
    assert angle_between_deg(fit.up, np.array([0.0, 0, 1])) < 1.5
    assert np.linalg.norm(fit.foot) < 0.1
    assert (fit.rings == -1).all()


def test_cameras_that_all_look_the_same_way_have_an_up():
    poses = [look_at(0.0, 0.0, 5.0 + step) for step in range(4)]
    up = level_up(np.stack([pose[:3, :3] for pose in poses]))
    assert angle_between_deg(up, np.array([0.0, 0, 1])) < 1.0


def test_the_aim_point_ignores_a_camera_that_looks_away():
    poses = [*cameras(ONE_RING), look_at(10.0, 0.0, 4.0) @ np.diag([-1.0, 1, -1, 1])]
    point = aim_point(np.stack([p[:3, :3] for p in poses]), np.stack([p[:3, 3] for p in poses]))
    assert np.linalg.norm(point) < 0.05


@settings(deadline=None, derandomize=True)
@given(quaternion=quaternions, azimuth=st.floats(0, 360), elevation=st.floats(-60, 80))
def test_the_product_rotation_maps_the_front_to_azimuth_0_and_up_to_z(quaternion, azimuth, elevation):
    turn = rotation_from_quaternion(quaternion)
    rotation = product_rotation(turn @ [0, 0, 1], turn @ direction(azimuth, elevation))
    assert np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-9)
    assert np.linalg.det(rotation) == pytest.approx(1.0)
    assert np.allclose(rotation @ turn @ direction(azimuth, elevation), direction(0.0, elevation), atol=1e-6)


def test_a_front_photo_from_straight_above_gives_a_rotation():
    rotation = product_rotation(np.array([0.0, 0, 1]), np.array([0.0, 0, 3.0]))
    assert np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-9)
