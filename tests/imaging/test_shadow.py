import numpy as np
import pytest

from pipeline.imaging.shadow import draw_shadow
from pipeline.imaging.shadow_light import Light

W = H = 400


@pytest.fixture(scope="module")
def box():
    """A box that stands in the middle: rows 120 to 300, columns 150 to 250."""
    alpha = np.zeros((H, W), np.float32)
    alpha[120:300, 150:250] = 1
    return alpha


def centre(shadow, alpha):
    seen = np.where(alpha > 0, 0, shadow)
    y, x = np.mgrid[:H, :W]
    return (seen * x).sum() / seen.sum(), (seen * y).sum() / seen.sum()


def test_shadow_falls_away_from_the_light(box):
    from_left = centre(draw_shadow(box, 15, Light(azimuth_deg=-60)), box)[0]
    from_right = centre(draw_shadow(box, 15, Light(azimuth_deg=60)), box)[0]
    assert from_left > 200 + 15 and from_right < 200 - 15
    assert from_left - 199.5 == pytest.approx(199.5 - from_right, abs=2)


def test_light_from_behind_throws_the_shadow_forward(box):
    behind = draw_shadow(box, 20, Light(azimuth_deg=180, elevation_deg=35, strength=0.8))
    front = draw_shadow(box, 20, Light(azimuth_deg=0, elevation_deg=35, strength=0.8))
    assert behind[320:, 200].sum() > 3 * front[320:, 200].sum()


def test_lower_light_throws_a_longer_shadow(box):
    low, high = (draw_shadow(box, 15, Light(azimuth_deg=-60, elevation_deg=e, softness=0.2)) for e in (25, 70))
    assert low[:, 300:].sum() > 3 * high[:, 300:].sum()


def test_darkest_where_the_product_touches_the_floor(box):
    shadow = draw_shadow(box, 15, Light())
    assert shadow[300, 200] > 0.6
    column = shadow[300:360, 200]
    assert (np.diff(column) <= 1e-3).all(), "it fades with the distance from the contact"
    assert shadow[:100].max() < 0.02 and shadow[390:].max() < 0.05


def test_softness_blurs_and_strength_darkens(box):
    hard, soft = (draw_shadow(box, 15, Light(azimuth_deg=-60, softness=s)) for s in (0.0, 1.0))
    steepest = [np.abs(np.diff(shadow[:, 270:], axis=1)).max() for shadow in (hard, soft)]
    assert steepest[0] > 2 * steepest[1]
    weak, strong = (draw_shadow(box, 15, Light(azimuth_deg=-60, strength=s))[:, 270:].sum() for s in (0.1, 0.6))
    assert strong > 3 * weak


@pytest.mark.parametrize("elevation", [-10, 0, 15, 45, 90])
def test_always_a_share_of_light_and_none_far_away(box, elevation):
    shadow = draw_shadow(box, elevation, Light())
    assert shadow.dtype == np.float32 and shadow.shape == box.shape
    assert shadow.min() >= 0 and shadow.max() <= 1
    assert shadow[:60, :60].max() < 0.005  # on the side of the light; seen from straight above, the other side is floor
    if elevation <= 45:
        assert shadow[:60].max() == 0, "the far backdrop keeps its exact values"


def test_same_picture_whatever_the_frames_size(box):
    large = np.kron(box, np.ones((4, 4), np.float32))
    small_shadow = draw_shadow(box, 15, Light())
    large_shadow = draw_shadow(large, 15, Light())[2::4, 2::4]
    outside = box == 0
    assert np.abs(small_shadow - large_shadow)[outside].mean() < 0.01


def test_no_product_no_shadow():
    assert not draw_shadow(np.zeros((50, 50), np.float32), 10, Light()).any()
