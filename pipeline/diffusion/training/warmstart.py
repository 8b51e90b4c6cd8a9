"""Initialises the autoencoder from a trained linear one instead of random weights.

A random autoencoder does not learn to carry a colour through its group norms within minutes on a CPU. So a linear one
is trained first, in seconds: strided convolutions down, convolutions on upsampled pixels up, nothing in between. Its
weights are then transplanted into the AutoencoderKL, whose residual branches start near zero. Training only has to add
what a linear map cannot do.

A linear map passes through GroupNorm and SiLU because each signal s is carried as a pair (s, -s) with zero mean, beside
two constant channels (+K, -K) that dominate the variance, so that the norm is nearly a constant scale; and
SiLU(x) - SiLU(-x) = x exactly.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from pipeline.core.arrays import F32

K = 16.0
BRANCH = 0.005  # initial gain of the untrained residual branches
LOG_VARIANCE = -8.0
WHITENING = 0.6  # 0 keeps each latent channel's standard deviation, 1 makes all equal


class LinearAutoencoder:
    """The main path of an AutoencoderKL of these widths, without norms, activations and residual branches.

    `down`: one 2 x 2 convolution per level and a 1 x 1 convolution to the latents. `up`: a first 3 x 3 convolution, one
    after each upsampling, and one to RGB. Each level has as many signals as the AutoencoderKL has channels to spare.
    """

    def __init__(self, widths: tuple[int, ...], latent_channels: int) -> None:
        import torch

        room = [min(pair) - 2 for pair in pairwise(widths)]  # two channels carry constants
        down = [3, *(min(3 * 4 ** (i + 1), free, 30) for i, free in enumerate(room[:-1])), room[-1] // 2]
        up = [latent_channels, widths[-1] // 2, *(min(free, 30) for free in reversed(room[1:])), room[0] // 2, 3]
        self.down: Any = torch.nn.ModuleList(
            [
                *(torch.nn.Conv2d(a, b, 2, 2, bias=False) for a, b in pairwise(down)),
                torch.nn.Conv2d(down[-1], latent_channels, 1, bias=False),
            ]
        )
        self.up: Any = torch.nn.ModuleList([torch.nn.Conv2d(a, b, 3, padding=1, bias=False) for a, b in pairwise(up)])
        for layer in list[Any](self.down):
            torch.nn.init.orthogonal_(layer.weight)
        for layer in list[Any](self.up):
            torch.nn.init.normal_(layer.weight, 0, 0.01)
            middle = torch.empty(layer.weight.shape[:2])
            layer.weight.data[:, :, 1, 1] += torch.nn.init.orthogonal_(middle)

    def encode(self, pixels: Any) -> Any:
        """Encode pixels [n, 3, h, w] into latents [n, c, h / 2^k, w / 2^k]."""
        for layer in self.down:
            pixels = layer(pixels)
        return pixels

    def decode(self, latents: Any) -> Any:
        """Decode latents into pixels [n, 3, h, w]."""
        import torch

        signals = self.up[0](latents)
        for layer in list(self.up)[1:-1]:
            signals = layer(torch.nn.functional.interpolate(signals, scale_factor=2.0))
        return self.up[-1](signals)

    def fit(self, crops: Iterator[F32], steps: int, rate: float = 4e-3) -> None:
        """Minimise squared and absolute error on batches [n, 3, h, w] in [-1, 1] with Adam; then whiten the latents."""
        import torch

        weights = [*self.down.parameters(), *self.up.parameters()]
        optimizer = torch.optim.Adam(weights, lr=rate, betas=(0.9, 0.99))
        for step in range(steps):
            for group in optimizer.param_groups:
                group["lr"] = rate * min(1, (step + 1) / 50) * (0.02 + 0.49 * (1 + np.cos(np.pi * step / steps)))
            pixels = torch.from_numpy(next(crops))
            error = self.decode(self.encode(pixels)) - pixels
            optimizer.zero_grad()
            (20 * error.square().mean() + error.abs().mean()).backward()
            torch.nn.utils.clip_grad_norm_(weights, 1.0)
            optimizer.step()
        self._whiten(torch.from_numpy(np.concatenate([next(crops) for _ in range(16)])))

    def _whiten(self, pixels: Any) -> None:
        """Rotate the latents onto their principal axes, and partly equalise the axes' standard deviations."""
        import torch

        with torch.no_grad():
            latents = self.encode(pixels).transpose(0, 1).flatten(1)
            variance, axes = torch.linalg.eigh(torch.cov(latents))
            gain = variance.clamp_min(1e-8) ** (-WHITENING / 2)
            gain /= gain[-1] * variance[-1].sqrt()  # the largest becomes 1
            self.down[-1].weight.copy_(
                torch.einsum("ki,kcxy->icxy", axes, self.down[-1].weight) * gain[:, None, None, None]
            )
            self.up[0].weight.copy_(torch.einsum("ki,okxy->oixy", axes, self.up[0].weight) / gain[:, None, None])


