"""Procedural product backdrops without product and shadow: training data, and a starting picture for diffusion.

A scene is a floor in perspective that ends at a wall (a horizon line) or curves up into it (seamless), of one material,
under one key light. The spec and the seed determine the scene; the picture's size only changes its resolution.
"""

import math
from typing import Any

import cv2
import numpy as np

from pipeline.core.arrays import F32, F64, Rgb
from pipeline.core.domain import Frozen
from pipeline.core.linear import decode, encode
from pipeline.diffusion.scenes.materials import surface
from pipeline.diffusion.scenes.vocabulary import (
    COLOURS,
    HORIZON_FRAC,
    MATERIALS,
    SIDES,
    SOFTNESSES,
    WOOD_COLOURS,
    ColourName,
    Horizon,
    Material,
    SceneSpec,
    Side,
    Softness,
)


class SceneLabels(Frozen):
    """The ground truth of a generated scene.

    `horizon_frac`: height above the picture's bottom as a fraction of its height; None if the floor is seamless.
    `light_azimuth_deg`: azimuth of the key light, 0 behind the camera, positive towards the picture's right.
    """

    material: Material
    colour: ColourName
    light_side: Side
    light_azimuth_deg: float
    softness: Softness
    horizon_frac: float | None
    prompt: str


class _Sample(Frozen):
    """The parameters of a scene that the seed determines, beyond the spec."""

    horizon_frac: float
    camera_height: float
    light_azimuth_deg: float
    light_ratio: float
    ambient: float
    tint: tuple[float, float, float]
    wall_gain: float
    texture_seed: int
    structured: bool  # False replaces the surface by its mean


class _Midpoint:
    """Stands in for a random generator and returns the middle of every range."""

    def uniform(self, low: float, high: float, size: int | None = None) -> Any:
        middle = (low + high) / 2
        return middle if size is None else np.full(size, middle)

    def integers(self, high: int) -> int:
        return high // 2


def linear_from_srgb(srgb: Rgb | F32) -> F32:
    """Linear light 0-1 of sRGB 0-255, which may have fractions."""
    return decode(np.asarray(srgb, np.float32) / np.float32(255)).astype(np.float32)


def srgb_from_linear(linear: F32) -> Rgb:
    """Linear light 0-1 to sRGB uint8, clipped."""
    return np.round(encode(np.clip(linear, 0, 1)) * 255).astype(np.uint8)


def random_spec(rng: np.random.Generator) -> SceneSpec:
    """A scene drawn uniformly from the vocabulary, except that wood only has wood colours."""
    material = MATERIALS[int(rng.integers(len(MATERIALS)))]
    colours = WOOD_COLOURS if material == "wood" else tuple(COLOURS)
    horizons: tuple[Horizon, ...] = ("seamless", "low", "middle", "high")
    return SceneSpec(
        material=material,
        colour=colours[int(rng.integers(len(colours)))],
        side=SIDES[int(rng.integers(len(SIDES)))],
        softness=SOFTNESSES[int(rng.integers(2))],
        horizon=horizons[int(rng.integers(len(horizons)))],
    )


def render_scene(spec: SceneSpec, seed: int, width_px: int = 256, height_px: int = 256) -> tuple[Rgb, SceneLabels]:
    """Render a scene: sRGB uint8 [height_px, width_px, 3] and its labels. Deterministic."""
    sample = _sample(spec, seed)
    labels = SceneLabels(
        material=spec.material,
        colour=spec.colour,
        light_side=spec.side,
        light_azimuth_deg=sample.light_azimuth_deg,
        softness=spec.softness,
        horizon_frac=None if spec.horizon == "seamless" else sample.horizon_frac,
        prompt=spec.prompt,
    )
    return _picture(spec, sample, width_px, height_px), labels


def plain_scene(spec: SceneSpec, width_px: int = 256, height_px: int = 256) -> Rgb:
    """What all scenes of `spec` have in common, sRGB uint8 [height_px, width_px, 3].

    Floor, wall, light and colour are in the middle of their ranges, and the surface has no structure. This is about the
    mean of the scenes, and so the best prediction from the prompt alone.
    """
    return _picture(spec, _sample_with(_Midpoint(), spec, structured=False), width_px, height_px)


