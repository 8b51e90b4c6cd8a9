"""Points on a splat's surface, for whoever needs the product's shape and not its picture."""

import numpy as np

from pipeline.core.arrays import F32
from pipeline.splatting.gaussians import Gaussians

OPACITY_AT_LEAST = 0.1  # fainter ones may be haze; opacity has its price, half of a product's lie below 0.07
POINTS_AT_LEAST = 150_000  # in all: slices of fewer have gaps that no sealing closes


def surface_points(gaussians: Gaussians) -> F32:
    """Points [n, 3] drawn from every Gaussian that can be seen, world units; the same splat gives the same points."""
    seen = gaussians.select(gaussians.opacities >= OPACITY_AT_LEAST)
    each = -(-POINTS_AT_LEAST // max(1, len(seen)))
    w, x, y, z = (seen.quats / np.linalg.norm(seen.quats, axis=1, keepdims=True)).T
    rotation = np.stack(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )
    steps = np.random.default_rng(0).standard_normal((len(seen), each, 3), np.float32)
    steps *= np.exp(seen.log_scales)[:, None]
    points: F32 = seen.means[:, None] + np.einsum("ijn,npj->npi", rotation, steps)
    return points.reshape(-1, 3)
