"""Procedural product backdrops, without product and without shadow: the training data, and a start for the diffusion.

A scene is a floor seen in perspective that ends at a wall (a horizon line) or sweeps up into it (seamless), of one
material, under one key light. Everything follows from the spec and the seed; the picture's size only changes how fine
it is.
"""

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.core.domain import Frozen
from pipeline.diffusion.scenes.materials import Field, surface
from pipeline.diffusion.scenes.vocabulary import (
    COLOURS,
    HORIZON_FRAC,
    MATERIALS,
    SIDES,
    SOFTNESSES,
    WOOD_COLOURS,
    Colour,
    Horizon,
    Material,
    SceneSpec,
    Side,
    Softness,
)

Rgb = NDArray[np.uint8]


class SceneLabels(Frozen):
    """What is true of a generated scene.

    `horizon_frac` is the height above the picture's bottom, None where the floor is seamless.

    `light_azimuth_deg`: where the key light stands, 0 behind the camera, positive to the picture's right.
    """

    material: Material
    colour: Colour
    light_side: Side
    light_azimuth_deg: float
    softness: Softness
    horizon_frac: float | None
    prompt: str


class _Drawn(Frozen):
    """The numbers that a seed decides beyond the spec."""

    horizon_frac: float
    camera_height: float
    light_azimuth_deg: float
    light_ratio: float
    ambient: float
    tint: tuple[float, float, float]
    wall_gain: float
    texture_seed: int
    structured: bool  # False: of the surface only its mean


class _Middle:
    """Draws as a random generator does, but always the middle of the range."""

    def uniform(self, low: float, high: float, size: int | None = None) -> Any:
        middle = (low + high) / 2
        return middle if size is None else np.full(size, middle)

    def integers(self, high: int) -> int:
        return high // 2


def linear_from_srgb(srgb: NDArray[np.uint8] | NDArray[np.float32]) -> Field:
    """Linear light 0-1 of sRGB 0-255 (IEC 61966-2-1)."""
    x = np.asarray(srgb, np.float32) / np.float32(255)
    return np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4).astype(np.float32)


def srgb_from_linear(linear: Field) -> Rgb:
    """Linear light 0-1 to sRGB uint8, clipped (IEC 61966-2-1)."""
    x = np.clip(linear, 0, 1)
    encoded = np.where(x <= 0.0031308, x * 12.92, 1.055 * np.maximum(x, 1e-9) ** (1 / 2.4) - 0.055)
    return np.round(encoded * 255).astype(np.uint8)


def random_spec(rng: np.random.Generator) -> SceneSpec:
    """A scene that the vocabulary can ask for, evenly drawn; wood keeps the colours of wood."""
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
    """The scene as sRGB uint8 [height_px, width_px, 3], and its labels. The same call gives the same bytes."""
    drawn = _draw(spec, seed)
    labels = SceneLabels(
        material=spec.material,
        colour=spec.colour,
        light_side=spec.side,
        light_azimuth_deg=drawn.light_azimuth_deg,
        softness=spec.softness,
        horizon_frac=None if spec.horizon == "seamless" else drawn.horizon_frac,
        prompt=spec.prompt,
    )
    return _picture(spec, drawn, width_px, height_px), labels


def plain_scene(spec: SceneSpec, width_px: int = 256, height_px: int = 256) -> Rgb:
    """What all scenes of `spec` have in common, sRGB uint8 [height_px, width_px, 3].

    Floor, wall, light and colour at the middle of what a seed can draw, without the surface's structure: about the
    scenes' mean, and so the best that a prompt alone can tell.
    """
    return _picture(spec, _drawn_by(_Middle(), spec, structured=False), width_px, height_px)


def _picture(spec: SceneSpec, drawn: _Drawn, width_px: int, height_px: int) -> Rgb:
    reflectance, floor = _reflectance(spec, drawn, width_px, height_px)
    base = linear_from_srgb(np.array(COLOURS[spec.colour], np.uint8)) * np.array(drawn.tint, np.float32)
    shading = _shading(spec, drawn, floor, width_px)
    return srgb_from_linear(base * reflectance * shading[:, :, None])


def scene_detail(
    spec: SceneSpec, seed: int, width_px: int, height_px: int, coarse_px: float = 256, beyond: float = 0.0
) -> Field:
    """The scene's fine structure alone: gain in linear light, float32 [height_px, width_px, 3], near 1 on average.

    It holds what a picture of `coarse_px` on its long side cannot: multiplied onto an enlarged picture of that size it
    brings the surface and a sharp horizon back, the same for one seed. Light and colour are not in it. `beyond`: how
    far the picture reaches beyond the scene's own on every side, in shares of that; floor and wall go on there.
    """
    drawn = _draw(spec, seed)
    reflectance, floor = _reflectance(spec, drawn, width_px, height_px, beyond)
    sharp = reflectance * _facing(spec, drawn, floor, beyond)[:, :, None]
    sigma = 0.8 * max(1.0, max(width_px, height_px) / coarse_px)
    smooth = cv2.GaussianBlur(sharp, (0, 0), sigma)
    return np.clip(sharp / np.maximum(smooth, 1e-3), 0.5, 1.6).astype(np.float32)


def _draw(spec: SceneSpec, seed: int) -> _Drawn:
    return _drawn_by(np.random.default_rng([seed, 77]), spec, structured=True)


