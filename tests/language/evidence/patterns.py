"""Cut-outs with known patterns: a shaded body of 300 x 400 px on a transparent ground."""

from collections.abc import Callable

import cv2
import numpy as np

from pipeline.core.arrays import F64, Mask, Rgba

Ink = Callable[[F64, F64], Mask]
"""Where the second colour is, from x and y in px."""


def body(
    ground: tuple[int, int, int],
    other: tuple[int, int, int] = (0, 0, 0),
    ink: Ink | None = None,
    *,
    shading: float = 0.3,
    noise: float = 0.0,
    folds: float = 0.0,
    seed: int = 0,
) -> Rgba:
    """`shading`: loss of light to one side; `folds`: of soft waves; `noise`: deviation, in levels, of a weave."""
    height, width = 400, 300
    y, x = np.mgrid[0:height, 0:width].astype(float)
    rgb = np.broadcast_to(np.array(ground, float), (height, width, 3)).copy()
    if ink is not None:
        fine_y, fine_x = np.mgrid[0 : height * 2, 0 : width * 2] / 2.0
        share = cv2.resize(ink(fine_x, fine_y).astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
        rgb += (np.array(other, float) - rgb) * share[..., None]
    light = 1 - shading * (x / width) ** 2 - folds * (0.5 + 0.5 * np.sin(x / 31 + y / 57))
    grain = np.random.default_rng(seed).normal(0, noise, (height, width, 1))
    picture = np.zeros((height + 40, width + 40, 4), np.uint8)
    picture[20:-20, 20:-20, :3] = (rgb * light[..., None] + grain).clip(0, 255).round()
    picture[20:-20, 20:-20, 3] = 255
    corner = np.hypot(*np.mgrid[-220:220, -170:170]) > 235  # rounded off
    picture[corner] = 0
    return picture


def stripes(period: float, angle_deg: float, duty: float = 0.5) -> Ink:
    across = np.radians(angle_deg)
    return lambda x, y: (x * np.cos(across) + y * np.sin(across)) % period < duty * period


def checks(period: float, angle_deg: float = 0.0) -> Ink:
    first, second = stripes(period, angle_deg), stripes(period, angle_deg + 90)
    return lambda x, y: first(x, y) ^ second(x, y)


def grid(period: float, angle_deg: float = 0.0, duty: float = 0.3) -> Ink:
    first, second = stripes(period, angle_deg, duty), stripes(period, angle_deg + 90, duty)
    return lambda x, y: first(x, y) | second(x, y)


def dots(period: float, radius: float, shifted: bool = False) -> Ink:
    def ink(x: F64, y: F64) -> Mask:
        row = np.floor(y / period)
        shift = (row % 2) * period / 2 if shifted else 0.0
        return np.hypot((x + shift) % period - period / 2, y % period - period / 2) < radius

    return ink


def chest_print(x: F64, y: F64) -> Mask:
    sun = np.hypot(x - 150, y - 130) < 50
    bars = (np.abs(x - 150) < 80) & (np.abs(y - 230) < 35) & ((x + 2 * y) % 37 < 13)
    return sun | bars


def lower_half(x: F64, y: F64) -> Mask:
    return y > 270


def scribble(x: F64, y: F64) -> Mask:
    wave = (
        np.sin(x / 9 + 3 * np.sin(y / 23)) + np.sin(y / 11 + 4 * np.cos(x / 19)) + np.sin((x + y) / 17 + y * x / 9000)
    )
    return wave > 0.1
