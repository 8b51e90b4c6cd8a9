import numpy as np
import pytest

from pipeline.core.domain import look_at
from pipeline.posing.hull import project_px
from pipeline.posing.sfm.lift import lifted
from tests.posing.drawn_scene import CAMERA, model_of

POINTS = np.random.default_rng(5).uniform(-0.6, 0.6, (40, 3))
POSES = {f"P{n}": look_at(12.0 * n, 20.0, 4.0) for n in range(3)}


@pytest.fixture
def seen():
    """A model of three photos that see 40 points; feature n shows point n."""
    rows = {photo: np.arange(40) for photo in POSES}
    return model_of(POINTS, dict.fromkeys(POSES, CAMERA), POSES, rows)


def all_right(first, second):
    return np.stack([np.arange(40)] * 2, axis=1)


def test_features_are_lifted_to_their_points(seen):
    for positions in lifted(seen, all_right, 2.0).values():
        assert np.abs(positions - POINTS).max() < 1e-6


def test_a_distorted_lens_is_taken_into_account():
    camera = CAMERA.model_copy(update={"k1": -0.2})
    model = model_of(POINTS, dict.fromkeys(POSES, camera), POSES, {photo: np.arange(40) for photo in POSES})
    assert np.abs(lifted(model, all_right, 2.0)["P1.png"] - POINTS).max() < 1e-4


def test_wrong_matches_lift_nothing(seen):
    def shifted(first, second):
        return np.stack([np.arange(40), np.roll(np.arange(40), 7)], axis=1)

    found = lifted(seen, shifted, 2.0)["P0.png"]
    right = np.linalg.norm(found - POINTS, axis=1) < 0.05
    assert np.isnan(found[:, 0]).mean() > 0.8
    assert not right.any()


def test_one_wrong_match_of_three_does_not_move_a_feature(seen):
    poses = {**POSES, "P3": look_at(36.0, 20.0, 4.0)}
    model = model_of(POINTS, dict.fromkeys(poses, CAMERA), poses, {photo: np.arange(40) for photo in poses})
    pixels = project_px(CAMERA, poses["P3"], POINTS)[0]

    def matches(first, second):
        rows = all_right(first, second)
        if "P3.png" in (first, second):  # those of other points that lie on nearly the same ray
            near = np.linalg.norm(pixels[:, None] - pixels[None], axis=2) + 1e6 * np.eye(40)
            rows[:, 1 if second == "P3.png" else 0] = near.argmin(axis=1)
        return rows

    assert np.abs(lifted(model, matches, 2.0)["P0.png"] - POINTS).max() < 1e-6


def test_photos_from_one_place_lift_nothing():
    poses = {"P0": look_at(0.0, 20.0, 4.0), "P1": look_at(0.5, 20.0, 4.0)}
    model = model_of(POINTS, dict.fromkeys(poses, CAMERA), poses, {photo: np.arange(40) for photo in poses})
    assert all(np.isnan(positions).all() for positions in lifted(model, all_right, 2.0).values())


def test_photos_without_matches_lift_nothing(seen):
    found = lifted(seen, lambda first, second: np.zeros((0, 2), np.int64), 2.0)
    assert all(np.isnan(positions).all() for positions in found.values())