def _drawn_by(rng: np.random.Generator | _Middle, spec: SceneSpec, *, structured: bool) -> _Drawn:
    centre = HORIZON_FRAC[spec.horizon]
    least_gain = 0.80 if centre is None else 0.68  # a sweep bends up in the same light; a wall stands further back
    jitter = rng.uniform(-0.02, 0.02)
    azimuth = {"left": -1.0, "right": 1.0, "front": 0.0}[spec.side] * rng.uniform(40, 75) + rng.uniform(-5, 5)
    tint = rng.uniform(-0.03, 0.03, 3) + rng.uniform(-0.05, 0.03)
    return _Drawn(
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
    spec: SceneSpec, drawn: _Drawn, width_px: int, height_px: int, beyond: float = 0.0
) -> tuple[Field, Field]:
    """The material laid over floor and wall, and how much of each pixel row is floor ([h], 1 floor, 0 wall).

    The floor's depth z at height y above the bottom follows a pinhole over a plane: y = v - f h / z, with the vanishing
    line v above the wall's foot. Seamless: the floor's stretch is capped smoothly at the wall's, which bends it up.
    """
    y, whole = _heights(height_px, beyond), 1 + 2 * beyond
    aspect = width_px / height_px
    horizon, wall_depth = drawn.horizon_frac, 1.6
    focal = 1.0
    vanishing = horizon + focal * drawn.camera_height / wall_depth
    depth = focal * drawn.camera_height / np.maximum(vanishing - np.minimum(y, horizon), 1e-3)
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
    texture = surface(spec.material, drawn.texture_seed, n)
    if not drawn.structured:
        texture = np.broadcast_to(texture.mean((0, 1)), texture.shape)
    scale = n / (2.6 * max(1.0, aspect))
    u = (across * scale + n / 2).astype(np.float32)
    v = np.broadcast_to((along * scale).astype(np.float32)[:, None], u.shape)
    laid = cv2.remap(texture, u, np.ascontiguousarray(v), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    if spec.material in ("wood", "terrazzo") and spec.horizon != "seamless":  # a boarded floor before a painted wall
        laid = floor[:, None, None] * laid + (1 - floor[:, None, None]) * _wall(drawn, width_px, height_px, whole)
    return np.asarray(laid, np.float32), floor


def _wall(drawn: _Drawn, width_px: int, height_px: int, whole: float) -> Field:
    """A painted wall [h, w, 3]; beyond the scene's own picture, a `whole`th of this one, its paint is mirrored."""
    own_w, own_h = round(width_px / whole), round(height_px / whole)
    paint = surface("paper", drawn.texture_seed + 1, 512)
    wall = cv2.resize(paint, (own_w, own_h), interpolation=cv2.INTER_LINEAR) * np.float32(1.05)
    top, left = (height_px - own_h) // 2, (width_px - own_w) // 2
    sides = (top, height_px - own_h - top, left, width_px - own_w - left)
    return np.asarray(cv2.copyMakeBorder(wall, *sides, cv2.BORDER_REFLECT_101), np.float32)


def _heights(height_px: int, beyond: float) -> NDArray[np.float64]:
    """The height of each row [h] above the bottom of the scene's own picture, whose top is 1."""
    y = (np.arange(height_px, dtype=np.float64)[::-1] + 0.5) / height_px
    return y * (1 + 2 * beyond) - beyond


def _smooth(values: NDArray[np.float64], sigma_px: float) -> NDArray[np.float64]:
    """`values` [n] under a Gaussian, continued in a straight line beyond its ends."""
    reach = max(1, min(int(2.5 * sigma_px), len(values) - 1))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma_px) ** 2)
    padded = np.pad(values, reach, mode="reflect", reflect_type="odd")
    return np.convolve(padded, kernel / kernel.sum(), mode="valid")


def _shading(spec: SceneSpec, drawn: _Drawn, floor: Field, width_px: int) -> Field:
    """Light on the scene, float32 [h, w], about 1 where it is brightest: ambient, and a key light from its side.

    A soft light falls off slowly and evenly; a hard one makes a pool with a visible edge.
    """
    height_px = len(floor)
    y = (np.arange(height_px, dtype=np.float32)[::-1, None] + 0.5) / height_px
    x = (np.arange(width_px, dtype=np.float32)[None, :] + 0.5) / width_px - 0.5
    lean = np.float32(math.sin(math.radians(drawn.light_azimuth_deg)))
    distance = np.hypot(x - 0.62 * lean, 0.75 * (y - 0.55))
    if spec.softness == "soft":
        key = np.exp(-((distance / np.float32(0.75 * drawn.light_ratio)) ** 2))
    else:
        key = 1 / (1 + np.exp((distance - 0.52 * drawn.light_ratio) / 0.07))
    shade = drawn.ambient + (1 - drawn.ambient) * key
    fade = 1.08 - 0.55 * y if spec.material == "gradient" else np.ones_like(y)
    return np.asarray(shade * fade * _facing(spec, drawn, floor), np.float32)


def _facing(spec: SceneSpec, drawn: _Drawn, floor: Field, beyond: float = 0.0) -> Field:
    """How much of the light each row of the scene gets by the way it faces, float32 [h, 1]."""
    y = _heights(len(floor), beyond)[:, None].astype(np.float32)
    facing = floor[:, None] + (1 - floor[:, None]) * np.float32(drawn.wall_gain)
    if spec.horizon == "seamless":
        return np.asarray(facing, np.float32)
    corner = 1 - 0.10 * np.exp(-np.abs(y - drawn.horizon_frac) / 0.035)  # less light reaches where floor meets wall
    return np.asarray(facing * corner, np.float32)
