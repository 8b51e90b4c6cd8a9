from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.colmap.model import SparseModel
from pipeline.core.domain import look_at
from pipeline.core.rotations import rotation_from_quaternion
from pipeline.posing.sfm.strays import strays
from tests.posing.test_judge import model


def rocked(ring: SparseModel, degrees: float, seed: int) -> SparseModel:
    """The model with every camera rotated by up to `degrees`, as an uneven turntable does."""
    rng = np.random.default_rng(seed)
    images = tuple(off_by(image, degrees * rng.uniform(-1, 1), rng.normal(size=3)) for image in ring.images)
    return replace(ring, images=images)


def off_by(image, degrees, axis):
    half = np.radians(degrees) / 2
    turn = np.eye(4)
    turn[:3, :3] = rotation_from_quaternion([np.cos(half), *(np.sin(half) * np.asarray(axis) / np.linalg.norm(axis))])
    return replace(image, cam_from_world=turn @ image.cam_from_world)


def with_one_off(ring: SparseModel, which: int, degrees: float, axis=(1.0, 0.0, 0.0)) -> SparseModel:
    images = list(ring.images)
    images[which] = off_by(images[which], degrees, axis)
    return replace(ring, images=tuple(images))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 20), st.sampled_from([1.3, 3.0, 6.8]), st.integers(0, 1000))
def test_only_the_photo_that_deviates_from_its_ring_is_a_stray(which, degrees, seed):
    ring = rocked(model([*range(0, 150, 15), *range(195, 360, 15)]), 0.05, seed)
    deviations = strays(with_one_off(ring, which, degrees), "turntable")
    assert list(deviations) == [f"P{which:02d}"]
    assert deviations[f"P{which:02d}"] == pytest.approx(degrees, rel=0.15)


@settings(max_examples=20, deadline=None)
@given(st.sampled_from([0.0, 0.1, 1.0]), st.integers(0, 1000))
def test_an_uneven_turntable_has_no_strays(degrees, seed):
    assert strays(rocked(model(range(0, 360, 15)), degrees, seed), "turntable") == {}


def test_a_camera_shifted_sideways_is_a_stray():
    ring = model(range(0, 360, 15))
    moved = ring.images[3].cam_from_world.copy()
    moved[0, 3] += 0.05 * np.linalg.norm(moved[:3, 3])
    images = (*ring.images[:3], replace(ring.images[3], cam_from_world=moved), *ring.images[4:])
    assert list(strays(replace(ring, images=images), "turntable")) == ["P03"]


def test_a_single_photo_from_above_is_not_a_stray():
    ring = model(range(0, 360, 15))
    lone = look_at(40.0, 50.0, 5.0) @ np.linalg.inv(look_at(0.0, 15.0, 5.0)) @ ring.images[0].cam_from_world
    above = replace(ring.images[0], image_id=99, name="TOP.png", cam_from_world=lone)
    assert strays(replace(ring, images=(*ring.images, above)), "turntable") == {}


def test_a_handheld_shoot_has_no_strays():
    assert strays(with_one_off(model(range(0, 360, 15)), 3, 5.0), "handheld") == {}


def test_a_ring_of_four_photos_has_no_strays():
    assert strays(with_one_off(model([0, 15, 30, 45]), 1, 5.0), "turntable") == {}
