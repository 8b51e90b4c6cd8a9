"""Correcting a matte by a silhouette: what is corrected, and what keeps its bytes."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.measured import SilhouetteAgreement
from pipeline.imaging.checks.judge import judge
from pipeline.imaging.checks.silhouette import check_silhouette
from pipeline.imaging.cutout.base import with_matte
from pipeline.imaging.silhouette.correct import correct, measure
from pipeline.imaging.silhouette.evidence import RenderedSplat, _opened

SIDE = 320
PRODUCT, PAPER, SHADOW = (150, 70, 40), (225, 224, 220), (96, 92, 94)


def pot(shadow=True, hole=False, handle=True):
    """A photo [h, w, 3] of a pot with a thin handle in front of paper, and its true matte."""
    fine = np.zeros((SIDE * 4, SIDE * 4), np.uint8)
    cv2.ellipse(fine, (640, 560), (360, 420), 0, 0, 360, 255, -1)
    if handle:
        cv2.ellipse(fine, (1000, 560), (150, 200), 0, -90, 90, 255, 6)  # 1.5 px wide: lost in a splat
    if hole:
        cv2.circle(fine, (640, 500), 150, 0, -1)
    true = cv2.resize(fine, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    ground = np.full((SIDE, SIDE, 3), PAPER, float)
    if shadow:
        cv2.ellipse(ground, (160, 245), (110, 30), 0, 0, 360, SHADOW, -1)
        ground = cv2.GaussianBlur(ground, (0, 0), 3)
    rng = np.random.default_rng(1)
    body = np.array(PRODUCT) * (0.8 + 0.4 * np.linspace(0, 1, SIDE))[None, :, None] * np.ones((SIDE, 1, 1))
    body[::14] *= 0.8
    a = true[..., None] / 255.0
    photo = body * a + ground * (1 - a) + rng.normal(0, 2, (SIDE, SIDE, 3))
    return np.clip(photo.round(), 0, 255).astype(np.uint8), true


def splat_of(photo, true, blur=2.0, filled=False):
    """Imitate a splat: the product without thin parts, with a soft outline and blurred colours."""
    solid = cv2.morphologyEx(true, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (15, 15)))
    if filled:
        cv2.circle(solid, (160, 125), 45, 255, -1)
    rgb = cv2.GaussianBlur(photo, (0, 0), blur)
    rgb[(solid > 127) & (true < 128)] = PRODUCT
    return RenderedSplat(rgb, cv2.GaussianBlur(solid, (0, 0), blur).astype(np.float32) / 255)


def iou(alpha, true):
    a, b = alpha >= 128, true >= 128
    return (a & b).sum() / (a | b).sum()


def bite(true, **_):
    cv2.circle(true, (80, 90), 34, 0, -1)


def lost_half(true, **_):
    true[150:] = 0


def ragged_foot(true, photo, **_):
    """Include the shadow under the foot, with a ragged edge."""
    y, x = np.mgrid[:SIDE, :SIDE]
    true[((x - 160) / 60) ** 2 + ((y - 230 - 6 * np.sin(x / 4)) / 30) ** 2 < 1] = 255


@pytest.mark.parametrize("fault", [bite, lost_half, ragged_foot])
def test_single_errors_are_corrected_and_opaque_pixels_are_the_photos(fault):
    photo, true = pot()
    wrong = true.copy()
    fault(wrong, photo=photo)
    before = with_matte(photo, wrong)
    done = correct(photo, before, splat_of(photo, true))
    alpha = done.rgba[..., 3]
    assert iou(wrong, true) < 0.97
    assert iou(alpha, true) > 0.985
    assert np.array_equal(done.rgba[alpha == 255][:, :3], photo[alpha == 255])
    assert done.before.worst_px > 10 and done.after.worst_px == 0
    assert done.after.iou > done.before.iou and done.changed > 0.01
    far = cv2.distanceTransform((wrong == true).astype(np.uint8), cv2.DIST_L2, 5) > 60
    assert far.any() and np.array_equal(done.rgba[far], before[far])


def test_correct_cutout_keeps_its_bytes():
    photo, true = pot()
    rgba = with_matte(photo, true)
    done = correct(photo, rgba, splat_of(photo, true))
    assert done.rgba is rgba and done.changed == 0 and done.after.worst_px == 0


def test_hole_that_the_splat_filled_stays_open():
    photo, true = pot(hole=True)
    rgba = with_matte(photo, true)
    done = correct(photo, rgba, splat_of(photo, true, filled=True))
    assert done.rgba is rgba
    assert done.after.worst_px == 0, "the photo shows backdrop there: an error of the splat, not of the matte"


def test_part_that_the_splat_lacks_is_kept_and_reported():
    photo, true = pot(handle=False)
    lacking = true.copy()
    lacking[:, 200:] = 0
    rgba = with_matte(photo, true)
    done = correct(photo, rgba, splat_of(photo, lacking))
    assert done.rgba is rgba
    assert done.after.worst_px > 20


def test_wrong_pose_does_not_damage_the_matte():
    photo, true = pot(shadow=False)
    moved = np.roll(true, 30, axis=1)
    rgba = with_matte(photo, true)
    splat = splat_of(np.roll(photo, 30, axis=1), moved)
    done = correct(photo, rgba, splat)
    assert iou(done.rgba[..., 3], true) > 0.99
    assert not all(check.passed for check in check_silhouette(_record(done), SIDE))


@pytest.mark.parametrize("shown", [0, 1])
def test_empty_or_full_silhouette_corrects_nothing_and_is_reported(shown):
    photo, true = pot()
    rgba = with_matte(photo, true)
    done = correct(photo, rgba, RenderedSplat(photo, np.full(true.shape, shown, np.float32)))
    assert done.rgba is rgba and np.isfinite(done.after.reach_px)
    assert not all(check.passed for check in check_silhouette(_record(done), SIDE))


@pytest.mark.parametrize("alpha", [0, 255])
def test_without_a_common_interior_nothing_is_corrected(alpha):
    photo, true = pot()
    rgba = np.dstack([photo, np.full_like(true, alpha)])
    splat = splat_of(photo, true if alpha == 0 else np.zeros_like(true))
    done = correct(photo, rgba, splat)
    assert done.rgba is rgba
    assert done.after.iou == 0


def test_distant_silhouette_corrects_nothing_and_is_reported():
    photo = np.full((480, 640, 3), 200, np.uint8)
    matte, shown = np.zeros((480, 640), np.uint8), np.zeros((480, 640), np.float32)
    matte[120:360, 40:160], shown[120:360, 480:600] = 255, 1
    rgba = np.dstack([photo, matte])
    done = correct(photo, rgba, RenderedSplat(photo, shown))
    assert done.rgba is rgba and done.after.iou == 0 and done.after.reach_px > 1000
    assert not all(check.passed for check in check_silhouette(_record(done), 640))


@given(st.integers(0, 2**32 - 1), st.floats(0.3, 12), st.floats(0.3, 8), st.floats(0, 1))
def test_opening_by_distances_equals_opening_by_a_disc(seed, radius, blur, share):
    rng = np.random.default_rng(seed)
    noise = cv2.GaussianBlur(rng.random(rng.integers(4, 80, 2), np.float32), (0, 0), blur)
    mask = noise > np.quantile(noise, share)
    reach = int(np.ceil(radius))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    disc = np.asarray(x * x + y * y <= radius * radius + 0.5, np.uint8)
    reference = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, disc) > 0
    np.testing.assert_array_equal(_opened(mask, radius), reference)


def test_measuring_keeps_the_bytes_and_finds_the_same_disagreement():
    photo, true = pot()
    wrong = true.copy()
    bite(wrong)
    rgba, splat = with_matte(photo, wrong), splat_of(photo, true)
    measured = measure(photo, rgba, splat)
    assert measured.rgba is rgba and measured.before == measured.after == correct(photo, rgba, splat).before


def _record(done):
    return SilhouetteAgreement(
        iou_before=done.before.iou, iou=done.after.iou, worst_px_before=done.before.worst_px,
        worst_px=done.after.worst_px, changed=done.changed,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("iou", "worst_px", "verdict", "words"),
    [
        (0.99, 0, "published", ""),
        (0.99, 15, "published", ""),
        (0.99, 17, "in review", "from the other photos by up to 17 px: look for a bite"),
        (0.9, 0, "in review", "90.0%: the matte or the photo's pose is wrong"),
    ],
)
def test_remaining_disagreement_goes_to_review(iou, worst_px, verdict, words):
    record = SilhouetteAgreement(iou_before=0.7, iou=iou, worst_px_before=90, worst_px=worst_px, changed=0.3)
    judged, reasons = judge(check_silhouette(record, 1600))
    assert judged == verdict and words in " ".join(reasons)
    assert "30.0% of it was corrected" in check_silhouette(record, 1600)[0].words
    assert check_silhouette(None, 1600) == ()
