from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.domain import angle_between_deg, look_at
from pipeline.core.errors import Held
from pipeline.core.records import LevelPhoto
from pipeline.core.rotations import rotation_from_quaternion
from pipeline.posing.frame import level_up, upright
from pipeline.posing.up import UpEstimate, UpHints, choose, find_up, horizon, stated, table, turn_axis
from tests.posing.test_frame import cameras, quaternions, shake, turned
from tests.posing.test_judge import model

Z = np.array([0.0, 0.0, 1.0])


def model_of(poses):
    """A model of these cameras."""
    level = model([0.0] * len(poses))
    images = tuple(replace(i, cam_from_world=p) for i, p in zip(level.images, poses, strict=True))
    return replace(level, images=images)


def held_by_hand(azimuths, roll_deg=0.0, shake_deg=1.0, seed=0):
    """Rotations [N, 3, 3] of cameras at these azimuths and elevations about 25 deg, rolled alike and each by chance."""
    rng = np.random.default_rng(seed)
    poses = [look_at(azimuth, 25.0 + 8.0 * rng.normal(), 5.0) for azimuth in azimuths]
    return np.stack([turned(Z, roll_deg + shake_deg * rng.normal()) @ pose[:3, :3] for pose in poses])


def tilt_deg(estimate, up=Z):
    return angle_between_deg(estimate.up, up)


def seen_horizon(rotations, **settings):
    return horizon(rotations, level_up(rotations), **settings)


@pytest.mark.parametrize("roll_deg", [0.0, -3.0, 11.0])
@pytest.mark.parametrize("arc_deg", [360, 200])
def test_a_roll_that_all_photos_share_does_not_tilt_up(roll_deg, arc_deg):
    tilts = [tilt_deg(seen_horizon(held_by_hand(range(0, arc_deg, 12), roll_deg, seed=seed))) for seed in range(8)]
    assert np.median(tilts) < 0.7
    assert max(tilts) < 2.0


@settings(deadline=None, max_examples=20, derandomize=True)
@given(quaternion=quaternions, seed=st.integers(0, 99))
def test_the_horizon_is_found_in_any_frame(quaternion, seed):
    rotation = rotation_from_quaternion(quaternion)
    rotations = held_by_hand(range(0, 360, 15), roll_deg=4.0, seed=seed)
    assert tilt_deg(seen_horizon(rotations @ rotation.T), rotation @ Z) < 1.5


@pytest.mark.parametrize(("arc_deg", "shake_deg"), [(360, 1.0), (360, 3.0), (200, 1.0), (200, 3.0), (90, 1.0)])
def test_sigma_says_how_wrong_the_horizon_is(arc_deg, shake_deg):
    azimuths = np.linspace(0, arc_deg, 24, endpoint=False)
    found = [seen_horizon(held_by_hand(azimuths, 0.0, shake_deg, seed)) for seed in range(24)]
    rms_deg = np.sqrt(np.mean([tilt_deg(estimate) ** 2 for estimate in found]) / 2)  # about one axis
    assert 0.5 < rms_deg / np.mean([estimate.sigma_deg for estimate in found]) < 1.6


def test_photos_from_one_side_cannot_tell_a_roll_from_a_tilt():
    one_side = seen_horizon(held_by_hand(np.linspace(0, 40, 24), roll_deg=11.0, shake_deg=2.0))
    assert tilt_deg(one_side) > 4.0
    assert one_side.confidence < 0.5
    assert seen_horizon(held_by_hand(range(0, 360, 15))).confidence > 0.9


def test_the_roll_of_two_photos_from_two_sides_decides():
    rotations = held_by_hand([0.0, 10.0, 20.0, 30.0, 90.0], roll_deg=11.0, shake_deg=0.0)
    prior = UpEstimate("horizon", turned([1, 0, 0], 9.0) @ Z, 8.0)
    two = stated(rotations[[0, 4]], [-11.0, -11.0], prior)
    assert tilt_deg(two) < 0.2
    assert two.confidence > 0.8
    assert stated(rotations[[0, 1]], [-11.0, -11.0], prior).confidence < 0.5  # 10 deg apart
    assert stated(rotations[[0]], [-11.0], prior).confidence < 0.2
    assert tilt_deg(stated(rotations[[0, 4]], [11.0, 11.0], prior)) > 10.0


def test_a_picture_to_be_turned_clockwise_by_90_degrees_has_its_top_at_the_left():
    upright_camera = look_at(0.0, 10.0, 5.0)[:3, :3]
    on_its_side = np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]) @ upright_camera
    top = on_its_side @ Z
    assert top[0] < -0.9  # the product's top is at the left of this picture
    prior = UpEstimate("horizon", turned([0, 1, 0], 20.0) @ Z, 20.0)
    second = look_at(90.0, 10.0, 5.0)[:3, :3]
    assert tilt_deg(stated(np.stack([on_its_side, second]), [90.0, 0.0], prior)) < 0.3


def test_the_tables_normal_is_the_same_in_every_frame():
    rotations = {f"P{n}": rotation for n, rotation in enumerate(held_by_hand(range(0, 360, 30), 11.0, 5.0))}
    rng = np.random.default_rng(4)
    normals = {photo: rotation @ turned(rng.normal(size=3), 0.2) @ Z for photo, rotation in rotations.items()}
    found = table(rotations, {**normals, "P99": Z}, 0.9)
    assert tilt_deg(found) < 0.5
    assert found.confidence > 0.7
    assert table(rotations, {"P99": Z}, 0.9) is None
    assert table(rotations, normals, 0.0) is None


