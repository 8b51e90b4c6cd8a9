"""Checks of what a painted backdrop shows around its product."""

from functools import cache
from itertools import product as every

import cv2
import numpy as np
import pytest

from pipeline.diffusion.scenes.scene import render_scene
from pipeline.diffusion.scenes.vocabulary import COLOURS, MATERIALS, SceneSpec
from pipeline.imaging.channels.channel import load_channel
from pipeline.imaging.checks.evidence import Evidence
from pipeline.imaging.checks.scene import check_scene
from pipeline.imaging.compositing.blend import make_layers
from tests.imaging.products import make_product

SHOP = load_channel("shopify").model_copy(update={"width_px": 400, "height_px": 400, "long_side_at_least_px": 400})
BASES = ((176, 92, 60), (225, 224, 220), (28, 28, 30), (196, 160, 118))
SIDE_PX = 384


def checks_of(picture, backdrop, kind="diffusion", shadow="none"):
    layers = make_layers(picture, backdrop, SHOP, kind, shadow=shadow)
    nothing = np.zeros((1, 1, 3), np.uint8)
    evidence = Evidence(
        picture=picture, placement=layers.placement, behind=layers.behind, image=nothing, file=b"", decoded=nothing,
        channel=SHOP, kind=kind, source="captured", marking="", backdrop=layers.backdrop,
    )  # fmt: skip
    return {check.name: check for check in check_scene(evidence)}


def failed(picture, backdrop, **how):
    return {name for name, check in checks_of(picture, backdrop, **how).items() if not check.passed}


@cache
def scenes():
    """Every third pair of material and colour, drawn: several tests look at the same pictures."""
    drawn = []
    for number, (material, colour) in list(enumerate(every(MATERIALS, COLOURS)))[::3]:
        spec = SceneSpec(
            material=material,
            colour=colour,
            side=("left", "right", "front")[number % 3],
            softness=("soft", "hard")[number % 2],
            horizon=("seamless", "low", "middle", "high")[number % 4],
        )
        drawn.append((spec, render_scene(spec, number, SIDE_PX, SIDE_PX)[0]))
    return drawn


def with_copy(backdrop, picture, left_px=4, height_px=170):
    """The backdrop with the product once more, at its left edge."""
    width_px = picture.shape[1] * height_px // picture.shape[0]
    small = cv2.resize(picture, (width_px, height_px), interpolation=cv2.INTER_AREA).astype(np.float32)
    top, out = 150, backdrop.astype(np.float32)
    alpha, place = small[..., 3:] / 255, (slice(top, top + height_px), slice(left_px, left_px + width_px))
    out[place] = small[..., :3] * alpha + out[place] * (1 - alpha)
    return np.rint(out).astype(np.uint8)


@pytest.mark.parametrize("base", BASES)
def test_every_material_passes_in_every_colour_even_the_products_own(base):
    picture = make_product(300, 260, base=base)
    assert {spec.prompt: names for spec, scene in scenes() if (names := failed(picture, scene))} == {}


def test_second_product_is_seen_on_nearly_every_scene():
    picture = make_product(300, 260, base=(40, 80, 160))
    seen = [failed(picture, with_copy(scene, picture)) == {"scene_second_product"} for _, scene in scenes()]
    assert np.mean(seen) >= 0.95


def test_copy_hidden_by_the_product_is_not_counted():
    picture = make_product(300, 260)
    _, scene = scenes()[0]
    assert failed(picture, with_copy(scene, picture, left_px=120, height_px=120)) == set()


def test_light_that_falls_off_and_a_drawn_shadow_are_no_second_product():
    picture = make_product(300, 260, base=(60, 60, 62))
    ramp = np.linspace(40, 235, SIDE_PX).astype(np.uint8)
    scene = np.repeat(np.broadcast_to(ramp, (SIDE_PX, SIDE_PX))[..., None], 3, axis=2)
    assert failed(picture, scene, shadow="layer") == set()


def test_product_that_disappears_in_its_backdrop_is_seen():
    picture = make_product(300, 260)
    picture[..., :3] = (222, 203, 178)
    same, other = (np.full((SIDE_PX, SIDE_PX, 3), colour, np.uint8) for colour in ((223, 203, 177), (150, 140, 120)))
    check = checks_of(picture, same)["scene_contrast"]
    assert not check.passed and check.severity == "review" and check.value > 0.9
    assert failed(picture, other) == set()


def test_noise_and_a_black_picture_are_seen():
    picture = make_product(300, 260)
    coarse = np.random.default_rng(0).integers(0, 256, (48, 48, 3), dtype=np.uint8)
    noise = cv2.resize(coarse, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_CUBIC)
    assert "scene_noise" in failed(picture, noise)
    black = checks_of(picture, np.zeros((SIDE_PX, SIDE_PX, 3), np.uint8))["scene_blank"]
    assert not black.passed and black.severity == "reject"


def test_only_painted_backdrops_behind_a_product_are_checked():
    picture = make_product(300, 260)
    black = np.zeros((SIDE_PX, SIDE_PX, 3), np.uint8)
    assert checks_of(picture, black, kind="solid") == {}
