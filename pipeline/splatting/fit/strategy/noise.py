"""MCMC's noise on the means, shaped by each Gaussian's covariance; a numba kernel, since torch needs ten passes."""

import math

import numba
import numpy as np

from pipeline.core.arrays import F32, I64
from pipeline.splatting.raster import threads  # noqa: F401   before the first kernel
from pipeline.splatting.raster.projection import axes, dot, mix

_BLOCK = 4096


@numba.njit(cache=True, fastmath=True, error_model="numpy", parallel=True)
def add_noise(means: F32, log_scales: F32, quats: F32, rows: I64, weight: F32, noise: F32) -> None:
    """Apply `means[rows] += weight * covariance @ noise`: weight [R], noise [R, 3] for the Gaussians `rows` [R]."""
    for block in numba.prange((rows.size + _BLOCK - 1) // _BLOCK):
        for k in range(block * _BLOCK, min(rows.size, (block + 1) * _BLOCK)):
            i = rows[k]
            w, x, y, z = quats[i, 0], quats[i, 1], quats[i, 2], quats[i, 3]
            n = np.float32(1.0) / math.sqrt(max(w * w + x * x + y * y + z * z, np.float32(1e-24)))
            c0, c1, c2 = axes(w * n, x * n, y * n, z * n)
            given = (noise[k, 0], noise[k, 1], noise[k, 2])
            along = mix(
                math.exp(2 * log_scales[i, 0]) * dot(c0, given), c0, math.exp(2 * log_scales[i, 1]) * dot(c1, given), c1
            )
            along = mix(1.0, along, math.exp(2 * log_scales[i, 2]) * dot(c2, given), c2)
            for j in range(3):
                means[i, j] += weight[k] * along[j]
