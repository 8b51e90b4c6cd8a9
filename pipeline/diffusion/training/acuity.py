"""How much of a picture an autoencoder holds, measured on scenes that training never saw."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.diffusion.scenes.scene import random_spec, render_scene
from pipeline.diffusion.training.data import pixels_of

UNSEEN = 2 * 10**9  # training's seeds lie below
MOST_RIM_PX = 32


class Acuity(NamedTuple):
    """What an autoencoder holds of a picture.

    `resolves_px`: a picture of so many pixels on a side holds as much. `dim_rim_px`: so far in from the edge it errs.
    `error`: mean absolute difference, 0-255.
    """

    resolves_px: int
    dim_rim_px: int
    error: float


def acuity_of(vae: Any, scenes: int = 32) -> Acuity:
    """Pass unseen scenes of 256 px through the autoencoder and compare."""
    import torch

    rng = np.random.default_rng(UNSEEN)
    pictures = np.stack([render_scene(random_spec(rng), UNSEEN + i)[0] for i in range(scenes)])
    with torch.no_grad():
        parts = torch.from_numpy(pixels_of(pictures)).split(8)
        back = torch.cat([vae.decode(vae.encode(part).latent_dist.mode()).sample for part in parts]).clamp(-1, 1)
    seen = pictures.astype(np.float64)
    held = (back.float().numpy().transpose(0, 2, 3, 1) + 1) * 127.5
    return Acuity(
        resolves_px=resolved(seen.mean(3), held.mean(3)),
        dim_rim_px=dim_rim(seen.mean(3), held.mean(3)),
        error=float(np.abs(seen - held).mean()),
    )


def resolved(seen: NDArray[np.float64], held: NDArray[np.float64]) -> int:
    """Pixels on a side that hold the frequencies of which at least half the power comes back, of pictures [n, h, h].

    A picture of p pixels holds p / 2 waves; errors count against the power of what was there.
    """
    side = seen.shape[1]
    window = np.outer(np.hanning(side), np.hanning(side))
    power, lost = (np.square(np.abs(np.fft.fft2(one * window))).sum(0) for one in (seen - seen.mean(), held - seen))
    waves = np.fft.fftfreq(side, 1 / side)
    ring = np.round(np.hypot(waves[:, None], waves[None, :])).astype(int) // 4  # four frequencies together
    bins = side // 8
    power, lost = (np.bincount(ring.ravel(), one.ravel())[:bins] for one in (power, lost))
    blurred = np.flatnonzero(lost > 0.5 * power)
    first = int(blurred[0]) if len(blurred) else bins
    return max(8, 2 * 4 * first)


def dim_rim(seen: NDArray[np.float64], held: NDArray[np.float64], level: float = 2.0) -> int:
    """Pixels in from the edge within which brightness is off by more than `level` of 255 on average, at most 32."""
    off = np.abs((held - seen).mean(0))
    rings = [_ring(off, i) for i in range(MOST_RIM_PX)]
    wrong = [i for i, one in enumerate(rings) if one > level]
    return wrong[-1] + 1 if wrong else 0


def _ring(values: NDArray[np.float64], depth: int) -> float:
    inner = values[depth : len(values) - depth, depth : len(values) - depth]
    return float(np.mean([inner[0].mean(), inner[-1].mean(), inner[:, 0].mean(), inner[:, -1].mean()]))
