"""A photo judges what is drawn from its own place without it."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline.core.errors import BadInput
from pipeline.splatting.show.likeness import compare
from tests.splatting.detail import ball

AROUND = (-20, -5, 18, 33, 50)


@pytest.fixture(scope="module")
def photos():
    return [ball.photo(azimuth) for azimuth in AROUND]


@pytest.fixture(scope="module")
def judge():
    return ball.photo(8)


def test_the_detail_of_other_photos_counts(photos, judge):
    done = compare(ball.splat(), judge, photos)
    assert done.ssim > done.splat_ssim + 0.1
    assert done.photographed > 0.5


def test_without_other_photos_the_splat_is_judged_alone(judge):
    done = compare(ball.splat(), judge, [])
    assert (done.ssim, done.photographed) == (done.splat_ssim, 0.0)


@pytest.mark.parametrize("fault", ["blurred", "perforated", "turned"])
def test_a_damaged_splat_is_less_like_the_photo(photos, judge, fault):
    splat = ball.splat()
    g = splat.gaussians
    if fault == "blurred":
        g = replace(g, log_scales=g.log_scales + np.float32(np.log(3.0)))
    elif fault == "perforated":
        hidden = (np.abs(g.means[:, 2]) < 0.3) & (np.abs(g.means[:, 0]) < 0.3)
        g = replace(g, logits=np.where(hidden, np.float32(-9), g.logits))
    else:
        quarter = np.float32([[0, -1, 0], [1, 0, 0], [0, 0, 1]])
        g = replace(g, means=g.means @ quarter.T)
    damaged = compare(replace(splat, gaussians=g), judge, photos)
    whole = compare(splat, judge, photos)
    assert damaged.ssim < whole.ssim - 0.02
    assert damaged.weakest < whole.weakest - 0.05


def test_no_photo_judges_its_own_detail(photos):
    with pytest.raises(BadInput, match="cannot judge a picture that has its own detail"):
        compare(ball.splat(), photos[0], photos)
