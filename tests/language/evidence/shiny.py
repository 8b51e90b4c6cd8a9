"""Rendered products with known gloss: a vase, lit by a round lamp, by a microfacet model (GGX)."""

import numpy as np

from pipeline.core.arrays import F64, Rgba


def vase(
    colour: tuple[float, float, float],
    roughness: float,
    *,
    lamp_deg: float = 10.0,
    lamp_from_deg: float = 35.0,
    paint: bool = False,
) -> Rgba:
    """A body of revolution of 240 x 400 px. `colour`: linear reflectance; `roughness`: GGX's alpha, 1 for no highlight.

    `lamp_deg`: its angular radius; `lamp_from_deg`: from the camera's axis to the left. `paint`: white figures on it.
    """
    height, width = 400, 240
    y, x = np.mgrid[0:height, 0:width].astype(float)
    down = y / height * 2 - 1
    radius = (0.8 + 0.18 * np.cos(2.4 * down)) * width / 2
    across = (x - width / 2 + 0.5) / radius
    inside = np.abs(across) < 1
    slope = -0.18 * 2.4 * np.sin(2.4 * down) * width / height
    normal = np.dstack([across, slope, np.sqrt(np.clip(1 - across**2, 1e-6, 1))])
    normal /= np.linalg.norm(normal, axis=2, keepdims=True)
    albedo = np.broadcast_to(np.array(colour), (height, width, 3)).copy()
    if paint:
        figures = (np.hypot(x - 130, y - 150) < 32) | ((np.abs(y - 260) < 22) & (np.abs(x - 120) < 60) & (x % 24 < 15))
        albedo[figures] = 0.85
    light = np.zeros((height, width, 3))
    lamps = _lamp(lamp_deg, lamp_from_deg)
    for towards in lamps:
        facing = np.clip(normal @ towards, 0, None)
        light += (albedo * 0.9 + 0.0) * facing[..., None] / len(lamps)
        if roughness < 1:
            light += (_ggx(normal, towards, roughness) * facing)[..., None] / len(lamps)
    light += 0.25 * albedo
    encoded = np.where(light <= 0.0031308, light * 12.92, 1.055 * np.clip(light, 0.0031308, None) ** (1 / 2.4) - 0.055)
    picture = np.zeros((height + 20, width + 20, 4), np.uint8)
    picture[10:-10, 10:-10, :3] = np.where(inside[..., None], encoded.clip(0, 1) * 255, 0).round()
    picture[10:-10, 10:-10, 3] = np.where(inside, 255, 0)
    return picture


def _lamp(radius_deg: float, from_deg: float) -> list[F64]:
    """Directions of 32 points of a round lamp."""
    axis = np.array([-np.sin(np.radians(from_deg)), -0.5, np.cos(np.radians(from_deg))])
    axis /= np.linalg.norm(axis)
    right = np.cross([0.0, 1.0, 0.0], axis)
    right /= np.linalg.norm(right)
    up = np.cross(axis, right)
    points = []
    for number in range(32):
        reach = np.tan(np.radians(radius_deg)) * np.sqrt((number + 0.5) / 32)
        turn = number * np.pi * (3 - np.sqrt(5))
        point = axis + reach * (np.cos(turn) * right + np.sin(turn) * up)
        points.append(point / np.linalg.norm(point))
    return points


def _ggx(normal: F64, towards: F64, roughness: float) -> F64:
    """Reflected light of a dielectric of index 1.5 (F0 = 0.04) for a camera on the z axis, without shadowing."""
    half = towards + np.array([0.0, 0.0, 1.0])
    half /= np.linalg.norm(half)
    cosine = np.clip(normal @ half, 0, 1)
    a2 = max(roughness, 0.03) ** 2
    spread = a2 / (np.pi * (cosine**2 * (a2 - 1) + 1) ** 2)
    fresnel = 0.04 + 0.96 * (1 - max(0.0, float(half[2]))) ** 5
    return np.asarray(fresnel * spread * np.pi / (4 * np.clip(normal[..., 2], 0.15, 1)), np.float64)
