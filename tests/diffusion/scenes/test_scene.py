import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.diffusion.scenes.materials import surface
from pipeline.diffusion.scenes.scene import (
    linear_from_srgb,
    plain_scene,
    random_spec,
    render_scene,
    scene_detail,
    srgb_from_linear,
)
from pipeline.diffusion.scenes.vocabulary import COLOURS, HORIZON_FRAC, MATERIALS, SceneSpec
from pipeline.diffusion.training.products import random_product

SMOOTH = ("paper", "gradient")


@pytest.mark.parametrize("material", MATERIALS)
def test_scene_is_deterministic_and_depends_on_the_seed(material):
    spec = SceneSpec(material=material, colour="tan", side="left", horizon="middle")
    first, labels = render_scene(spec, 3, 96, 64)
    again, same = render_scene(spec, 3, 96, 64)
    other, _ = render_scene(spec, 4, 96, 64)
    assert first.shape == (64, 96, 3)
    assert first.dtype == np.uint8
    assert (first == again).all()
    assert labels == same
    assert (first != other).any()
    assert (labels.material, labels.colour, labels.light_side) == (material, "tan", "left")
    assert labels.prompt == spec.prompt


@pytest.mark.parametrize("seed", range(12))
def test_light_comes_from_the_labelled_side(seed):
    for side, sign in (("left", 1), ("right", -1)):
        spec = SceneSpec(material="paper", colour="grey", side=side, softness="soft")
        scene, labels = render_scene(spec, seed, 64, 64)
        left, right = (linear_from_srgb(half).mean() for half in (scene[:, :21], scene[:, -21:]))
        assert (left - right) * sign > 0.02
        assert np.sign(labels.lamp.azimuth_deg) == -sign


def dark_marble(horizon):
    """A dark floor in front of a light wall."""
    return SceneSpec(material="marble", colour="charcoal", horizon=horizon)


def line_of(scene):
    """Height of the largest step between rows."""
    luma = scene.astype(float).mean((1, 2))
    return 1 - (np.abs(np.diff(luma)).argmax() + 1) / len(luma)


@pytest.mark.parametrize("horizon", ["low", "middle", "high"])
def test_horizon_is_at_the_labelled_height(horizon):
    for seed in range(6):
        scene, labels = render_scene(dark_marble(horizon), seed, 200, 200)
        jump = line_of(scene)
        assert jump == pytest.approx(labels.horizon_frac, abs=0.02)
        assert labels.horizon_frac == pytest.approx(HORIZON_FRAC[horizon], abs=0.0201)


def test_seamless_scene_has_no_horizon_line():
    scene, labels = render_scene(SceneSpec(colour="grey", horizon="seamless"), 1, 200, 200)
    assert labels.horizon_frac is None
    assert np.abs(np.diff(scene.astype(float).mean((1, 2)))).max() < 2


@pytest.mark.parametrize("material", MATERIALS)
def test_plain_scene_is_close_to_the_mean_of_its_specs_scenes(material):
    spec = SceneSpec(material=material, colour="tan", side="left", softness="hard", horizon="middle")
    scenes = np.stack([render_scene(spec, seed, 64, 64)[0] for seed in range(8)]).astype(float)
    plain = plain_scene(spec, 64, 64).astype(float)
    assert np.abs(plain - scenes.mean(0)).mean() < 5


def test_plain_scene_has_its_line_in_the_middle_of_the_range():
    assert line_of(plain_scene(dark_marble("middle"), 64, 64)) == pytest.approx(HORIZON_FRAC["middle"], abs=0.02)


@pytest.mark.parametrize("colour", COLOURS)
def test_scene_has_the_requested_colour(colour):
    scene, _ = render_scene(SceneSpec(colour=colour), 5, 64, 64)
    brightest = linear_from_srgb(scene).reshape(-1, 3)[scene.sum(2).ravel().argmax()]
    requested = linear_from_srgb(np.array(COLOURS[colour], np.uint8))
    assert brightest / requested == pytest.approx(np.full(3, (brightest / requested).mean()), rel=0.06)
    assert 0.75 < (brightest / requested).mean() < 1.15


@pytest.mark.parametrize("material", [m for m in MATERIALS if m not in SMOOTH])
def test_larger_picture_shows_the_same_scene(material):
    spec = SceneSpec(material=material, colour="tan", horizon="low")
    small, large = render_scene(spec, 7, 128, 128)[0], render_scene(spec, 7, 512, 512)[0]
    shrunk = large.reshape(128, 4, 128, 4, 3).mean((1, 3))
    other = render_scene(spec, 8, 128, 128)[0].astype(float)
    same = np.abs(shrunk - small).mean()
    assert same < 0.6 * np.abs(other - small).mean()


@pytest.mark.parametrize("material", MATERIALS)
def test_scene_detail_has_no_light_or_colour(material):
    gain = scene_detail(SceneSpec(material=material), 2, 256, 256, coarse_px=64)
    assert gain.mean() == pytest.approx(1, abs=0.02)
    blocks = gain.reshape(4, 64, 4, 64, 3).mean((1, 3))
    assert np.abs(blocks - 1).max() < 0.06
    if material == "gradient":  # no surface structure
        assert gain.std() < 0.002
    else:
        assert gain.std() > (0.001 if material == "paper" else 0.005)


@given(st.integers(0, 2**31 - 1), st.sampled_from(MATERIALS))
@settings(max_examples=25, deadline=None)
def test_surfaces_are_finite_with_a_mean_near_one(seed, material):
    reflectance = surface(material, seed, 128)
    assert np.isfinite(reflectance).all()
    assert 0.75 < reflectance.mean() < 1.25


@given(st.integers(0, 2**31 - 1))
@settings(max_examples=25, deadline=None)
def test_random_products_never_fill_the_picture(seed):
    picture, mask = random_product(np.random.default_rng(seed), 64)
    assert picture.shape == (64, 64, 3)
    assert mask.mean() < 0.7
    assert not mask[0].all()


def test_random_specs_cover_every_material_and_wood_has_wood_colours():
    rng = np.random.default_rng(0)
    specs = [random_spec(rng) for _ in range(400)]
    assert {spec.material for spec in specs} == set(MATERIALS)
    assert {spec.colour for spec in specs if spec.material == "wood"} == {"beige", "tan", "brown"}


def test_srgb_survives_a_round_trip_through_linear_light():
    levels = np.arange(256, dtype=np.uint8)
    assert (srgb_from_linear(linear_from_srgb(levels)) == levels).all()


@pytest.mark.parametrize("horizon", ["low", "seamless"])
def test_floor_and_wall_continue_beyond_the_scene(horizon):
    spec = SceneSpec(material="wood", colour="tan", horizon=horizon)
    own = scene_detail(spec, 5, 200, 200, coarse_px=64)
    more = scene_detail(spec, 5, 300, 300, coarse_px=96, beyond=0.25)
    inner = np.s_[60:240, 60:240]
    assert np.corrcoef(more[inner].ravel(), own[10:190, 10:190].ravel())[0, 1] > 0.97
    outside, mirrored = more[180:, :50, 0], more[180:, 50:100, 0][:, ::-1]
    assert outside.std() > 0.01, "the boards continue there"
    assert np.corrcoef(outside.ravel(), mirrored.ravel())[0, 1] < 0.5, "not a mirror image"
