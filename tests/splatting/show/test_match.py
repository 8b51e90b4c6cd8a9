"""A splat drawn with a photo's distortion, undistorted again, and compared with the photo."""

import numpy as np
import pytest

from pipeline.core.domain import View, look_at
from pipeline.splatting.show.match import as_shot, match, undistorted
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


def test_splat_without_the_photos_fine_print_scores_low():
    view = seen_from(0.0, side_px=960)
    photo = straight(planes(product(), view.camera, view.pose, supersample=1)).rgba
    assert match(product(), photo, view).ssim > 0.98
    print_px = (np.indices(photo.shape[:2]) // 2).sum(axis=0) % 2  # lost when the photo is reduced to a few hundred px
    printed = photo.copy()
    printed[..., :3] = np.clip(photo[..., :3].astype(int) + 60 * print_px[..., None] - 30, 0, 255)
    result = match(product(), printed, view)
    assert result.ssim < 0.6
    assert np.allclose(result.gain, 1.0, atol=0.2)
