import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.imaging.cutout.mask.pieces import product_of, product_pieces

SIZE = 300, 400


def mask_of(*boxes, size=SIZE):
    """A mask of boxes (left, top, right, bottom), as shares of the picture."""
    height, width = size
    mask = np.zeros(size, bool)
    for left, top, right, bottom in boxes:
        mask[round(top * height) : round(bottom * height), round(left * width) : round(right * width)] = True
    return mask


PRODUCT = 0.35, 0.25, 0.65, 0.8


@pytest.mark.parametrize(
    "other",
    [(0.8, 0.05, 0.97, 0.35), (0, 0, 1, 0.06), (0, 0, 0.08, 1), (0.75, 0.4, 1, 0.6), (0.1, 0.1, 0.13, 0.14)],
    ids=["chart", "edge of the mat above", "edge of the table at the left", "hand", "crumb"],
)
def test_what_stands_beside_the_product_is_dropped_and_named(other):
    pieces = product_pieces(mask_of(PRODUCT, other))
    assert np.array_equal(pieces.kept, mask_of(PRODUCT))
    (dropped,) = pieces.dropped
    alone = mask_of(other).sum() / mask_of(PRODUCT).sum()
    assert dropped.share == pytest.approx(alone)
    assert dropped.x == pytest.approx((other[0] + other[2]) / 2, abs=0.01)


def test_a_dropped_piece_says_its_share_and_place():
    (dropped,) = product_pieces(mask_of(PRODUCT, (0.8, 0.05, 0.97, 0.35))).dropped
    assert str(dropped) == "30.9% at the top right"


@pytest.mark.parametrize(
    ("main", "part"),
    [
        ((0.1, 0.3, 0.4, 0.8), (0.6, 0.3, 0.9, 0.8)),
        (PRODUCT, (0.45, 0.82, 0.58, 0.86)),
        ((0.1, 0.35, 0.35, 0.8), (0.65, 0.3, 0.95, 0.7)),
    ],
    ids=["pair", "close to it", "two of different size"],
)
def test_a_product_of_several_pieces_stays_whole(main, part):
    pieces = product_pieces(mask_of(main, part))
    assert np.array_equal(pieces.kept, mask_of(main, part))
    assert pieces.dropped == ()


def test_a_pendant_stays_with_its_chain():
    mask = np.zeros((350, 450), np.uint8)
    cv2.ellipse(mask, (225, 150), (150, 110), 90, 30, 330, 1, 1)
    cv2.circle(mask, (225, 292), 9, 1, -1)
    assert product_pieces(mask > 0).kept.sum() == mask.sum()


def test_a_smaller_piece_stays_if_it_has_the_products_colours():
    boxes = (0.25, 0.25, 0.55, 0.8), (0.7, 0.4, 0.82, 0.7)
    mask, rgb = mask_of(*boxes), np.full((*SIZE, 3), 200, np.uint8)
    rgb[mask] = 170, 50, 40
    assert np.array_equal(product_pieces(mask, rgb).kept, mask)
    rgb[mask_of(boxes[1])] = 30, 60, 140
    assert np.array_equal(product_pieces(mask, rgb).kept, mask_of(boxes[0]))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 200), st.sampled_from([1, 2, 3, 5]))
def test_specks_change_neither_the_product_nor_its_matte(seed, count, width):
    """Specks of up to 5 px, of which a photo of 12 MP has dozens, as many as there are."""
    random = np.random.default_rng(seed)
    alpha = np.asarray(mask_of(PRODUCT, size=(900, 1200)), np.uint8) * 255
    specks = alpha.copy()
    for x, y in zip(random.integers(0, 380, count), random.integers(0, 890, count), strict=True):
        specks[y : y + width, x : x + width] = 255
    rgb = np.full((900, 1200, 3), 200, np.uint8)
    matte, _ = product_of(rgb, specks)
    near = cv2.dilate(alpha, np.ones((25, 25), np.uint8)) > 0
    assert np.array_equal(matte[alpha > 0], alpha[alpha > 0])
    assert matte[~near].max() == 0


@settings(max_examples=25, deadline=None)
@given(st.integers(120, 1600), st.floats(0.02, 0.2), st.floats(0.02, 0.7))
def test_the_choice_is_the_same_at_any_resolution(width, size, top):
    chart = 0.78, top, 0.78 + size, min(0.98, top + size)
    whole = (round(width * 0.75), width)
    matte, dropped = product_of(
        np.full((*whole, 3), 200, np.uint8), np.asarray(mask_of(PRODUCT, chart, size=whole), np.uint8) * 255
    )
    assert len(dropped) == 1
    assert (matte > 0).mean() == pytest.approx(mask_of(PRODUCT, size=whole).mean(), rel=0.02)


def test_an_empty_matte_has_no_pieces():
    pieces = product_pieces(np.zeros(SIZE, bool))
    assert not pieces.kept.any()
    assert pieces.dropped == ()
