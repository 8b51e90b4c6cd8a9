"""Points on a splat's surface, for code that needs the product's shape rather than its picture."""

import numpy as np

from pipeline.core.arrays import F32
from pipeline.splatting.gaussians import Gaussians

OPACITY_AT_LEAST = 0.1  # fainter Gaussians may be haze; opacity is penalised: half of a product's lie below 0.07
POINTS_AT_LEAST = 150_000  # in total: slices of a sparser cloud have gaps that closing cannot seal


def surface_points(gaussians: Gaussians) -> F32:
    """Sample points [n, 3] from every visible Gaussian, in world units; the same splat gives the same points."""
    visible = gaussians.select(gaussians.opacities >= OPACITY_AT_LEAST)
    per_gaussian = -(-POINTS_AT_LEAST // max(1, len(visible)))
    w, x, y, z = (visible.quats / np.linalg.norm(visible.quats, axis=1, keepdims=True)).T
    rotation = np.stack(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )
    steps = np.random.default_rng(0).standard_normal((len(visible), per_gaussian, 3), np.float32)
    steps *= np.exp(visible.log_scales)[:, None]
    points: F32 = visible.means[:, None] + np.einsum("ijn,npj->npi", rotation, steps)
    return points.reshape(-1, 3)