def _picture(spec: SceneSpec, sample: _Sample, width_px: int, height_px: int) -> Rgb:
    reflectance, floor = _reflectance(spec, sample, width_px, height_px)
    base = linear_from_srgb(np.array(COLOURS[spec.colour], np.uint8)) * np.array(sample.tint, np.float32)
    shading = _shading(spec, sample, floor, width_px)
    return srgb_from_linear(base * reflectance * shading[:, :, None])


def scene_detail(
    spec: SceneSpec, seed: int, width_px: int, height_px: int, coarse_px: float = 256, beyond: float = 0.0
) -> F32:
    """The scene's fine structure: a gain in linear light, float32 [height_px, width_px, 3], near 1 on average.

    It contains the detail that a picture of `coarse_px` on its long side cannot resolve: multiplying an enlarged
    picture of that size by it restores the surface and a sharp horizon, without changing light and colour. `beyond`:
    how far the picture extends beyond the scene on every side, as a fraction of it; floor and wall continue there.
    """
    sample = _sample(spec, seed)
    reflectance, floor = _reflectance(spec, sample, width_px, height_px, beyond)
    sharp = reflectance * _facing(spec, sample, floor, beyond)[:, :, None]
    sigma = 0.8 * max(1.0, max(width_px, height_px) / coarse_px)
    smooth = cv2.GaussianBlur(sharp, (0, 0), sigma)
    return np.clip(sharp / np.maximum(smooth, 1e-3), 0.5, 1.6).astype(np.float32)


def _sample(spec: SceneSpec, seed: int) -> _Sample:
    return _sample_with(np.random.default_rng([seed, 77]), spec, structured=True)


def _sample_with(rng: np.random.Generator | _Midpoint, spec: SceneSpec, *, structured: bool) -> _Sample:
    centre = HORIZON_FRAC[spec.horizon]
    least_gain = 0.80 if centre is None else 0.68  # a sweep curves up in the same light; a wall is farther back
    jitter = rng.uniform(-0.02, 0.02)
    azimuth = {"left": -1.0, "right": 1.0, "front": 0.0}[spec.side] * rng.uniform(40, 75) + rng.uniform(-5, 5)
    tint = rng.uniform(-0.03, 0.03, 3) + rng.uniform(-0.05, 0.03)
    return _Sample(
        horizon_frac=float((0.36 if centre is None else centre) + jitter),
        camera_height=float(rng.uniform(0.35, 0.6)),
        light_azimuth_deg=float(azimuth),
        light_ratio=float(rng.uniform(0.85, 1.15)),
        ambient=float(rng.uniform(0.50, 0.60)),
        tint=tuple((1 + tint).tolist()),
        wall_gain=float(rng.uniform(least_gain, least_gain + 0.12)),
        texture_seed=int(rng.integers(2**31)),
        structured=structured,
    )


