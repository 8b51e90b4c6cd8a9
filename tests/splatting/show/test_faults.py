"""Faults planted in a splat or its picture, compared with photos of the true product."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from pipeline.core.domain import View, look_at
from pipeline.imaging.checks.rendered import check_faults
from pipeline.splatting.gaussians import Gaussians
from pipeline.splatting.harmonics import C0
from pipeline.splatting.show.faults import faults_of, shot_of, smudged_share
from pipeline.splatting.show.render import render
from pipeline.splatting.show.seen import depth_of
from tests.splatting.toy_product import DISTANCE, camera, product

SIDE = 256
FITTED = 0.5  # of the picture's px


def thin(splat):
    """The toy with Gaussians so small that its stripes look the same from everywhere."""
    g = splat.gaussians
    return replace(splat, gaussians=replace(g, log_scales=np.full_like(g.log_scales, np.log(0.025))))


SMOOTH = thin(product(count=9000))


def view_of(azimuth_deg, elevation_deg):
    pose = tuple(map(tuple, look_at(azimuth_deg, elevation_deg, DISTANCE).tolist()))
    return View(
        photo=f"P{azimuth_deg}", camera=camera(SIDE), cam_from_world=pose, azimuth_deg=azimuth_deg,
        elevation_deg=elevation_deg,
    )  # fmt: skip


PHOTOS = tuple(view_of(azimuth, 20.0) for azimuth in range(0, 360, 30))
ANGLE = view_of(15, 8.0)


def with_planted(means, scales, colour):
    """The product with further opaque Gaussians."""
    g, count = SMOOTH.gaussians, len(means)
    sh = np.zeros((count, *g.sh.shape[1:]))
    sh[:, 0] = (np.asarray(colour) - 0.5) / C0
    new = (means, np.log(scales), np.tile([1.0, 0, 0, 0], (count, 1)), np.full(count, 5.0), sh)
    old = (g.means, g.log_scales, g.quats, g.logits, g.sh)
    joined = (np.concatenate([a, np.asarray(b, np.float32)]) for a, b in zip(old, new, strict=True))
    return replace(SMOOTH, gaussians=Gaussians(*joined))


def drawn(splat, view=ANGLE):
    return render(splat, view.camera, view.pose).rgba


def found(splat, picture=None, view=ANGLE, photos=PHOTOS):
    """The names of the checks that fail; the photos show the true product, the depth is that of the faulty splat."""
    shots = [shot_of(drawn(SMOOTH, photo), photo, splat) for photo in photos]
    shown = drawn(splat, view) if picture is None else picture
    faults = faults_of(shown, depth_of(splat, view), shots, smudged_share(shown[..., 3], FITTED))
    return {check.name for check in check_faults(faults) if not check.passed}


@pytest.mark.parametrize("view", [ANGLE, view_of(100, 0.0), view_of(222, 35.0)])
def test_a_true_picture_has_no_faults(view):
    assert found(SMOOTH, view=view) == set()


def test_spikes_below_the_product_reach_beyond_its_outlines():
    means = [[x, -0.2, -1.05] for x in (-0.3, 0.0, 0.3)]
    assert "beyond_outlines" in found(with_planted(means, np.full((3, 3), [0.03, 0.03, 0.12]), [0.02, 0.02, 0.02]))


def test_a_surface_hidden_from_every_photo_is_unseen():
    """From above, the photos leave room below the product, where a splat may put anything."""
    above = tuple(view_of(azimuth, 60.0) for azimuth in range(0, 360, 30))
    means = [[x, y, -0.95] for x in (-0.2, 0, 0.2) for y in (-0.2, 0, 0.2)]
    splat = with_planted(means, np.full((9, 3), 0.12), [0.2, 0.45, 0.7])
    assert "unseen_surface" in found(splat, view=view_of(15, -5.0), photos=above)


def test_streaks_have_colours_that_no_photo_shows():
    means = [[0.1, -0.6, z] for z in (-0.3, 0.0, 0.3)]
    assert "strange_colours" in found(with_planted(means, np.full((3, 3), [0.2, 0.02, 0.04]), [0.0, 0.0, 0.0]))


def test_a_smudged_outline_is_softer_than_the_fit_explains():
    clean = drawn(SMOOTH).astype(np.float32)
    premultiplied = np.dstack([clean[..., :3] * clean[..., 3:] / 255, clean[..., 3]])
    smudged = cv2.GaussianBlur(premultiplied, (0, 0), 7.0)
    smudged[:, SIDE // 2 :] = premultiplied[:, SIDE // 2 :]
    smudged[..., :3] *= 255 / np.maximum(smudged[..., 3:], 1e-3)
    picture = np.clip(smudged, 0, 255).round().astype(np.uint8)
    assert found(SMOOTH, picture) == {"smudged_outline"}


def test_one_wrong_matte_does_not_make_a_true_picture_faulty():
    shots = [shot_of(drawn(SMOOTH, photo), photo, SMOOTH) for photo in PHOTOS]
    bitten = shots[0].rgba.copy()
    bitten[SIDE // 3 : SIDE // 2] = 0
    shots[0] = replace(shots[0], rgba=bitten)
    faults = faults_of(drawn(SMOOTH), depth_of(SMOOTH, ANGLE), shots)
    assert all(check.passed for check in check_faults(faults))
