"""The loss of a fit: the difference between the rendered product and its cut-out photo, over random backdrops.

`shown = gain * colour + bias * alpha + backdrop * (1 - alpha)`, `expected` likewise without gain and bias; `loss = (1 -
s) mean|shown - expected| + s (1 - mean SSIM) + a mean|alpha - expected alpha|`. As the backdrop's colour changes at
every step, only the product's own alpha fits them all. `ProductLoss` runs the fused kernels; `product_loss_reference`
is its twin in plain torch, used on other devices.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from pipeline.splatting.fit import loss_kernels as kernels


@dataclass(frozen=True)
class LossWeights:
    """The share of SSIM in the colour term (0 to 1), and the weight of alpha's L1."""

    ssim: float = 0.2
    alpha: float = 0.2


class ProductLoss(torch.autograd.Function):
    """`ProductLoss.apply(picture, gain, bias, target, backdrop, weights)` -> scalar.

    `picture` [5, H, W] premultiplied as the rasterizer gives it, `target` [4, H, W] premultiplied RGBA, `gain`, `bias`,
    `backdrop` [3]; all float32 on the CPU, values 0 to 1.
    """

    @staticmethod
    def forward(
        ctx: Any, picture: torch.Tensor, gain: torch.Tensor, bias: torch.Tensor, target: torch.Tensor,
        backdrop: torch.Tensor, weights: LossWeights,
    ) -> torch.Tensor:  # fmt: skip
        """Compute loss and gradients together, because both need the same blurred pictures."""
        p, t = picture.detach().contiguous().numpy(), target.numpy()
        k, b, d = (v.detach().numpy() for v in (gain, bias, backdrop))
        _, height, width = p.shape
        shown, expected = np.empty((3, height, width), np.float32), np.empty((3, height, width), np.float32)
        kernels.compose(p, t, d, k, b, shown, expected)
        slopes, g_shown, g_picture = (
            np.empty((3, height, 3 * width), np.float32),
            np.empty_like(shown),
            np.empty_like(p),
        )
        ssim = kernels.similarity(shown, expected, slopes).sum() / shown.size
        l1 = (
            kernels.shown_gradient(
                shown, expected, slopes, (1 - weights.ssim) / shown.size, weights.ssim / shown.size, g_shown
            ).sum()
            / shown.size
        )
        rows = kernels.picture_gradient(p, t, g_shown, d, k, b, weights.alpha / p[0].size, g_picture).sum(axis=0)
        ctx.gradients = tuple(
            torch.from_numpy(g.astype(np.float32, copy=False)) for g in (g_picture, rows[:3], rows[3:6])
        )
        loss = (1 - weights.ssim) * l1 + weights.ssim * (1 - ssim) + weights.alpha * rows[6] / p[0].size
        return torch.tensor(loss, dtype=torch.float32)

    @staticmethod
    def backward(ctx: Any, *incoming: torch.Tensor) -> Any:
        """Return the gradients that `forward` computed, scaled."""
        scale = float(incoming[0])
        picture, gain, bias = ctx.gradients if scale == 1.0 else (g * scale for g in ctx.gradients)
        return picture, gain, bias, None, None, None


def ssim_map(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Return the SSIM of two pictures [C, H, W] of values 0 to 1 at every pixel, [C, H, W], in plain torch."""
    offsets = torch.arange(-kernels.RADIUS, kernels.RADIUS + 1, dtype=first.dtype, device=first.device)
    window = torch.exp(-0.5 * (offsets / 1.5) ** 2)
    window = window / window.sum()

    def blur(x: torch.Tensor) -> torch.Tensor:
        x = torch.nn.functional.conv2d(x[:, None], window.view(1, 1, 1, -1), padding=(0, kernels.RADIUS))
        return torch.nn.functional.conv2d(x, window.view(1, 1, -1, 1), padding=(kernels.RADIUS, 0))[:, 0]

    mx, my = blur(first), blur(second)
    vx, vy = blur(first * first) - mx * mx, blur(second * second) - my * my
    covariance = blur(first * second) - mx * my
    c1, c2 = 0.01**2, 0.03**2
    return (2 * mx * my + c1) * (2 * covariance + c2) / ((mx * mx + my * my + c1) * (vx + vy + c2))


def product_loss_reference(
    picture: torch.Tensor, gain: torch.Tensor, bias: torch.Tensor, target: torch.Tensor, backdrop: torch.Tensor,
    weights: LossWeights,
) -> torch.Tensor:  # fmt: skip
    """Compute the same loss as `ProductLoss`, on any device and in any precision."""
    alpha, expected_alpha = picture[3], target[3]
    d = backdrop[:, None, None]
    shown = gain[:, None, None] * picture[:3] + bias[:, None, None] * alpha + d * (1 - alpha)
    expected = target[:3] + d * (1 - expected_alpha)
    colour = (1 - weights.ssim) * (shown - expected).abs().mean() + weights.ssim * (
        1 - ssim_map(shown, expected).mean()
    )
    return colour + weights.alpha * (alpha - expected_alpha).abs().mean()