def transplant(linear: LinearAutoencoder, vae: Any) -> None:
    """Set the weights of an AutoencoderKL of the same widths, in place. It must have one norm group everywhere."""
    import torch

    count, encoder, decoder = vae.config.latent_channels, vae.encoder, vae.decoder
    with torch.no_grad():
        for name, layer in vae.named_modules():
            if name.endswith("conv2"):
                layer.weight.mul_(BRANCH)
                layer.bias.zero_()
            elif name.endswith("conv_shortcut"):
                size = min(layer.weight.shape[:2])
                _set(layer, torch.eye(size)[2:, 2:, None, None], paired=False)
        _set(encoder.conv_in, _centred(torch.eye(3)), constants=True)
        samplers = [block.downsamplers[0].conv for block in encoder.down_blocks[:-1]]
        for i, (layer, into) in enumerate(zip(samplers, linear.down, strict=False)):
            _set(layer, into.weight, paired=i == len(samplers) - 1)
        _set_output(encoder.conv_out, _centred(linear.down[-1].weight[:, :, 0, 0]))
        encoder.conv_out.bias[count:] = LOG_VARIANCE
        vae.quant_conv.weight.copy_(torch.eye(2 * count)[:, :, None, None])
        vae.quant_conv.bias.zero_()
        vae.post_quant_conv.weight.copy_(torch.eye(count)[:, :, None, None])
        vae.post_quant_conv.bias.zero_()
        _set(decoder.conv_in, linear.up[0].weight, constants=True)
        samplers = [block.upsamplers[0].conv for block in decoder.up_blocks[:-1]]
        for i, (layer, into) in enumerate(zip(samplers, list(linear.up)[1:-1], strict=True)):
            _set(layer, into.weight, paired=i == len(samplers) - 1)
        _set_output(decoder.conv_out, linear.up[-1].weight)


def _centred(matrix: Any) -> Any:
    """Weights [out, in, 3, 3] of a convolution with `matrix` [out, in] as its centre tap."""
    import torch

    return torch.nn.functional.pad(matrix[:, :, None, None], (1, 1, 1, 1))


def _set(layer: Any, taps: Any, *, constants: bool = False, paired: bool = False) -> None:
    """Set a layer to apply `taps` to the signals (channels 2 and up) and to pass the constants (channels 0 and 1).

    `constants`: the layer creates the constants instead. `paired`: each signal is output twice, once negated. Unused
    channels keep their weights.
    """
    import torch

    weight = layer.weight
    taps = torch.cat([taps, -taps]) if paired else taps
    out, into, size = taps.shape[0], taps.shape[1], taps.shape[2]
    first = 0 if constants else 2
    weight[: 2 + out] = 0
    weight[2 + out :, : first + into] *= BRANCH
    layer.bias[: 2 + out] = 0
    weight[2 : 2 + out, first : first + into, :size, :size] = taps
    if constants:
        layer.bias[0], layer.bias[1] = K, -K
    else:
        middle = weight.shape[-1] // 2
        weight[0, 0, middle, middle] = weight[1, 1, middle, middle] = 1.0


def _set_output(layer: Any, taps: Any) -> None:
    """Set a layer to apply `taps` to the difference of each pair, undoing the norm's scale K sqrt(2 / channels)."""
    count, into = taps.shape[:2]
    scale = K * (2 / layer.weight.shape[1]) ** 0.5
    layer.weight[:count] = 0
    layer.weight[count:] *= BRANCH
    layer.bias[:] = 0
    layer.weight[:count, 2 : 2 + into] = taps * scale
    layer.weight[:count, 2 + into : 2 + 2 * into] = -taps * scale
