"""Backdrops without diffusion: a solid colour, or a gradient between two."""

import re

import numpy as np

from pipeline.core.arrays import F32, F64, Rgb
from pipeline.core.errors import BadInput


def rgb_of(colour: str) -> tuple[int, int, int]:
    """Parse `#rrggbb` into sRGB values 0 to 255. Raises BadInput for anything else."""
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", colour):
        raise BadInput(
            f"colour {colour!r} is not of the form #rrggbb",
            remedy="Write the colour in hexadecimal, for example #ffffff for white",
        )
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def solid(colour: str, width_px: int, height_px: int) -> Rgb:
    """A picture of exactly one colour, sRGB uint8 [height_px, width_px, 3]."""
    picture = np.empty((height_px, width_px, 3), np.uint8)
    picture[:] = rgb_of(colour)
    return picture


def gradient(colour: str, to_colour: str, width_px: int, height_px: int) -> Rgb:
    """A vertical gradient from `colour` (top) to `to_colour`, linear in sRGB, uint8 [height_px, width_px, 3].

    It is dithered by a fixed pattern, because a slow gradient shows bands at 8 bits; the ends stay within one level of
    the requested colours.
    """
    top, bottom = (np.array(rgb_of(name), np.float64) for name in (colour, to_colour))
    share = ((np.arange(height_px) + 0.5) / height_px)[:, None, None]
    exact = np.broadcast_to(top + (bottom - top) * share, (height_px, width_px, 3))
    return dithered(exact, seed=0)


def dithered(levels: F64 | F32, seed: int) -> Rgb:
    """Convert levels 0 to 255 [h, w, 3] to uint8, rounding up or down at random so that areas keep their mean."""
    threshold = np.random.default_rng(seed).random(levels.shape[:2], np.float32)[:, :, None]
    return np.clip(np.floor(levels + threshold), 0, 255).astype(np.uint8)
