"""Compiles the numba kernels once: `python -m pipeline.warm`, the last step of the setup.

Matting and splatting use kernels that numba compiles at their first call and caches on disk, beside the code or in
NUMBA_CACHE_DIR. That takes over a minute on two cores, which would otherwise delay the first run.
"""

import numpy as np
from numpy.typing import NDArray

from pipeline.cli.output import bar

SIDE_PX = 64


def main() -> None:
    """Cut out a white ball and fit a splat to it, so that every kernel runs once."""
    with bar("compiling kernels:") as progress:
        progress(0, 2, "matting")
        ball = warm_matting()
        progress(1, 2, "splatting")
        warm_splatting(ball)


def warm_matting() -> NDArray[np.uint8]:
    """Cut a ball out of its picture. Returns it as RGBA uint8 [SIDE_PX, SIDE_PX, 4]."""
    from pipeline.imaging.cutout.mask.matting import UNKNOWN, closed_form, foreground_colours
    from pipeline.imaging.cutout.still.plate import grow_plate

    y, x = np.mgrid[:SIDE_PX, :SIDE_PX] - SIDE_PX / 2
    radius = np.hypot(x, y)
    gray = np.where(radius < SIDE_PX / 4, 230, 40).astype(np.uint8)
    trimap = np.where(radius < SIDE_PX / 5, 255, np.where(radius < SIDE_PX / 3, UNKNOWN, 0)).astype(np.uint8)
    photo = np.dstack([gray, gray, gray])
    still = np.stack([photo] * 3).astype(np.float32)
    grow_plate(still, radius > SIDE_PX / 3, np.full(gray.shape, 4, np.float32))
    alpha = np.round(closed_form(photo, trimap) * 255).astype(np.uint8)
    return np.dstack([foreground_colours(photo, alpha), alpha])


def warm_splatting(ball: NDArray[np.uint8]) -> None:
    """Fit a splat to the ball seen from four sides in a few steps, validated on one of them."""
    import torch

    from pipeline.core.colmap.model import Points
    from pipeline.core.domain import Camera, look_at
    from pipeline.splatting.detail.lay import with_detail
    from pipeline.splatting.engines import cpu
    from pipeline.splatting.fit.adam import PARALLEL_FROM, Adam
    from pipeline.splatting.fit.report import Hooks
    from pipeline.splatting.fit.strategy.noise import add_noise
    from pipeline.splatting.photos import PosedPhoto
    from pipeline.splatting.show.render import planes

    middle = SIDE_PX / 2
    camera = Camera(width_px=SIDE_PX, height_px=SIDE_PX, fx_px=SIDE_PX, fy_px=SIDE_PX, cx_px=middle, cy_px=middle)
    photos = [PosedPhoto(f"side-{i}", ball, camera, look_at(90.0 * i, 0.0, 4.0)) for i in range(4)]
    points = Points(np.random.default_rng(0).normal(0, 0.5, (64, 3)), np.full((64, 3), 230, np.uint8))
    params = cpu.Params(iterations=120, gaussians=200, side_px=SIDE_PX, held_out=("side-3",))
    done = cpu.fit(params, photos, points, Hooks())
    drawn = planes(done.splat, camera, photos[0].cam_from_world)
    with_detail(drawn, done.splat, camera, photos[0].cam_from_world, photos)
    # the kernels that so small and so short a fit does not use
    large = torch.zeros(PARALLEL_FROM + 1)
    Adam().step("large", large, torch.ones_like(large), rate=0.0)
    means, log_scales, quats, weight, noise = (
        np.ones(shape, np.float32) for shape in ((1, 3), (1, 3), (1, 4), 1, (1, 3))
    )
    add_noise(means, log_scales, quats, np.zeros(1, np.int64), weight, noise)


if __name__ == "__main__":
    main()
