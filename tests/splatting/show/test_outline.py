"""Outlines: as sharp as the photos' mattes, at the place where the splat has them."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.splatting.show.outline import outline_width_px, sharpened, softness, steepened
from pipeline.splatting.show.render import planes
from tests.splatting.detail import ball

AROUND = (-20, -5, 18)


@pytest.fixture(scope="module")
def view():
    return ball.photo(8)


@pytest.fixture(scope="module")
def drawn(view):
    """The ball with an outline several px wide."""
    sharp = planes(ball.splat(), view.camera, view.cam_from_world, 1)
    return np.stack([cv2.GaussianBlur(plane, (0, 0), 1.5) for plane in sharp])


def softened(photo, sigma):
    """The photo with a soft matte."""
    alpha = cv2.GaussianBlur(photo.rgba[..., 3], (0, 0), sigma)
    return replace(photo, rgba=np.dstack([photo.rgba[..., :3], alpha]))


def sharpened_by(drawn, view, photos):
    return sharpened(drawn, ball.splat(), view.camera, view.cam_from_world, photos)


def soft_px(alpha):
    return int(((alpha > 0.1) & (alpha < 0.9)).sum())


def test_an_outline_gets_as_sharp_as_the_photos_and_stays_in_place(drawn, view):
    out = sharpened_by(drawn, view, [ball.photo(azimuth) for azimuth in AROUND])
    assert soft_px(out[3]) < 0.5 * soft_px(drawn[3])
    assert ((out[3] > 0.5) != (drawn[3] > 0.5)).sum() == 0
    assert (out[:3] <= out[3] + 1e-5).all()
    solid = drawn[3] > 0.2
    first, second = (p[:3, solid] / np.maximum(p[3, solid], 1e-3) for p in (drawn, out))
    kept = out[3, solid] > 0.2
    assert np.allclose(first[:, kept], second[:, kept], atol=0.02)


def test_an_outline_stays_soft_where_the_photos_mattes_are(drawn, view):
    photos = [softened(ball.photo(azimuth), 4.0) for azimuth in AROUND]
    rim = (drawn[3] > 0.1) & (drawn[3] < 0.9)
    assert softness(ball.splat(), view.camera, view.cam_from_world, photos)[rim].mean() > 0.9
    assert soft_px(sharpened_by(drawn, view, photos)[3]) > 0.8 * soft_px(drawn[3])


def test_a_thread_that_the_fit_hardly_resolves_is_kept(drawn, view):
    thread = drawn.copy()
    thread[:4, :, 4:6] = 0.4
    out = sharpened_by(thread, view, [ball.photo(azimuth) for azimuth in AROUND])
    assert np.array_equal(out[:4, :, 4:6], thread[:4, :, 4:6])


@given(st.floats(0, 2 * np.pi), st.floats(-8, 8), st.floats(1.5, 6))
def test_a_straight_edge_is_steepened_in_place(direction, shift, sigma):
    from scipy.special import erf

    y, x = np.mgrid[-20:21, -20:21]
    along = x * np.cos(direction) + y * np.sin(direction) - shift
    alpha = (0.5 + 0.5 * erf(along / (sigma * np.sqrt(2)))).astype(np.float32)
    out = steepened(alpha)[2:-2, 2:-2]
    expected = np.clip(0.5 + along / 1.5, 0, 1)[2:-2, 2:-2]
    assert np.abs(out - expected).max() < 0.12


@pytest.mark.parametrize(("sigma", "low", "high"), [(0.01, 0.0, 0.5), (1.0, 1.5, 3.5), (4.0, 7.0, 14.0)])
def test_width_of_an_outline_is_measured_in_px(sigma, low, high):
    matte = np.zeros((90, 90), np.uint8)
    matte[:, 45:] = 255
    width = outline_width_px(cv2.GaussianBlur(matte, (0, 0), sigma))
    assert low <= width[45, 45] <= high
    assert np.isnan(width[45, 5])
