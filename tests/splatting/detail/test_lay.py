"""Photographed detail on rendered pictures: it is the product's, it leaves no ghosts, and it is said whose it is."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline.splatting.detail import lay
from pipeline.splatting.detail.lay import SOURCE_COLOURS, with_detail
from pipeline.splatting.detail.sources import box_of, window
from pipeline.splatting.evaluate import score
from pipeline.splatting.show.render import planes
from tests.splatting.detail import ball

AROUND = (-20, -5, 18, 33, 50)


@pytest.fixture(scope="module")
def splat():
    return ball.splat()


@pytest.fixture(scope="module")
def unseen():
    """A photo that is never a source."""
    return ball.photo(8)


@pytest.fixture(scope="module")
def drawn(splat, unseen):
    return planes(splat, unseen.camera, unseen.cam_from_world, 1)


@pytest.fixture(scope="module")
def photos():
    return [ball.photo(azimuth) for azimuth in AROUND]


def laid(drawn, splat, unseen, photos):
    return with_detail(drawn, splat, unseen.camera, unseen.cam_from_world, photos)


@pytest.fixture(scope="module")
def detailed(drawn, splat, unseen, photos):
    return laid(drawn, splat, unseen, photos)


def test_a_photo_that_was_no_source_is_matched_better(drawn, detailed, unseen):
    before, after = score(drawn, ball.level(unseen)), score(detailed.planes, ball.level(unseen))
    assert after.ssim > before.ssim + 0.1
    assert after.psnr_db > before.psnr_db + 0.5
    assert np.array_equal(detailed.planes[3:], drawn[3:])  # outline and depth are the splat's
    assert (detailed.planes[:3] <= np.maximum(drawn[3], drawn[:3]) + 1e-6).all()


def test_broad_tones_stay_the_splats(drawn, detailed):
    inside = (drawn[3] > 0.99).nonzero()
    middle = tuple(slice(int(axis.min()) + 45, int(axis.max()) - 45) for axis in inside)
    change = (detailed.planes - drawn)[:3, *middle]
    assert np.abs(change).mean() > 0.008
    assert np.abs(change.mean(axis=(1, 2))).max() < 0.01


def test_the_sources_name_the_photos_and_their_share(drawn, detailed):
    product = drawn[3] > 0.5
    assert ((detailed.sources > 0) == product).all()
    assert set(detailed.names) <= {f"at-{azimuth}" for azimuth in AROUND}
    assert detailed.sources.max() == 1 + len(detailed.names) < len(SOURCE_COLOURS)
    assert detailed.photographed == pytest.approx((detailed.sources[product] > 1).mean())
    assert detailed.photographed > 0.4


def test_a_spot_in_a_single_photo_leaves_no_ghost(drawn, splat, unseen, photos, detailed):
    rgba = photos[1].rgba.copy()
    rgba[105:121, 105:121, :3] = (255, 255, 255)
    spotted = [replace(p, rgba=rgba) if p is photos[1] else p for p in photos]
    changed = np.abs(laid(drawn, splat, unseen, spotted).planes - detailed.planes)[:3].max(axis=0)
    assert (changed > 0.1).sum() < 20  # the spot has 256 pixels


def test_photos_that_show_other_things_each_add_nothing(drawn, splat, unseen):
    def another(seed):
        return lambda points: np.clip(0.5 + 0.4 * np.sin(40 * points + seed * points[..., ::-1]), 0, 1)

    strangers = [ball.photo(azimuth, painted=another(10 * n)) for n, azimuth in enumerate(AROUND)]
    done = laid(drawn, splat, unseen, strangers)
    assert done.photographed < 0.02
    assert np.abs(done.planes - drawn).mean() < 0.004


def test_several_photos_that_agree_overrule_a_splat_that_lost_a_pattern(unseen, photos):
    pale = ball.splat()
    pale.gaussians.sh[:] = pale.gaussians.sh.mean(axis=0)
    plain = planes(pale, unseen.camera, unseen.cam_from_world, 1)
    done = laid(plain, pale, unseen, photos)
    before, after = score(plain, ball.level(unseen)), score(done.planes, ball.level(unseen))
    assert after.ssim > before.ssim + 0.1


def test_without_a_usable_photo_the_picture_stays_as_it_is(drawn, splat, unseen, photos):
    empty = replace(photos[0], rgba=np.zeros_like(photos[0].rgba))
    behind = ball.photo(188)
    for sources in ([], [empty], [behind]):
        done = laid(drawn, splat, unseen, sources)
        assert np.array_equal(done.planes, drawn)
        assert (done.names, done.photographed) == ((), 0.0)
    nothing = np.zeros_like(drawn)
    assert np.array_equal(laid(nothing, splat, unseen, photos).planes, nothing)


def test_a_photo_cropped_to_the_product_is_not_changed(drawn, splat, unseen, photos, detailed):
    box = box_of(photos[2].rgba[..., 3], 4)
    cropped = replace(photos[2], rgba=photos[2].rgba[box].copy(), camera=window(photos[2].camera, *box))
    cropped.rgba[..., 3] = np.maximum(cropped.rgba[..., 3], 1)
    before = cropped.rgba.copy()
    done = laid(drawn, splat, unseen, [cropped if p is photos[2] else p for p in photos])
    assert np.array_equal(cropped.rgba, before)
    assert np.abs(done.planes - detailed.planes)[:3, drawn[3] > 0.99].mean() < 0.002


def test_parts_join_without_a_seam(drawn, splat, unseen, photos, detailed, monkeypatch):
    monkeypatch.setattr(lay, "_PART_PIXELS", 64 * 100)
    parts = laid(drawn, splat, unseen, photos)
    assert np.abs(parts.planes - detailed.planes).max() < 2e-3
    assert (parts.sources != detailed.sources).mean() < 0.002


def test_the_same_photos_give_the_same_bits(drawn, splat, unseen, photos, detailed):
    assert np.array_equal(laid(drawn, splat, unseen, photos).planes, detailed.planes)
