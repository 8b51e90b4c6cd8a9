"""Refined sweeps of the cup whose geometry is known."""

import numpy as np

from pipeline.splatting.carving.refine import refine
from pipeline.splatting.carving.sweep import sweep
from tests.splatting.carving.cup import BOX, HEIGHT, RADIUS, SIZE, off_the_cup


def test_refined_depth_is_finer(coarse, fine):
    before, after = (off_the_cup(swept.points()[0]) for swept in (coarse, fine))
    assert np.median(after) < 0.6 * np.median(before)
    assert np.quantile(after, 0.95) < 0.5 * np.quantile(before, 0.95)
    assert fine.slack < coarse.slack


def test_refined_depth_still_sees_through_the_mouth(fine):
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    ring = np.stack([np.cos(angle), np.sin(angle), np.zeros_like(angle)], -1)
    mouth = np.concatenate([r * ring + [0, 0, HEIGHT] for r in (0.1, 0.2, 0.3)])
    assert (fine.see_through(mouth) >= 2).mean() > 0.95
    assert (fine.see_through(RADIUS * ring + [0, 0, 0.2]) < 2).all()


def test_photos_without_texture_have_no_depth(plain, coarse_of_plain):
    assert all(m.known.mean() < 0.02 for m in refine(coarse_of_plain, plain, SIZE).maps)


def test_two_photos_are_enough_to_compare(cup):
    pair = cup[:2]
    fine = refine(sweep(pair, BOX), pair, SIZE)
    assert len(fine.maps) == 2
