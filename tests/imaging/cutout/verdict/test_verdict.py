import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.imaging.cutout.verdict.verdict import Verdict, judge
from tests.imaging.cutout.hard_products import draw
from tests.imaging.studio import photograph, tee

SCENE = photograph(size=400)


def textured(size=400, seed=0):
    """Leaves of random colours all over the picture, as in a garden."""
    random = np.random.default_rng(seed)
    rgb = np.zeros((size, size, 3), np.uint8)
    for _ in range(1500):
        place = tuple(int(v) for v in random.integers(0, size, 2))
        cv2.circle(rgb, place, int(random.integers(4, 20)), [int(v) for v in random.integers(0, 256, 3)], -1)
    return rgb


def test_a_right_matte_is_believed_without_a_reason():
    assert judge(SCENE.rgb, SCENE.alpha, plain=True) == Verdict(1.0, None)
    assert judge(SCENE.rgb, SCENE.alpha).fault is None


@pytest.mark.parametrize(
    ("matte", "words"),
    [
        (np.zeros((400, 400), np.uint8), "no product was found"),
        (np.full((400, 400), 255, np.uint8), "covers 100%"),
        (np.pad(np.zeros((340, 340), np.uint8), 30, constant_values=255), "outline follows no edge"),
    ],
)
def test_an_impossible_matte_is_a_fault_that_says_why(matte, words):
    verdict = judge(SCENE.rgb, matte)
    assert verdict.belief < 0.5
    assert words in verdict.fault


def test_a_crowded_scene_is_never_believed():
    rgb = textured()
    half = np.where(rgb.astype(int).sum(axis=2) > 380, 255, 0).astype(np.uint8)
    assert judge(rgb, half, plain=True).belief < 0.1


def test_the_surroundings_count_only_where_the_backdrop_is_taken_to_be_plain():
    rgb = np.where(SCENE.alpha[..., None] > 128, SCENE.rgb, textured()).astype(np.uint8)
    assert judge(rgb, SCENE.alpha).fault is None
    assert "no plain backdrop" in judge(rgb, SCENE.alpha, plain=True).fault


def grown(matte, radius):
    return cv2.dilate(matte, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1,) * 2))


def test_belief_falls_as_the_outline_leaves_the_edges_of_the_photo():
    beliefs = []
    for share in (0.0, 0.15, 0.3, 0.6, 1.0):
        wrong = grown(SCENE.alpha, 12)
        wrong[:, : round(400 * (1 - share))] = SCENE.alpha[:, : round(400 * (1 - share))]
        beliefs.append(judge(SCENE.rgb, wrong).belief)
    assert beliefs == sorted(beliefs, reverse=True)
    assert beliefs[0] == 1
    assert beliefs[-1] < 0.1


def test_belief_falls_with_every_border_that_the_matte_touches():
    beliefs = []
    for sides in ([], ["left"], ["left", "right"], ["left", "right", "top"], ["left", "right", "top", "bottom"]):
        rgb, matte = np.full((300, 400, 3), 220, np.uint8), np.zeros((300, 400), np.uint8)
        top, bottom = 0 if "top" in sides else 100, 300 if "bottom" in sides else 200
        left, right = 0 if "left" in sides else 100, 400 if "right" in sides else 300
        matte[100:200, left:right] = 255
        matte[top:bottom, 150:250] = 255
        rgb[matte > 0] = 120, 40, 40
        beliefs.append(judge(rgb, matte).belief)
    assert beliefs == sorted(beliefs, reverse=True)
    assert beliefs[2] == 1  # a table's edge touches two
    assert beliefs[3] < 0.5


@settings(max_examples=12, deadline=None)
@given(st.sampled_from([0.6, 1.0, 2.0, 4.0]), st.sampled_from([0, 2, 8]), st.sampled_from(["mug", "tee"]))
def test_the_verdict_is_the_same_at_any_resolution(factor, growth, shape):
    scene = SCENE if shape == "mug" else photograph(size=400, shape=tee)
    matte = grown(scene.alpha, growth)
    resize = lambda p: cv2.resize(p, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)  # noqa: E731
    large = judge(resize(scene.rgb), resize(matte), plain=True)
    small = judge(scene.rgb, matte, plain=True)
    assert (large.fault is None) == (small.fault is None)
    assert large.belief == pytest.approx(small.belief, abs=0.15)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 400), st.integers(0, 2**32 - 1))
def test_specks_do_not_change_the_verdict_however_many(count, seed):
    random = np.random.default_rng(seed)
    large = cv2.resize(SCENE.rgb, (1600, 1600)), cv2.resize(SCENE.alpha, (1600, 1600))
    specks = large[1].copy()
    specks[random.integers(0, 1600, count), random.integers(0, 300, count)] = 255
    assert judge(large[0], specks, plain=True).fault is None


def test_a_hard_shadow_in_the_matte_is_a_fault_and_the_product_alone_is_none():
    scene = draw("hard_shadow", 1)
    dark = (scene.rgb.max(axis=2) < 130) & (grown(scene.alpha, 3) == 0)
    with_shadow = np.maximum(scene.alpha, np.where(dark, 255, 0).astype(np.uint8))
    assert "hard shadow" in judge(scene.rgb, with_shadow, plain=True).fault
    assert judge(scene.rgb, scene.alpha, plain=True).fault is None


def test_clear_glass_is_a_fault_and_a_printed_label_is_none():
    glass, label = draw("clear_glass", 2), draw("label_in_backdrop_colour", 2)
    assert "clear glass" in judge(glass.rgb, glass.alpha, plain=True).fault
    assert judge(label.rgb, label.alpha, plain=True).fault is None


def test_a_chain_that_the_matte_lacks_is_a_fault():
    scene = draw("necklace", 0)
    pendant = scene.alpha.copy()
    pendant[: np.nonzero(scene.alpha.any(axis=1))[0].max() - 60] = 0
    assert judge(scene.rgb, scene.alpha, plain=True).fault is None
    assert "thin parts" in judge(scene.rgb, pendant, plain=True).fault
