"""Procedural materials: the appearance of a backdrop's surface under even light.

Each material is a function of a seeded generator and a canvas size n in px. It returns reflectance relative to the
backdrop's colour: float32 [n, n, 3], mean near 1. The random numbers are drawn on lattices whose size does not depend
on the canvas, so that one seed gives the same surface at 256 px and at 2048 px, only finer.
"""

import math
from collections.abc import Callable

import cv2
import numpy as np

from pipeline.core.arrays import F32
from pipeline.diffusion.scenes.vocabulary import Material

Rng = np.random.Generator


def lattice(rng: Rng, n: int, rows: int, columns: int) -> F32:
    """Smooth noise [n, n] in about [-1, 1] with `rows` x `columns` features, interpolated bicubically."""
    grid = rng.uniform(-1, 1, (rows, columns)).astype(np.float32)
    return _resized(grid, n, n)


def fractal(rng: Rng, n: int, first: int, octaves: int, stretch: int = 1) -> F32:
    """Fractal noise [n, n] with unit standard deviation; `stretch` elongates it along y.

    It is drawn at the size that its finest features need, and enlarged.
    """
    finest = first * 2 ** (octaves - 1)
    width, height = (min(n, 2 ** math.ceil(math.log2(4 * count))) for count in (finest, max(2, finest // stretch)))
    total = np.zeros((height, width), np.float32)
    for octave in range(octaves):
        columns = first * 2**octave
        grid = rng.uniform(-1, 1, (max(2, columns // stretch), columns)).astype(np.float32)
        total += _resized(grid, width, height) * np.float32(0.5**octave)
    total /= np.float32(max(float(total.std()), 1e-6))
    return total if total.shape == (n, n) else _resized(total, n, n)


def _resized(grid: F32, width: int, height: int) -> F32:
    finer = width >= grid.shape[1] and height >= grid.shape[0]
    interpolation = cv2.INTER_CUBIC if finer else cv2.INTER_AREA
    return np.asarray(cv2.resize(grid, (width, height), interpolation=interpolation), np.float32)


def warped(field: F32, rng: Rng, strength: float) -> F32:
    """`field` [n, n] displaced by smooth noise; `strength` is a fraction of the canvas."""
    n = field.shape[0]
    y, x = np.mgrid[0:n, 0:n].astype(np.float32)
    dx, dy = (fractal(rng, n, 4, 3) * np.float32(strength * n) for _ in range(2))
    return np.asarray(cv2.remap(field, x + dx, y + dy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT), np.float32)


def turned(field: F32, angle: float) -> F32:
    """`field` [n, n] rotated about its centre by `angle` in rad, mirrored beyond its edges."""
    n = field.shape[0]
    matrix = cv2.getRotationMatrix2D((n / 2, n / 2), float(np.degrees(angle)), 1.0)
    return np.asarray(cv2.warpAffine(field, matrix, (n, n), borderMode=cv2.BORDER_REFLECT), np.float32)


def relief(height: F32, strength: float) -> F32:
    """Shading [n, n] of a height field under grazing light: its slope along x and y, independent of n."""
    n = height.shape[0]
    slope = np.gradient(height, axis=1) + 0.6 * np.gradient(height, axis=0)
    return np.asarray(slope * (n / 512) * strength, np.float32)


def _grey(field: F32) -> F32:
    return np.repeat(field[:, :, None], 3, axis=2).astype(np.float32)


def _paper(rng: Rng, n: int) -> F32:
    return _grey(1 + 0.006 * fractal(rng, n, 6, 3) + 0.010 * lattice(rng, n, 512, 512))


def _gradient(rng: Rng, n: int) -> F32:
    return _grey(1 + 0.004 * fractal(rng, n, 2, 2))


def _plaster(rng: Rng, n: int) -> F32:
    """Limewash: clouds of pigment, crossing brush strokes, and a grain that only shows close up."""
    clouds = warped(fractal(rng, n, 4, 5), rng, 0.04)
    strokes = warped(fractal(rng, n, 20, 3, stretch=3), rng, 0.05)
    crossed = warped(fractal(rng, n, 16, 3, stretch=3).T.copy(), rng, 0.05)
    grain = relief(lattice(rng, n, 420, 420), 0.012)
    return _grey(1 + 0.050 * clouds + 0.020 * strokes + 0.020 * crossed + grain)


def _wood(rng: Rng, n: int) -> F32:
    """Boards with butt joints: each has its own tone and its own part of the grain (pores, rings, fine fibres)."""
    boards = int(rng.integers(6, 9))
    u = np.linspace(0, boards, n, endpoint=False, dtype=np.float32) + np.float32(rng.uniform())
    column = np.floor(u).astype(int)
    v = np.linspace(0, 1, n, endpoint=False, dtype=np.float32)
    length = np.float32(rng.uniform(0.55, 0.8))
    starts = rng.uniform(0, 1, boards + 2).astype(np.float32)[column]
    row = v[:, None] / length + starts[None]
    board = np.floor(row).astype(int)
    tones = rng.uniform(0.88, 1.10, (4, boards + 2)).astype(np.float32)[board, column[None]]
    shifts = rng.uniform(0, 1, (4, boards + 2)).astype(np.float32)[board, column[None]]
    grain = _grain(rng, n)
    y, x = np.arange(n, dtype=np.float32)[:, None], np.arange(n, dtype=np.float32)[None]
    cut = cv2.remap(grain, _mirrored(x + shifts * n * 0.6, n), _mirrored(y + shifts * n, n), cv2.INTER_LINEAR)
    side = np.minimum(u - column, 1 - (u - column)) / boards
    end = np.minimum(row - board, 1 - (row - board)) * length
    gap = np.exp(-((side / 0.0016) ** 2))[None] + np.exp(-((end / 0.0014) ** 2))
    bevel = np.exp(-side / 0.006)[None] + np.exp(-end / 0.006)
    base = (1 + cut) * tones * (1 - 0.55 * np.minimum(gap, 1)) * (1 - 0.06 * np.minimum(bevel, 1))
    return np.stack([base**0.85, base, base**1.25], axis=2).astype(np.float32)


def _mirrored(at: F32, n: int) -> F32:
    """Positions 0 to 2n folded back into 0 to n - 1."""
    return np.asarray(np.clip(n - np.abs(n - at % (2 * n)), 0, n - 1), np.float32)


def _grain(rng: Rng, n: int) -> F32:
    """Grain along y, about -0.2 to 0.2: growth rings cut at a slant, fibres, and dark short pores."""
    slow = warped(fractal(rng, n, 5, 3, stretch=5), rng, 0.012)
    rings = np.sin(slow * 9 + fractal(rng, n, 12, 3, stretch=10) * 1.6)
    fibres = fractal(rng, n, 90, 4, stretch=26)
    pores = np.clip(fractal(rng, n, 260, 2, stretch=18) - 1.3, 0, 2)
    return np.asarray(0.045 * rings + 0.040 * fibres - 0.07 * pores, np.float32)


def _marble(rng: Rng, n: int) -> F32:
    """A polished slab: pale clouds drawn out along one direction, broad grey bands, and fine veins that branch off."""
    angle = rng.uniform(0.4, 1.1) * (1 if rng.uniform() < 0.5 else -1)
    y, x = np.arange(n, dtype=np.float32)[:, None] / n, np.arange(n, dtype=np.float32)[None] / n
    across = x * np.float32(np.cos(angle)) + y * np.float32(np.sin(angle))
    down = y * np.float32(np.cos(angle)) - x * np.float32(np.sin(angle))
    bend = 0.075 * fractal(rng, n, 2, 3) + 0.022 * fractal(rng, n, 7, 4)
    wavy = across + bend
    tone = 0.030 * turned(fractal(rng, n, 3, 5, stretch=3), angle) + 0.018 * fractal(rng, n, 5, 4)
    bands = np.zeros((n, n), np.float32)
    for share, width, depth in ((1.0, 0.030, 0.16), (1.7, 0.012, 0.13), (3.1, 0.005, 0.15), (4.3, 0.0035, 0.10)):
        phase = wavy * np.float32(share * 2.1) + np.float32(rng.uniform())
        if share > 1.5:  # finer veins leave the bands at an angle
            phase = phase + np.float32(0.35 * rng.uniform(-1, 1)) * down + 0.05 * fractal(rng, n, 9, 4)
        off = np.abs(phase - np.round(phase)) / np.float32(share * 2.1)
        fading = np.clip(0.55 + 0.6 * fractal(rng, n, 4, 2), 0, 1)
        core = np.exp(-off / np.float32(width * 0.35)) * 0.6 + np.exp(-off / np.float32(width * 1.6)) * 0.5
        bands += np.float32(depth) * (core * fading).astype(np.float32)
    base = np.clip(1.015 + tone - bands, 0.42, 1.2).astype(np.float32)
    return np.stack([base, base**0.985, base**0.95], axis=2).astype(np.float32)


def _concrete(rng: Rng, n: int) -> F32:
    """Cast concrete: clouds, the marks of the shuttering, fine sand, and few small air holes."""
    blotches = 0.050 * fractal(rng, n, 3, 6) + 0.020 * warped(fractal(rng, n, 10, 4), rng, 0.03)
    sand = 0.022 * lattice(rng, n, 640, 640) + 0.014 * lattice(rng, n, 300, 300)
    pits = lattice(rng, n, 360, 360)
    holes = np.clip((pits - 0.985) / 0.05, 0, 1) * 0.45
    return _grey(0.99 + blotches + sand - holes.astype(np.float32))


def _linen(rng: Rng, n: int) -> F32:
    """A plain weave: every thread has its own thickness and tone, and soft folds run across."""
    threads = 190
    axis = np.linspace(0, threads * 2 * np.pi, n, endpoint=False, dtype=np.float32)
    warp_ = np.sin(axis[None, :] + 1.0 * lattice(rng, n, 40, 40))
    weft = np.sin(axis[:, None] + 1.0 * lattice(rng, n, 40, 40))
    slubs = lattice(rng, n, 14, 2 * threads) + lattice(rng, n, 2 * threads, 14)
    folds = fractal(rng, n, 2, 3)
    return _grey(1 + 0.050 * warp_ + 0.050 * weft + 0.060 * slubs + 0.040 * folds)


def _terrazzo(rng: Rng, n: int) -> F32:
    base = _grey(1 + 0.015 * fractal(rng, n, 6, 4))
    chips = 900
    palette = np.array(
        [[0.45, 0.43, 0.42], [0.78, 0.60, 0.48], [1.12, 1.10, 1.06], [0.62, 0.66, 0.70], [0.86, 0.76, 0.60]]
    )
    centres, sizes = rng.uniform(0, 1, (chips, 2)), rng.uniform(0.004, 0.020, chips) * rng.uniform(0.5, 1, chips)
    angles = np.sort(rng.uniform(0, 2 * np.pi, (chips, 6)), axis=1)
    radii, tone = rng.uniform(0.6, 1.0, (chips, 6)), rng.uniform(0.9, 1.08, chips)
    kinds = rng.integers(0, len(palette), chips)
    for chip in range(chips):
        corner = np.stack([np.cos(angles[chip]), np.sin(angles[chip])], 1) * (radii[chip] * sizes[chip])[:, None]
        points = np.round((centres[chip] + corner) * n * 16).astype(np.int32)
        shade = palette[kinds[chip]] * tone[chip]
        cv2.fillConvexPoly(base, cv2.convexHull(points), shade.tolist(), cv2.LINE_8, shift=4)
    return base


def _caustics(rng: Rng, n: int) -> F32:
    net = np.zeros((n, n), np.float32)
    for first in (7, 11):
        net += np.exp(-np.abs(warped(fractal(rng, n, first, 2), rng, 0.05)) / 0.16)
    light = cv2.GaussianBlur(net, (0, 0), n / 512)
    return _grey(0.86 + 0.34 * np.asarray(light, np.float32) ** 1.5)


_MAKERS: dict[Material, Callable[[Rng, int], F32]] = {
    "paper": _paper,
    "gradient": _gradient,
    "plaster": _plaster,
    "wood": _wood,
    "marble": _marble,
    "concrete": _concrete,
    "linen": _linen,
    "terrazzo": _terrazzo,
    "caustics": _caustics,
}


def surface(material: Material, seed: int, n: int) -> F32:
    """Reflectance of `material` relative to the backdrop's colour, float32 [n, n, 3]; the same surface at every n."""
    return np.clip(_MAKERS[material](np.random.default_rng(seed), n), 0.05, 1.6)
