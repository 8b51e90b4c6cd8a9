"""The camera of a scene: its floor lies where the product's own camera sees it."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.diffusion.scenes.scene import render_scene, scene_labels
from pipeline.diffusion.scenes.sight import (
    DISTANCE,
    FOOT_FRAC,
    LOWEST_DEG,
    NEAR_EDGE,
    Lens,
    Sight,
    profile_of,
    view_words,
)
from pipeline.diffusion.scenes.vocabulary import SceneSpec
from pipeline.imaging.compositing.shadow_camera import frame_from_floor, guess_camera, project
from tests.diffusion.scenes.test_scene import line_of

TILTS = st.floats(LOWEST_DEG, 90)
ROWS = (np.arange(400)[::-1] + 0.5) / 400


@given(TILTS, st.floats(1.5, 9), st.floats(0, 1.4))
def test_rows_run_along_the_floor_through_the_cove_and_up_the_wall(tilt_deg, wall_y, cove):
    lens = Lens(tilt_deg)
    profile = profile_of(lens, wall_y, cove, ROWS)
    assert (np.diff(profile.along) <= 1e-6).all(), "from top to bottom the spots come nearer"
    assert (profile.depth > 0).all() and (profile.z >= 0).all() and (profile.y <= wall_y + 1e-6).all()
    assert np.hypot(profile.up, profile.front) == pytest.approx(np.ones(400))
    for y, z, frac in zip(profile.y[::40], profile.z[::40], ROWS[::40], strict=True):
        assert lens.height_frac(y, z) == pytest.approx(frac, abs=1e-3)


@given(TILTS)
def test_the_products_foot_is_where_shops_place_it(tilt_deg):
    assert Lens(tilt_deg).floor_y(FOOT_FRAC) == pytest.approx(-NEAR_EDGE, abs=1e-6)


@given(st.floats(5, 55))
def test_floor_is_the_one_on_which_the_shadow_is_drawn(tilt_deg):
    """A guessed shadow camera at the same height maps floor depths to the same rows, up to shift and scale."""
    from pipeline.imaging.compositing.framing import Box

    camera = guess_camera(Box(0.2, 0.2, 0.8, 0.86), tilt_deg)
    depths = np.array([-NEAR_EDGE, 0.0, 1.0, 2.0])
    spots = np.stack([np.zeros(4), depths, np.full(4, -0.8)], axis=1)
    theirs = -project(camera, spots)[:, 1]
    ours = np.array([Lens(tilt_deg).height_frac(depth) for depth in depths])
    assert np.diff(ours)[1:] / np.diff(ours)[0] == pytest.approx(np.diff(theirs)[1:] / np.diff(theirs)[0], rel=0.02)
    assert frame_from_floor(camera, -0.8).shape == (3, 3)


def test_line_rises_with_the_camera_and_leaves_the_picture():
    spec = SceneSpec(material="marble", colour="charcoal", horizon="low")
    lines = [scene_labels(spec, 3, Sight(elevation_deg=tilt)).horizon_frac for tilt in (5, 12, 22, 32)]
    assert lines == sorted(lines)
    assert lines[0] > FOOT_FRAC + 0.15, "the product stands in front of the wall"
    assert scene_labels(spec, 3, Sight(elevation_deg=65)).horizon_frac is None
    assert "flat lay" in scene_labels(spec, 3, Sight(elevation_deg=65)).prompt
    for tilt, line in zip((5, 12, 22, 32), lines, strict=True):
        assert line_of(render_scene(spec, 3, 200, 200, Sight(elevation_deg=tilt))[0]) == pytest.approx(line, abs=0.02)


def test_every_sight_shows_the_same_set_in_the_same_light():
    spec = SceneSpec(material="wood", colour="tan", side="left", horizon="low")
    labels = [scene_labels(spec, 5, sight) for sight in (None, Sight(elevation_deg=10), Sight(elevation_deg=80))]
    assert len({label.lamp for label in labels}) == 1


def test_product_seen_from_below_hangs_in_front_of_a_surface_that_faces_the_camera():
    assert Sight(elevation_deg=-80).tilt_deg == 90
    assert Sight(elevation_deg=-2).tilt_deg == LOWEST_DEG
    assert Lens(90).behind == pytest.approx(0, abs=1e-9) and Lens(90).height == pytest.approx(DISTANCE + 0.8)
    assert math.isinf(Lens(10).floor_y(3.0))


@pytest.mark.parametrize(
    ("elevation_deg", "words"),
    [(None, ""), (12, ""), (-40, "below"), (0, "eye level"), (40, "above"), (85, "flat lay")],
)
def test_camera_height_is_put_into_words_for_models_that_read(elevation_deg, words):
    assert words in view_words(elevation_deg)
    assert bool(view_words(elevation_deg)) == bool(words)
