"""Start the autoencoder as a blurring one instead of as noise.

Minutes of training on a CPU cannot teach a random autoencoder to carry a colour through its group norms. So its
weights begin as the plain linear answer: the encoder averages 8 x 8 pixels and turns RGB into brightness and two
chroma channels of about unit spread, the decoder turns them back and interpolates bilinearly. Training then only has
to add structure, through the residual branches and the fourth latent channel.

How a linear map passes GroupNorm and SiLU: each signal s travels as a pair (s, -s), whose mean is zero, beside two
constant channels (+K, -K) that dominate the variance, so that the norm is nearly a fixed scale; and SiLU(x) - SiLU(-x)
= x exactly.
"""

from __future__ import annotations

from typing import Any

import numpy as np

K = 8.0
MIX = np.array([[0.333, 0.333, 0.334], [0.5, 0.0, -0.5], [-0.5, 1.0, -0.5]])
SPREAD = np.array([0.41, 0.12, 0.054])  # standard deviation of MIX @ rgb over generated scenes, rgb in [-1, 1]
BRANCH = 0.02  # how loud the untrained residual branches may be
LOG_VARIANCE = -8.0


def start_near_linear(vae: Any) -> None:
    """Set the weights of an AutoencoderKL made by `build_vae` (one norm group everywhere) in place."""
    import torch

    with torch.no_grad():
        for name, layer in vae.named_modules():
            if name.endswith("conv2"):
                layer.weight.mul_(BRANCH)
                layer.bias.zero_()
            elif name.endswith("conv_shortcut"):
                _pass_on(layer, {(0, 0): 1.0})
            elif name.endswith("downsamplers.0.conv"):
                _pass_on(layer, {(row, column): 0.25 for row in (0, 1) for column in (0, 1)})
            elif name.endswith("upsamplers.0.conv"):
                _pass_on(layer, {(i, j): (2 - abs(i - 1)) * (2 - abs(j - 1)) / 16 for i in range(3) for j in range(3)})
        to_latent = torch.tensor(MIX / SPREAD[:, None], dtype=torch.float32)
        _enter(vae.encoder.conv_in, torch.eye(3))
        _leave(vae.encoder.conv_out)
        vae.encoder.conv_out.bias[4:] = LOG_VARIANCE
        vae.encoder.conv_out.weight[4:] *= BRANCH
        vae.quant_conv.weight.copy_(torch.eye(8)[:, :, None, None])
        vae.quant_conv.weight[:3, :3, 0, 0] = to_latent
        vae.quant_conv.bias.zero_()
        vae.post_quant_conv.weight.copy_(torch.eye(4)[:, :, None, None])
        vae.post_quant_conv.weight[:3, :3, 0, 0] = torch.linalg.inv(to_latent)
        vae.post_quant_conv.bias.zero_()
        _enter(vae.decoder.conv_in, torch.eye(3))
        _leave(vae.decoder.conv_out)


def _pass_on(layer: Any, taps: dict[tuple[int, int], float]) -> None:
    """Channel to channel: signals (0-5) through `taps`, constants (6, 7) through the middle; free ones stay."""
    weight, middle = layer.weight, layer.weight.shape[-1] // 2
    weight[:8] = 0
    weight[8:, :8] = 0
    layer.bias[:8] = 0
    for channel in range(6):
        for (row, column), value in taps.items():
            weight[channel, channel, row, column] = value
    for channel in (6, 7):
        weight[channel, channel, middle, middle] = 1.0


def _enter(layer: Any, signals: Any) -> None:
    """Three inputs become the six signals and the two constants; further inputs reach the free channels only."""
    weight, middle = layer.weight, layer.weight.shape[-1] // 2
    weight[:8] = 0
    weight[8:, :3] *= BRANCH
    layer.bias[:8] = 0
    weight[:3, :3, middle, middle] = signals
    weight[3:6, :3, middle, middle] = -signals
    layer.bias[6], layer.bias[7] = K, -K


def _leave(layer: Any) -> None:
    """The difference of each pair, undoing the norm's scale: K sqrt(2 / channels)."""
    channels, middle = layer.weight.shape[1], layer.weight.shape[-1] // 2
    scale = K * (2 / channels) ** 0.5
    layer.weight[:3] = 0
    layer.bias[:3] = 0
    for channel in range(3):
        layer.weight[channel, channel, middle, middle] = scale
        layer.weight[channel, channel + 3, middle, middle] = -scale
