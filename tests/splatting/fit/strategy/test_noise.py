"""MCMC's noise kernel, compared with torch."""

import numpy as np
import torch

from pipeline.splatting.fit.strategy.noise import add_noise
from pipeline.splatting.raster.reference import rotations


def test_noise_equals_the_reference_and_leaves_other_rows_unchanged():
    g = torch.Generator().manual_seed(0)
    means, log_scales, quats = (torch.randn(5000, k, generator=g) for k in (3, 3, 4))
    rows = torch.arange(0, 5000, 2)
    weight, noise = torch.rand(len(rows), generator=g), torch.randn(len(rows), 3, generator=g)
    axes = rotations(quats[rows].double()) * torch.exp(log_scales[rows].double())[:, None, :]
    expected = means.double()
    expected[rows] += weight[:, None] * (axes @ (axes.transpose(1, 2) @ noise[:, :, None].double()))[:, :, 0]
    actual = means.numpy().copy()
    add_noise(actual, log_scales.numpy(), quats.numpy(), rows.numpy(), weight.numpy(), noise.numpy())
    np.testing.assert_allclose(actual, expected.numpy(), rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(actual[1::2], means.numpy()[1::2])
