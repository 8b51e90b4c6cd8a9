"""The wall behind a surface that does not bend: painted plaster, painted boards or glazed tiles."""

from typing import Literal

import cv2
import numpy as np

from pipeline.core.arrays import F32
from pipeline.diffusion.scenes.laying import sampled
from pipeline.diffusion.scenes.materials import fractal, lattice
from pipeline.diffusion.scenes.sight import Profile
from pipeline.diffusion.scenes.vocabulary import Material

WallKind = Literal["plaster", "boards", "tiles"]
WALLS: dict[Material, tuple[WallKind, ...]] = {
    "wood": ("plaster", "boards"),
    "marble": ("plaster", "tiles"),
    "terrazzo": ("plaster",),
}
NEUTRAL: dict[Material, tuple[tuple[float, float, float], float]] = {  # linear colour, and its share of the wall's
    "wood": ((0.72, 0.68, 0.61), 0.62),
    "marble": ((0.58, 0.56, 0.52), 0.55),
    "terrazzo": ((0.70, 0.67, 0.62), 0.5),
}
TILE = 6.0  # product radii that one wall surface covers; it is mirrored beyond
SIDE_PX = 1024


def wall_colour(base: F32, material: Material) -> F32:
    """Linear colour [3] of the wall behind a surface of colour `base`: related to it, but calmer."""
    neutral, share = NEUTRAL[material]
    return np.asarray((1 - share) * base + share * np.array(neutral, np.float32), np.float32)


def wall_surface(kind: WallKind, seed: int, profile: Profile, x: F32, wall_y: float, *, structured: bool) -> F32:
    """Reflectance relative to the wall's colour, [h, w, 3]."""
    if not structured:
        return np.ones((*x.shape, 3), np.float32)
    n = SIDE_PX if max(x.shape) > SIDE_PX // 2 else SIDE_PX // 2
    relief = _MAKERS[kind](np.random.default_rng([seed, 5]), n)
    texture = np.repeat(np.clip(relief, 0.4, 1.3)[:, :, None], 3, axis=2).astype(np.float32)
    return sampled(texture, x / np.float32(TILE) + np.float32(0.5), (profile.along - wall_y) / TILE)


def _plaster(rng: np.random.Generator, n: int) -> F32:
    return np.asarray(1 + 0.028 * fractal(rng, n, 3, 5) + 0.018 * fractal(rng, n, 40, 3), np.float32)


def _boards(rng: np.random.Generator, n: int) -> F32:
    """Upright boards with a groove between them: one side of a groove is dark, the other catches the light."""
    count = int(rng.integers(9, 14))
    u = np.arange(n, dtype=np.float32) / n * count + np.float32(rng.uniform())
    index, within = np.floor(u).astype(int), u % 1
    tones = rng.uniform(0.965, 1.02, count + 2).astype(np.float32)[index]
    groove = 0.30 * np.exp(-((within / 0.03) ** 2)) - 0.06 * np.exp(-(((within - 0.075) / 0.03) ** 2))
    grain = 0.02 * fractal(rng, n, 48, 3, stretch=16)
    return np.asarray((tones - groove.astype(np.float32))[None] + grain, np.float32)


def _tiles(rng: np.random.Generator, n: int) -> F32:
    """Glazed tiles in courses, each laid half a tile on: their tones differ a little, the joints are darker."""
    rows, columns = 22, 9
    v = np.arange(n, dtype=np.float32)[:, None] / n * rows
    course = np.floor(v).astype(int)
    u = np.arange(n, dtype=np.float32)[None] / n * columns + 0.5 * (course % 2)
    column = np.floor(u).astype(int)
    tones = rng.uniform(0.93, 1.04, (rows + 1, columns + 2)).astype(np.float32)[course, column]
    across, down = u % 1, v % 1
    edge = np.minimum(np.minimum(across, 1 - across) * rows / columns, np.minimum(down, 1 - down))
    joint = 0.14 * np.exp(-((edge / 0.05) ** 2))
    glaze = 0.05 * (0.5 - down) + 0.012 * lattice(rng, n, 60, 60)
    return np.asarray(cv2.GaussianBlur((tones + glaze - joint).astype(np.float32), (0, 0), n / 1024), np.float32)


_MAKERS = {"plaster": _plaster, "boards": _boards, "tiles": _tiles}
