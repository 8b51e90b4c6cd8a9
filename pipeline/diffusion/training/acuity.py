"""Measures how much detail an autoencoder preserves, on scenes that training has not seen."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from pipeline.core.arrays import F64
from pipeline.diffusion.scenes.scene import random_spec, render_scene
from pipeline.diffusion.training.data import pixels_of

UNSEEN = 2 * 10**9  # training uses seeds below
MAX_RIM_PX = 32


class Acuity(NamedTuple):
    """How much detail an autoencoder preserves.

    `resolves_px`: side of a square picture with the same resolution. `dim_rim_px`: width of the border whose brightness
    is wrong. `error`: mean absolute error, 0 to 255.
    """

    resolves_px: int
    dim_rim_px: int
    error: float


def acuity_of(vae: Any, scenes: int = 32) -> Acuity:
    """Compare unseen scenes of 256 px with their reconstructions by the autoencoder."""
    import torch

    rng = np.random.default_rng(UNSEEN)
    pictures = np.stack([render_scene(random_spec(rng), UNSEEN + i)[0] for i in range(scenes)])
    with torch.no_grad():
        parts = torch.from_numpy(pixels_of(pictures)).split(8)
        decoded = torch.cat([vae.decode(vae.encode(part).latent_dist.mode()).sample for part in parts]).clamp(-1, 1)
    originals = pictures.astype(np.float64)
    copies = (decoded.float().numpy().transpose(0, 2, 3, 1) + 1) * 127.5
    return Acuity(
        resolves_px=resolved(originals.mean(3), copies.mean(3)),
        dim_rim_px=dim_rim(originals.mean(3), copies.mean(3)),
        error=float(np.abs(originals - copies).mean()),
    )


def resolved(originals: F64, copies: F64) -> int:
    """The resolution of reconstructed pictures [n, h, h]: side in px whose frequencies keep at least half their power.

    A side of p pixels has p / 2 waves. The power of the error is compared with the power of the original.
    """
    side = originals.shape[1]
    window = np.outer(np.hanning(side), np.hanning(side))
    signals = (originals - originals.mean(), copies - originals)
    power, lost = (np.square(np.abs(np.fft.fft2(signal * window))).sum(0) for signal in signals)
    waves = np.fft.fftfreq(side, 1 / side)
    ring = np.round(np.hypot(waves[:, None], waves[None, :])).astype(int) // 4  # four frequencies per bin
    bins = side // 8
    power, lost = (np.bincount(ring.ravel(), spectrum.ravel())[:bins] for spectrum in (power, lost))
    blurred = np.flatnonzero(lost > 0.5 * power)
    first = int(blurred[0]) if len(blurred) else bins
    return max(8, 2 * 4 * first)


def dim_rim(originals: F64, copies: F64, level: float = 2.0) -> int:
    """Width in px of the border whose mean brightness error exceeds `level` of 255, at most 32."""
    errors = np.abs((copies - originals).mean(0))
    rings = [_ring(errors, i) for i in range(MAX_RIM_PX)]
    wrong = [i for i, error in enumerate(rings) if error > level]
    return wrong[-1] + 1 if wrong else 0


def _ring(values: F64, depth: int) -> float:
    inner = values[depth : len(values) - depth, depth : len(values) - depth]
    return float(np.mean([inner[0].mean(), inner[-1].mean(), inner[:, 0].mean(), inner[:, -1].mean()]))
