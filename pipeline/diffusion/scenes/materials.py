"""Procedural materials: the appearance of a backdrop's surface under even light.

Each material is a function of a seeded generator and a canvas size n in px. It returns reflectance relative to the
backdrop's colour: float32 [n, n, 3], mean near 1. The random numbers are drawn on lattices whose size does not depend
on the canvas, so that one seed gives the same surface at 256 px and at 2048 px, only finer.
"""

from collections.abc import Callable

import cv2
import numpy as np

from pipeline.core.arrays import F32
from pipeline.diffusion.scenes.vocabulary import Material

Rng = np.random.Generator


def lattice(rng: Rng, n: int, rows: int, columns: int) -> F32:
    """Smooth noise [n, n] in about [-1, 1] with `rows` x `columns` features, interpolated bicubically."""
    grid = rng.uniform(-1, 1, (rows, columns)).astype(np.float32)
    interpolation = cv2.INTER_CUBIC if n >= max(rows, columns) else cv2.INTER_AREA
    return np.asarray(cv2.resize(grid, (n, n), interpolation=interpolation), np.float32)


def fractal(rng: Rng, n: int, first: int, octaves: int, stretch: int = 1) -> F32:
    """Fractal noise [n, n] with unit standard deviation; `stretch` elongates it along y."""
    total = np.zeros((n, n), np.float32)
    for octave in range(octaves):
        columns = first * 2**octave
        total += lattice(rng, n, max(2, columns // stretch), columns) * 0.5**octave
    return total / np.float32(max(float(total.std()), 1e-6))


def warped(field: F32, rng: Rng, strength: float) -> F32:
    """`field` [n, n] displaced by smooth noise; `strength` is a fraction of the canvas."""
    n = field.shape[0]
    y, x = np.mgrid[0:n, 0:n].astype(np.float32)
    dx, dy = (fractal(rng, n, 4, 3) * np.float32(strength * n) for _ in range(2))
    return np.asarray(cv2.remap(field, x + dx, y + dy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT), np.float32)


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
    clouds = fractal(rng, n, 5, 6)
    strokes = warped(fractal(rng, n, 24, 4, stretch=3), rng, 0.03)
    return _grey(1 + 0.055 * clouds + 0.035 * strokes + relief(fractal(rng, n, 40, 4), 0.12))


def _wood(rng: Rng, n: int) -> F32:
    planks = int(rng.integers(6, 10))
    u = np.linspace(0, planks, n, endpoint=False, dtype=np.float32) + np.float32(rng.uniform())
    index = np.floor(u).astype(int)
    tones = rng.uniform(0.82, 1.12, planks + 2).astype(np.float32)[index]
    shifts = rng.uniform(0, 1, planks + 2)
    fibres = fractal(rng, n, 64, 4, stretch=24)
    rings = np.sin(fractal(rng, n, 10, 3, stretch=8) * 5 + warped(fractal(rng, n, 6, 2, stretch=4), rng, 0.02) * 6)
    grain = 0.055 * fibres + 0.05 * rings.astype(np.float32)
    shifted = np.empty_like(grain)
    mirrored = np.abs((np.arange(2 * n) + n) % (2 * n) - n).clip(max=n - 1)
    for plank in range(planks + 2):  # every plank's grain starts at its own offset and is mirrored at its end
        columns = index == plank
        rows = mirrored[(np.arange(n) + int(shifts[plank] * n)) % (2 * n)]
        shifted[:, columns] = grain[:, columns][rows]
    edge = np.minimum(u - index, 1 - (u - index))
    seam = 1 - 0.55 * np.exp(-((edge / 0.012) ** 2)).astype(np.float32)
    base = (1 + shifted) * tones[None] * seam[None]
    return np.stack([base**0.85, base, base**1.25], axis=2).astype(np.float32)


def _marble(rng: Rng, n: int) -> F32:
    clouds = 0.035 * fractal(rng, n, 3, 5)
    wide = warped(fractal(rng, n, 3, 4), rng, 0.10)
    thin = warped(fractal(rng, n, 6, 4), rng, 0.08)
    veins = 0.34 * np.exp(-np.abs(wide) / 0.055) * np.clip(fractal(rng, n, 3, 2) * 0.5 + 0.6, 0, 1)
    veins += 0.20 * np.exp(-np.abs(thin) / 0.035) * np.clip(fractal(rng, n, 4, 2) * 0.6 + 0.3, 0, 1)
    base = 1 + clouds - veins.astype(np.float32)
    return np.stack([base, base**0.98, base**0.94], axis=2).astype(np.float32)


def _concrete(rng: Rng, n: int) -> F32:
    blotches = 0.06 * fractal(rng, n, 3, 6) + 0.03 * lattice(rng, n, 256, 256)
    pits = lattice(rng, n, 150, 150)
    holes = np.clip((pits - 0.93) / 0.07, 0, 1) * 0.45
    return _grey(0.98 + blotches - holes.astype(np.float32) + relief(fractal(rng, n, 64, 3), 0.06))


def _linen(rng: Rng, n: int) -> F32:
    threads = 130
    axis = np.linspace(0, threads * 2 * np.pi, n, endpoint=False, dtype=np.float32)
    warp_ = np.sin(axis[None, :] + 1.2 * lattice(rng, n, 40, 40))
    weft = np.sin(axis[:, None] + 1.2 * lattice(rng, n, 40, 40))
    slubs = lattice(rng, n, 12, 2 * threads) + lattice(rng, n, 2 * threads, 12)
    folds = fractal(rng, n, 2, 3)
    return _grey(1 + 0.055 * warp_ + 0.055 * weft + 0.085 * slubs + 0.045 * folds)


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
