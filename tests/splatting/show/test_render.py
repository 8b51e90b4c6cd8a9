"""Splats of any size, anywhere: the picture does not depend on the unit or the origin."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline.core.domain import look_at
from pipeline.core.errors import BadInput
from pipeline.splatting.framing import framed
from pipeline.splatting.gaussians import Gaussians
from pipeline.splatting.ply import Splat, write_ply
from pipeline.splatting.show.render import read_splat, render
from pipeline.splatting.show.turntable import TurnParams, turn
from pipeline.splatting.show.viewer import viewer_page
from tests.splatting.toy_product import camera, product


def sized(scale, offset=(0.0, 0.0, 0.0)):
    """The toy product in another unit, moved by `offset` in its own unit."""
    g = product().gaussians
    means = (g.means.astype(np.float64) + offset) * scale
    return Splat(replace(g, means=means, log_scales=g.log_scales + np.float32(np.log(scale))), antialias=True)


def cloud(means, scale=0.1, logit=4.0):
    n = len(means)
    quats = np.tile(np.array([1.0, 0, 0, 0], np.float32), (n, 1))
    values = (np.array(means), np.full((n, 3), np.log(scale)), quats, np.full(n, logit), np.full((n, 1, 3), 0.5))
    return Splat(Gaussians(*(np.asarray(v, np.float32) for v in values)), antialias=False)


@pytest.mark.parametrize("scale", [1e-9, 1e-4, 0.01, 100.0, 1e6, 1e12])
def test_a_splat_looks_the_same_in_any_unit(scale):
    expected = render(product(), *framed(product(), 30.0, 15.0, 96))
    shown = render(sized(scale), *framed(sized(scale), 30.0, 15.0, 96))
    assert np.abs(shown.rgba.astype(int) - expected.rgba).max() <= 2
    assert np.allclose(shown.depth, expected.depth * scale, rtol=1e-3, atol=1e-2 * scale)


def test_a_tiny_splat_is_drawn_by_a_camera_of_ones_own():
    pose = look_at(30.0, 15.0, 5.0)
    expected = render(product(), camera(), pose).rgba
    pose[:3, 3] *= 1e-4
    assert np.abs(render(sized(1e-4), camera(), pose).rgba.astype(int) - expected).max() <= 2


def test_a_splat_far_from_the_origin_keeps_its_shape():
    far = sized(1.0, offset=(2e4, -3e4, 100.0))
    shown, expected = (render(s, *framed(s, 30.0, 15.0, 96)).rgba.astype(int) for s in (far, product()))
    assert np.abs(shown - expected).mean() < 2  # float32 in the file resolves 0.002 there, a 300th of the product


@pytest.mark.parametrize("means", [[[0, 0, 0]], [[3, 2, 1]] * 20, [[0, 0, 0], [1e-6, 0, 0]]], ids=str)
def test_a_single_spot_fills_the_frame_and_its_viewer_and_turntable_are_written(means):
    splat = cloud(means)
    alpha = render(splat, *framed(splat, 0.0, 0.0, 64)).rgba[..., 3]
    assert alpha[32, 32] > 240 and alpha[0, 0] == 0 and (alpha > 10).mean() > 0.3
    assert "</html>" in viewer_page(splat, "spot")
    assert all(frame[32, 32, 3] > 240 for frame in turn(splat, TurnParams(frames=2, size=64)))


@pytest.mark.parametrize(
    ("splat", "message"),
    [(cloud([[0, 0, 0]], logit=-8.0), "no Gaussian is opaque"), (cloud([[0, 0, 0]], scale=1e-30), "has a radius of")],
    ids=["transparent", "without size"],
)
def test_a_splat_that_shows_nothing_is_refused_by_name(tmp_path, splat, message):
    path = tmp_path / "empty.ply"
    path.write_bytes(write_ply(splat))
    with pytest.raises(BadInput, match=message) as caught:
        read_splat(path)
    assert "empty.ply" in str(caught.value) and caught.value.remedy
