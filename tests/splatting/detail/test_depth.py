"""Where a splat's surface begins: against the ball's true depth, and against plain numpy."""

import numpy as np

from pipeline.core.domain import look_at
from pipeline.splatting.detail.depth import front_depth, without_gaps
from pipeline.splatting.lens import lens_of, pose_of
from pipeline.splatting.raster.projection import RECORD, project
from tests.splatting.detail import ball


def plain_depth(splat, camera, pose):
    """The same as `front_depth`, every Gaussian at every pixel, in plain numpy."""
    g = splat.gaussians
    records, boxes = np.empty((len(g), RECORD), np.float32), np.zeros((len(g), 4), np.int32)
    project(g.means, g.log_scales, g.quats, g.logits, g.sh, g.degree, pose_of(pose), lens_of(camera), True, 1,
            records, boxes)  # fmt: skip
    drawn = records[(boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])].astype(float)
    x, y = np.meshgrid(np.arange(camera.width_px) + 0.5, np.arange(camera.height_px) + 0.5)
    left, out, front = np.ones_like(x), np.full(x.shape, np.nan), np.full(x.shape, np.nan)
    for mx, my, a, b, c, opacity, _, _, _, z, *_ in drawn[np.argsort(drawn[:, 9], kind="stable")]:
        dx, dy = x - mx, y - my
        alpha = np.minimum(0.99, opacity * np.exp(-0.5 * (a * dx**2 + c * dy**2) - b * dx * dy))
        after = left * np.where(alpha < 1 / 255, 1.0, 1 - alpha)
        front[(left > 0.8) & (after <= 0.8)] = z
        out = np.where((left >= 0.5) & (after < 0.5), front, out)
        left = after
    return out


def test_the_depth_is_that_of_the_surface():
    pose = look_at(20.0, 10.0, ball.DISTANCE)
    found, true = front_depth(ball.splat(), ball.CAMERA, pose), ball.depth(pose)
    both = np.isfinite(found) & np.isfinite(true)
    assert both.sum() > 0.98 * np.isfinite(true).sum()
    assert np.median(np.abs(found - true)[both]) < 0.02 * ball.RADIUS
    assert not np.isfinite(found[:5, :5]).any()


def test_the_kernel_equals_plain_numpy():
    splat, pose = ball.splat(400), look_at(20.0, 10.0, ball.DISTANCE)
    small = ball.CAMERA.scaled(0.4)
    found, plain = front_depth(splat, small, pose), plain_depth(splat, small, pose)
    both = np.isfinite(found) & np.isfinite(plain)
    assert both.sum() > 500
    assert (np.isfinite(found) != np.isfinite(plain)).mean() < 0.002  # where a sum of floats meets a limit
    assert (np.abs(found - plain)[both] > 1e-4).mean() < 0.005


def test_gaps_are_filled_from_the_nearest_pixel():
    depth = np.full((9, 9), np.nan, np.float32)
    depth[:, :3], depth[:, 3:5] = 2.0, 3.0
    filled = without_gaps(depth)
    assert np.isfinite(filled).all()
    assert (filled[:, 6:] == 3.0).all()
    assert (without_gaps(np.full((4, 4), np.nan, np.float32)) == 1.0).all()
