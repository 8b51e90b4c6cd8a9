"""Every kind of hard product: the true area within 3%, or a fault; never a wrong matte without one."""

import numpy as np
import pytest

from pipeline.imaging.cutout import backdrop
from pipeline.imaging.cutout.base import cut_out
from tests.imaging.cutout.hard_products import KINDS, draw
from tests.imaging.studio import iou

HELD = {"fills_the_frame", "empty_backdrop", "earring", "hard_shadow", "white_on_white"}
DOUBTED = {"clear_glass", "necklace", "studio_edge"}  # right or a fault, depending on shape and place
FOUND = sorted(set(KINDS) - HELD - DOUBTED)


def area_error(alpha, truth):
    return abs(float(alpha.sum()) / max(1.0, float(truth.sum())) - 1)


@pytest.mark.parametrize("kind", FOUND)
def test_product_is_found_and_believed(kind):
    for seed in (0, 1):
        scene = draw(kind, seed)
        cut = cut_out(backdrop, scene.rgb, backdrop.Params())
        assert cut.verdict.fault is None, seed
        assert area_error(cut.alpha, scene.alpha) < 0.03, seed
        assert iou(cut.alpha, scene.alpha) > 0.97, seed


@pytest.mark.parametrize("kind", sorted(HELD | DOUBTED))
def test_matte_is_right_or_a_fault(kind):
    for seed in (1, 2):
        scene = draw(kind, seed)
        cut = cut_out(backdrop, scene.rgb, backdrop.Params())
        right = scene.alpha.any() and area_error(cut.alpha, scene.alpha) < 0.03
        assert right or cut.verdict.fault, seed


def test_chain_of_two_pixels_is_cut_out():
    scene = draw("necklace", 0)
    cut = cut_out(backdrop, scene.rgb, backdrop.Params())
    assert area_error(cut.alpha, scene.alpha) < 0.03
    assert (cut.alpha[scene.alpha == 255] > 128).mean() > 0.95


@pytest.mark.parametrize("width", [4, 12, 40, 70])
def test_hole_of_a_ring_is_open_whatever_its_width(width):
    import cv2

    y, x = np.mgrid[0:700, 0:900]
    backdrop_level = (236 - 30 * y / 700)[..., None] * np.array([1, 0.995, 0.985])
    away = np.hypot(x - 450, y - 350)
    share = np.clip(width / 2 - np.abs(away - 200) + 0.5, 0, 1)[..., None]
    shadow = 1 - 0.3 * cv2.GaussianBlur(np.roll(share, (25, 60), axis=(0, 1)), (0, 0), 13)[..., None]
    rgb = backdrop_level * shadow * (1 - share) + np.array([180, 140, 60]) * share
    rgb = np.round(rgb + np.random.default_rng(0).normal(0, 1.5, rgb.shape)).clip(0, 255).astype(np.uint8)
    cut = cut_out(backdrop, rgb, backdrop.Params())
    assert cut.verdict.fault is None
    assert float(cut.alpha.sum() / 255) == pytest.approx(float(share.sum()), rel=0.03)


def test_colour_chart_is_dropped_and_named():
    scene = draw("chart_beside", 0)
    cut = cut_out(backdrop, scene.rgb, backdrop.Params())
    assert [str(piece).endswith("at the top left") for piece in cut.dropped] == [True]
