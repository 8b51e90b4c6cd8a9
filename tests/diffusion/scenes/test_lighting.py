"""The light of a scene: the same lamp lights floor and wall and draws the product's shadow."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.linear import luminance
from pipeline.core.records import Light
from pipeline.diffusion.scenes.lighting import illumination
from pipeline.diffusion.scenes.parameters import sample_of
from pipeline.diffusion.scenes.scene import lamp_of, linear_from_srgb, plain_scene, render_scene
from pipeline.diffusion.scenes.sight import NEAR_EDGE, Lens, profile_of
from pipeline.diffusion.scenes.vocabulary import SIDES, SOFTNESSES, SceneSpec

LIGHTS = [(softness, side) for softness in SOFTNESSES for side in SIDES]


@given(st.integers(0, 10**6), st.sampled_from(LIGHTS))
def test_foot_of_the_product_is_fully_lit(seed, light):
    spec = SceneSpec(softness=light[0], side=light[1])
    foot = profile_of(Lens(12), 5.0, 2.2, np.array([0.6, 0.14]))
    lit = illumination(sample_of(spec, seed, None).lamp, foot, np.zeros((2, 3), np.float32), 5.0)
    assert foot.y[1] == pytest.approx(-NEAR_EDGE)
    assert lit[1] == pytest.approx(np.ones((3, 3)), abs=0.12)


@pytest.mark.parametrize("softness", SOFTNESSES)
def test_light_falls_on_the_wall_behind_the_product(softness):
    spec = SceneSpec(colour="grey", softness=softness, side="left", horizon="middle")
    wall = linear_from_srgb(render_scene(spec, 2, 96, 96)[0])[:40].mean(2)
    assert wall.max() > 1.15 * wall.min(), "not one flat tone"


@pytest.mark.parametrize("softness", SOFTNESSES)
def test_light_from_the_right_mirrors_light_from_the_left(softness):
    """Otherwise a picture does not tell which side its light comes from."""
    left, right = (plain_scene(SceneSpec(colour="grey", softness=softness, side=side), 64, 64) for side in SIDES[:2])
    assert np.abs(left[:, ::-1].astype(int) - right).max() <= 1
    assert np.abs(left.astype(int) - right).max() > 20


def test_floor_and_wall_tint_each_other_where_they_meet():
    lamp = sample_of(SceneSpec(), 0, None).lamp
    profile = profile_of(Lens(12), 5.0, 0.0, np.linspace(0.05, 0.95, 90))
    spot, red, grey = np.zeros((90, 1), np.float32), np.array([0.5, 0.1, 0.1]), np.full(3, 0.3)
    plain, lit = (
        illumination(lamp, profile, spot, 5.0, *(rgb.astype(np.float32) for rgb in pair))
        for pair in ((grey, grey), (red, grey))
    )
    floor, excess = profile.floor > 0.5, (lit[:, 0, 0] - lit[:, 0, 2])
    assert excess[~floor][0] > 0.1, "the wall's foot is reddish"
    assert (np.diff(excess[~floor]) < 1e-6).all(), "less so higher up"
    assert np.abs(excess[floor]).max() < 1e-6, "the grey wall tints nothing"
    assert luminance(lit) == pytest.approx(luminance(plain), abs=1e-5)


def test_window_throws_panes_with_bars_between_them():
    soft, window = (
        linear_from_srgb(render_scene(SceneSpec(colour="grey", softness=kind, horizon="middle"), 3, 128, 128)[0])
        for kind in ("soft", "window")
    )
    edges = [np.abs(np.diff(picture.mean(2), axis=1)).max() for picture in (soft, window)]
    assert edges[1] > 4 * edges[0]


@pytest.mark.parametrize(("softness", "side"), LIGHTS)
def test_lamp_is_one_that_the_shadow_can_be_drawn_by(softness, side):
    prompt = SceneSpec(softness=softness, side=side).prompt
    for seed in (None, 0, 1, 2):
        lamp = lamp_of(prompt, seed)
        Light(azimuth_deg=lamp.azimuth_deg, elevation_deg=lamp.elevation_deg, softness=0.5, strength=lamp.strength)
        assert np.sign(round(lamp.azimuth_deg / 20)) == {"left": -1, "front": 0, "right": 1}[side]
