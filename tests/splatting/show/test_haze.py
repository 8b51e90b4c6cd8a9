"""Removal of haze and floaters."""

import numpy as np
import pytest

from pipeline.splatting.show.haze import without_haze


def planes(alpha):
    return np.stack([alpha * 0.3, alpha * 0.5, alpha * 0.7, alpha, alpha * 4]).astype(np.float32)


@pytest.fixture
def product():
    y, x = np.mgrid[:200, :200]
    return np.clip((60 - np.hypot(x - 100, y - 100)) / 2, 0, 1)  # a disc with an outline 2 px soft


def test_clean_picture_stays_unchanged(product):
    cleaned, dropped = without_haze(planes(product))
    np.testing.assert_array_equal(cleaned, planes(product))
    assert dropped == 0


def test_haze_and_floaters_go_and_product_with_hole_stays(product):
    product[90:110, 90:110] = 0
    dirty = np.maximum(product, 0.02)
    dirty[5:10, 5:10] = 1.0
    cleaned, dropped = without_haze(planes(dirty))
    np.testing.assert_array_equal(cleaned[:, product > 0.05], planes(product)[:, product > 0.05])
    assert cleaned[3, :30].max() == 0 and cleaned[3, 100, 100] == 0
    assert dropped == pytest.approx((dirty.sum() - cleaned[3].sum()) / dirty.sum())
    assert dropped > 0.03


def test_two_large_pieces_are_both_kept():
    pair = np.zeros((100, 100))
    pair[20:80, 10:40] = pair[20:80, 60:90] = 1.0
    np.testing.assert_array_equal(without_haze(planes(pair))[0], planes(pair))


def test_empty_picture_drops_nothing():
    assert without_haze(planes(np.zeros((20, 20))))[1] == 0
