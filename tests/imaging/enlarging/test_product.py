import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.linear import srgb_to_linear
from pipeline.imaging.enlarging.product import continued, enlarge_product, factor_for, gain_db
from pipeline.imaging.enlarging.registry import ENGINES
from tests.imaging.products import make_product

PARAMS = ENGINES.parse({"engine": "embedded"})


@pytest.mark.parametrize(("scale", "factor"), [(0.4, 1), (1.0, 1), (1.1, 1), (1.2, 2), (2.0, 2), (2.1, 4), (9.0, 4)])
def test_factor_is_the_least_power_of_two_that_is_enough(scale, factor):
    assert factor_for(scale) == factor


@pytest.mark.parametrize("factor", [2, 4])
def test_enlarged_product_lies_where_it_lay_and_keeps_its_colours(factor):
    product = make_product()
    large = enlarge_product(product, factor, PARAMS)
    assert large.shape == (300 * factor, 260 * factor, 4)
    back = cv2.resize(srgb_to_linear(large[..., :3]), (260, 300), interpolation=cv2.INTER_AREA)
    matte = cv2.resize(large[..., 3], (260, 300), interpolation=cv2.INTER_AREA)
    inside = cv2.erode((product[..., 3] == 255).astype(np.uint8), np.ones((5, 5))) > 0
    assert np.abs(matte.astype(int) - product[..., 3])[inside].max() <= 1
    assert np.abs(back - srgb_to_linear(product[..., :3]))[inside].mean() < 0.01


def test_opaque_inside_stays_opaque_and_outside_stays_empty():
    product = make_product()
    large = enlarge_product(product, 2, PARAMS)
    inside = cv2.erode((product[..., 3] == 255).astype(np.uint8), np.ones((5, 5))) > 0
    assert (large[..., 3][inside.repeat(2, 0).repeat(2, 1)] == 255).all()
    outside = cv2.erode((product[..., 3] == 0).astype(np.uint8), np.ones((7, 7))) > 0
    assert not large[outside.repeat(2, 0).repeat(2, 1)].any()


def test_colours_behind_the_matte_do_not_bleed_into_the_product():
    """A cut-out may have any colour where it is transparent."""
    product = make_product()
    green = product.copy()
    green[product[..., 3] == 0, :3] = (0, 255, 0)
    assert np.array_equal(enlarge_product(product, 2, PARAMS), enlarge_product(green, 2, PARAMS))


def test_empty_picture_stays_empty():
    assert not enlarge_product(np.zeros((10, 12, 4), np.uint8), 2, PARAMS).any()


def test_gain_is_measured_on_the_product_and_only_where_there_is_enough():
    assert gain_db(make_product(600, 520), 2, PARAMS) > 0
    assert gain_db(make_product(60, 50), 2, PARAMS) is None
    assert gain_db(np.zeros((300, 300, 4), np.uint8), 2, PARAMS) is None


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 30), st.integers(2, 30))
def test_continued_picture_has_only_colours_of_the_inside(seed, h, w):
    """The plain twin looks at every distance."""
    rng = np.random.default_rng(seed)
    rgb, inside = rng.integers(0, 256, (h, w, 3)).astype(np.uint8), rng.uniform(size=(h, w)) < 0.3
    inside[0, 0] = True
    made, places = continued(rgb, inside), np.argwhere(inside)
    assert np.array_equal(made[inside], rgb[inside])
    for y, x in np.argwhere(~inside):
        apart = np.hypot(*(places - (y, x)).T)
        colours = rgb[tuple(places[apart <= apart.min() * 1.1 + 0.1].T)]  # OpenCV's distances are within 10%
        assert (colours == made[y, x]).all(axis=1).any()