def turn_sigma_deg(poses):
    return turn_axis(upright(poses, "turntable"), np.stack([pose[:3, :3] for pose in poses])).sigma_deg


def test_a_turntables_axis_is_less_certain_on_a_short_arc():
    def rocked(arc):
        rng = np.random.default_rng(1)
        return [shake(pose, rng, 0.3, 0.0) for pose in cameras([(arc, 20.0)])]

    assert turn_sigma_deg(rocked(range(0, 360, 15))) < 0.3
    assert turn_sigma_deg(rocked(range(0, 30, 5))) > 0.4


@pytest.mark.parametrize("shake_deg", [0.3, 0.6])
def test_sigma_covers_the_error_of_a_turntables_axis(shake_deg):
    for arc in (range(0, 180, 15), range(0, 50, 10)):
        shaken = []
        for seed in range(20):
            rng = np.random.default_rng(seed)
            shaken.append([shake(pose, rng, shake_deg, 0.0) for pose in cameras([(arc, 20.0)])])
        tilts = [angle_between_deg(upright(poses, "turntable").up, Z) for poses in shaken]
        rms_deg = np.sqrt(np.mean(np.square(tilts)) / 2)
        assert rms_deg < np.mean([turn_sigma_deg(poses) for poses in shaken])


@pytest.mark.parametrize("seed", range(4))
def test_a_walk_taken_for_a_turntable_is_not_believed(seed):
    rng = np.random.default_rng(seed)
    poses = [look_at(azimuth, 30.0 + 10.0 * rng.normal(), 5.0) for azimuth in np.linspace(0, 180, 30)]
    poses = [shake(pose, rng, 2.0, 0.0) for pose in poses]
    fit, up = find_up(model_of(poses), "turntable", UpHints())
    assert up.source == "horizon"
    assert angle_between_deg(fit.up, Z) < 3.0
    assert "turntable" in up.deviation_deg


def estimate(source, tilt, sigma_deg):
    return UpEstimate(source, turned([1, 0, 0], tilt) @ Z, sigma_deg)


def test_the_table_is_preferred_and_a_second_source_makes_up_more_certain():
    alone, _ = choose([estimate("horizon", 11.0, 1.0), estimate("table", 0.0, 1.2)])
    chosen, report = choose([estimate("horizon", 0.5, 1.0), estimate("table", 0.0, 1.2)])
    assert alone.source == chosen.source == report.source == "table"
    assert chosen.confidence > alone.confidence
    assert report.deviation_deg == {"horizon": 0.5}


def test_a_wall_is_no_table_and_an_uncertain_table_no_source():
    assert choose([estimate("horizon", 0.0, 1.0), estimate("table", 80.0, 0.3)])[0].source == "horizon"
    assert choose([estimate("horizon", 0.0, 1.0), estimate("table", 5.0, 5.0)])[0].source == "horizon"
    assert choose([estimate("horizon", 0.0, 3.0), estimate("table", 5.0, 2.5)])[1].confidence < 0.5


def test_a_table_that_contradicts_a_turntables_axis_makes_it_uncertain():
    assert choose([estimate("turntable", 0.0, 0.2), estimate("table", 0.5, 0.5)])[1].confidence > 0.99
    chosen, report = choose([estimate("turntable", 0.0, 0.2), estimate("table", 9.0, 0.5)])
    assert chosen.source == "turntable"
    assert report.confidence < 0.1
    assert report.deviation_deg == {"table": 9.0}


def rolled_model(count=24, arc_deg=360.0, roll_deg=0.0):
    poses = [look_at(arc_deg * n / count, 20.0 + 10.0 * (n % 3), 5.0) for n in range(count)]
    roll = np.eye(4)
    roll[:3, :3] = turned(Z, roll_deg)
    return model_of([roll @ pose for pose in poses])


def test_handheld_photos_have_no_rings_and_an_up_from_their_horizon():
    fit, up = find_up(rolled_model(roll_deg=8.0), "handheld", UpHints())
    assert (fit.residual_deg, fit.ring_indices, up.source) == (None, (), "horizon")
    assert angle_between_deg(fit.up, Z) < 0.5


def test_a_turntables_up_is_checked_against_the_horizon():
    rolled = model_of(cameras([(range(0, 360, 15), 20.0)], roll_deg=7.0))
    fit, up = find_up(rolled, "turntable", UpHints())
    assert up.source == "turntable"
    assert up.deviation_deg["horizon"] < 0.5
    assert fit.residual_deg < 0.01


def test_stated_photos_come_first_and_must_be_registered():
    rolled = rolled_model(arc_deg=60.0, roll_deg=10.0)
    photos = [image.photo for image in rolled.images]
    hints = UpHints(stated=(LevelPhoto(photo=photos[0], roll_deg=-10), LevelPhoto(photo=photos[-1], roll_deg=-10)))
    fit, up = find_up(rolled, "handheld", hints)
    assert up.source == "capture.up"
    assert angle_between_deg(fit.up, Z) < 1.0
    with pytest.raises(Held, match=r"capture\.up: gone could not be registered"):
        find_up(rolled, "handheld", UpHints(stated=(LevelPhoto(photo="gone"),)))


def test_level_photos_from_one_side_are_trusted_when_the_photographer_vouches():
    one_side = rolled_model(arc_deg=50.0)
    unsaid, said = (find_up(one_side, "handheld", UpHints(level=level))[1] for level in (False, True))
    assert (unsaid.source, said.source) == ("horizon", "capture.up")
    assert said.confidence > max(unsaid.confidence, 0.9)
