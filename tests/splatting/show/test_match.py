"""A splat drawn with a photo's distortion, undistorted again, and compared with the photo."""

import numpy as np
import pytest

from pipeline.core.domain import View, look_at
from pipeline.splatting.photos import PosedPhoto
from pipeline.splatting.show.match import GAIN_MAX, as_shot, gain_of, undistorted
from pipeline.splatting.show.render import planes, straight
from tests.splatting.toy_product import DISTANCE, camera, product


def seen_from(k1, side_px=160):
    pose = look_at(30, 10, DISTANCE * 0.6)  # close, so that the product extends to where distortion is strong
    lens = camera(side_px).model_copy(update={"k1": k1})
    return View(
        photo="P", camera=lens, cam_from_world=tuple(map(tuple, pose.tolist())), azimuth_deg=30, elevation_deg=10
    )


@pytest.mark.parametrize("k1", [-0.3, 0.3])
def test_undistorting_a_splat_as_shot_gives_the_plain_picture(k1):
    view = seen_from(k1)
    pinhole = view.camera.model_copy(update={"k1": 0.0})
    shot, plain = as_shot(product(), view), planes(product(), pinhole, view.pose, supersample=1)
    back, lens = undistorted(straight(shot).rgba, view.camera)
    assert lens == pinhole
    valid = undistorted(np.full((*plain.shape[1:], 4), 255, np.uint8), view.camera)[0][..., 3] == 255
    off, without = np.abs(back[..., 3] / 255.0 - plain[3])[valid], np.abs(shot[3] - plain[3])[valid]
    assert off.mean() < 0.004
    assert without.mean() > 3 * off.mean()


def test_splat_as_shot_without_distortion_is_the_plain_picture():
    view = seen_from(0.0)
    assert np.array_equal(as_shot(product(), view), planes(product(), view.camera, view.pose, supersample=1))


def test_colours_are_brought_to_those_of_the_photo_within_limits():
    view = seen_from(0.0)
    rgba = straight(planes(product(), view.camera, view.pose, supersample=1)).rgba

    def gain(factors):
        dimmed = rgba.copy()
        dimmed[..., :3] = (rgba[..., :3] * factors).round()
        return gain_of(product(), PosedPhoto("P", dimmed, view.camera, view.pose))

    for factors in ((1.0, 1.0, 1.0), (0.9, 1.0, 0.95), (0.4, 0.4, 0.4)):
        assert np.allclose(gain(factors), np.maximum(factors, 1 / GAIN_MAX), atol=0.02)
    assert gain_of(product(), PosedPhoto("P", np.zeros_like(rgba), view.camera, view.pose)) == (1.0, 1.0, 1.0)
