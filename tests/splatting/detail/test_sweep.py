"""Depth refined by agreement between photos."""

import numpy as np

from pipeline.core.domain import look_at
from pipeline.splatting.detail.depth import without_gaps
from pipeline.splatting.detail.sources import source_of
from pipeline.splatting.detail.sweep import refined
from pipeline.splatting.show.render import planes
from tests.splatting.detail import ball


def test_a_surface_three_percent_behind_is_found_again():
    splat, pose = ball.splat(), look_at(10.0, 10.0, ball.DISTANCE)
    sources = [source_of(ball.photo(azimuth), splat, ball.CAMERA, pose) for azimuth in (-15, 0, 22, 35)]
    true = ball.depth(pose)
    start = without_gaps((true + 0.03).astype(np.float32))
    found = refined(start, planes(splat, ball.CAMERA, pose, 1)[:4], ball.CAMERA, pose, sources, 1.0)
    facing = true < np.nanmin(true) + 0.5 * ball.RADIUS
    assert np.median(np.abs(start - true)[facing]) > 0.025
    assert np.median(np.abs(found - true)[facing]) < 0.005
    assert np.quantile(np.abs(found - true)[facing], 0.9) < 0.02