def _reflectance(
    spec: SceneSpec, sample: _Sample, width_px: int, height_px: int, beyond: float = 0.0
) -> tuple[F32, F32]:
    """The material mapped onto floor and wall [h, w, 3], and each row's floor share [h] (1 floor, 0 wall).

    The floor's depth z at height y above the bottom follows a pinhole camera over a plane: y = v - f h / z, with the
    vanishing line v above the foot of the wall. A seamless floor is smoothed where it meets the wall.
    """
    y, whole = _heights(height_px, beyond), 1 + 2 * beyond
    aspect = width_px / height_px
    horizon, wall_depth = sample.horizon_frac, 1.6
    focal = 1.0
    vanishing = horizon + focal * sample.camera_height / wall_depth
    depth = focal * sample.camera_height / np.maximum(vanishing - np.minimum(y, horizon), 1e-3)
    along = depth + np.maximum(y - horizon, 0) * wall_depth / focal
    if spec.horizon == "seamless":
        bend = 0.10
        along = _smooth(along, bend * height_px / whole)
        depth = _smooth(depth, bend * height_px / whole)
        floor = np.asarray(1 / (1 + np.exp((y - horizon) / (bend * 0.6))), np.float32)
    else:
        edge = 0.7 * whole / height_px
        floor = np.asarray(np.clip((horizon - y) / edge + 0.5, 0, 1), np.float32)
    x = ((np.arange(width_px) + 0.5) / width_px - 0.5) * aspect * whole
    across = x[None, :] * depth[:, None] / focal
    n = int(2 ** math.ceil(math.log2(max(width_px, height_px) * 1.5)))
    texture = surface(spec.material, sample.texture_seed, n)
    if not sample.structured:
        texture = np.broadcast_to(texture.mean((0, 1)), texture.shape)
    scale = n / (2.6 * max(1.0, aspect))
    u = (across * scale + n / 2).astype(np.float32)
    v = np.broadcast_to((along * scale).astype(np.float32)[:, None], u.shape)
    laid = cv2.remap(texture, u, np.ascontiguousarray(v), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    if spec.material in ("wood", "terrazzo") and spec.horizon != "seamless":  # a hard floor in front of a painted wall
        laid = floor[:, None, None] * laid + (1 - floor[:, None, None]) * _wall(sample, width_px, height_px, whole)
    return np.asarray(laid, np.float32), floor


def _wall(sample: _Sample, width_px: int, height_px: int, whole: float) -> F32:
    """A painted wall [h, w, 3]; mirrored outside the scene, whose size is 1 / `whole` of the picture's."""
    own_w, own_h = round(width_px / whole), round(height_px / whole)
    paint = surface("paper", sample.texture_seed + 1, 512)
    wall = cv2.resize(paint, (own_w, own_h), interpolation=cv2.INTER_LINEAR) * np.float32(1.05)
    top, left = (height_px - own_h) // 2, (width_px - own_w) // 2
    sides = (top, height_px - own_h - top, left, width_px - own_w - left)
    return np.asarray(cv2.copyMakeBorder(wall, *sides, cv2.BORDER_REFLECT_101), np.float32)


def _heights(height_px: int, beyond: float) -> F64:
    """The height of each row [h] above the scene's bottom, in units of the scene's height."""
    y = (np.arange(height_px, dtype=np.float64)[::-1] + 0.5) / height_px
    return y * (1 + 2 * beyond) - beyond


def _smooth(values: F64, sigma_px: float) -> F64:
    """`values` [n] convolved with a Gaussian; an odd reflection continues straight lines beyond the ends."""
    reach = max(1, min(int(2.5 * sigma_px), len(values) - 1))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma_px) ** 2)
    padded = np.pad(values, reach, mode="reflect", reflect_type="odd")
    return np.convolve(padded, kernel / kernel.sum(), mode="valid")


def _shading(spec: SceneSpec, sample: _Sample, floor: F32, width_px: int) -> F32:
    """Illumination of the scene, float32 [h, w], about 1 at its brightest: ambient light plus a key light.

    A soft key light falls off gradually; a hard one makes a pool with a visible edge.
    """
    height_px = len(floor)
    y = (np.arange(height_px, dtype=np.float32)[::-1, None] + 0.5) / height_px
    x = (np.arange(width_px, dtype=np.float32)[None, :] + 0.5) / width_px - 0.5
    lean = np.float32(math.sin(math.radians(sample.light_azimuth_deg)))
    distance = np.hypot(x - 0.62 * lean, 0.75 * (y - 0.55))
    if spec.softness == "soft":
        key = np.exp(-((distance / np.float32(0.75 * sample.light_ratio)) ** 2))
    else:
        key = 1 / (1 + np.exp((distance - 0.52 * sample.light_ratio) / 0.07))
    shade = sample.ambient + (1 - sample.ambient) * key
    fade = 1.08 - 0.55 * y if spec.material == "gradient" else np.ones_like(y)
    return np.asarray(shade * fade * _facing(spec, sample, floor), np.float32)


def _facing(spec: SceneSpec, sample: _Sample, floor: F32, beyond: float = 0.0) -> F32:
    """The share of light that each row receives by its orientation, float32 [h, 1]."""
    y = _heights(len(floor), beyond)[:, None].astype(np.float32)
    facing = floor[:, None] + (1 - floor[:, None]) * np.float32(sample.wall_gain)
    if spec.horizon == "seamless":
        return np.asarray(facing, np.float32)
    corner = 1 - 0.10 * np.exp(-np.abs(y - sample.horizon_frac) / 0.035)  # less light reaches the corner
    return np.asarray(facing * corner, np.float32)
