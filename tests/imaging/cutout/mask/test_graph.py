"""Cuts between seeds follow the product's edge, keep its holes open and do not depend on anything but the seeds."""

import cv2
import numpy as np
import pytest

from pipeline.core.arrays import Mask, Pixels, Rgb
from pipeline.imaging.cutout.mask.graph import cut_between


def ring_mask(side_px: int = 200) -> Mask:
    """A ring with an open hole, [side, side] bool."""
    rows, columns = np.indices((side_px, side_px))
    radius = np.hypot(rows - side_px / 2, columns - side_px / 2) / side_px
    return np.asarray((radius < 0.36) & (radius > 0.13))


def band_seeds(product: Mask, reach_px: float) -> Pixels:
    """Seeds that know nothing within `reach_px` of the outline, [h, w] uint8."""
    solid = product.astype(np.uint8)
    inside, outside = cv2.distanceTransform(solid, cv2.DIST_L2, 5), cv2.distanceTransform(1 - solid, cv2.DIST_L2, 5)
    seeds = np.full(product.shape, 128, np.uint8)
    seeds[inside > reach_px], seeds[outside > reach_px] = 255, 0
    return seeds


def picture_of(product: Mask, noise: float = 4.0) -> Rgb:
    """A product that fades from bright to nearly the colour of the dark mat on which it lies, [h, w, 3]."""
    fade = np.linspace(220, 75, product.shape[1])[None, :, None]
    picture = np.where(product[..., None], fade * [1.0, 0.8, 0.6], [46.0, 48.0, 54.0])
    picture = picture + np.random.default_rng(0).normal(0, noise, picture.shape)
    return np.clip(picture, 0, 255).astype(np.uint8)


def iou(first: Mask, second: Mask) -> float:
    """Intersection over union."""
    return float((first & second).sum() / (first | second).sum())


@pytest.mark.parametrize("reach_px", [4.0, 9.0, 12.0])
def test_outline_is_found_on_the_shaded_side_and_the_hole_stays_open(reach_px: float) -> None:
    product = ring_mask()
    found = cut_between(picture_of(product), band_seeds(product, reach_px))
    assert iou(found, product) > 0.97
    assert not found[100, 100]


def test_seeds_of_another_size_give_the_same_outline() -> None:
    product = ring_mask()
    small = band_seeds(ring_mask(120), 5.0)
    assert iou(cut_between(picture_of(product), small), product) > 0.96


def test_where_colours_say_nothing_the_belief_of_the_seeds_decides() -> None:
    grey = np.full((80, 80, 3), 90, np.uint8)
    widths = []
    for belief in (40, 128, 215):
        seeds = np.full((80, 80), belief, np.uint8)
        seeds[:, :20], seeds[:, 60:] = 255, 0
        widths.append(int(cut_between(grey, seeds).sum(axis=1).max()))
    assert 20 <= widths[0] < widths[1] < widths[2] <= 60


def test_a_piece_without_sure_product_is_dropped() -> None:
    product = ring_mask()
    picture = picture_of(product)
    seeds = band_seeds(product, 5.0)
    picture[5:15, 5:15], seeds[3:17, 3:17] = picture[100, 40], 200
    assert not cut_between(picture, seeds)[:20, :20].any()


def test_without_sure_product_nothing_is_product() -> None:
    picture = picture_of(ring_mask())
    assert not cut_between(picture, np.full((200, 200), 128, np.uint8)).any()
    assert not cut_between(picture, np.zeros((200, 200), np.uint8)).any()


def test_the_same_seeds_give_the_same_mask() -> None:
    product = ring_mask()
    picture, seeds = picture_of(product, noise=12.0), band_seeds(product, 12.0)
    assert np.array_equal(cut_between(picture, seeds), cut_between(picture, seeds))
