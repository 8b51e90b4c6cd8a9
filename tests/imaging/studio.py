"""Small studio photos with known mattes: a product over a graded backdrop with cast and contact shadow, then noise."""

from dataclasses import dataclass

import cv2
import numpy as np

BLUR = 4  # pictures are drawn this many times larger, so that the matte has soft edges


@dataclass(frozen=True)
class Scene:
    rgb: np.ndarray
    alpha: np.ndarray  # [h, w] uint8, the truth
    shadow: np.ndarray  # [h, w] float, 1 lit to 0 dark


def _to_linear(srgb):
    v = np.asarray(srgb, np.float64) / 255
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


def _to_srgb(linear):
    v = np.clip(linear, 0, 1)
    return 255 * np.where(v <= 0.0031308, v * 12.92, 1.055 * v ** (1 / 2.4) - 0.055)


def mug(size):
    """A mug with a handle: (mask, the handle's hole) at `size` px, float 0 to 1."""
    big = size * BLUR
    mask, hole = np.zeros((big, big), np.uint8), np.zeros((big, big), np.uint8)
    at = lambda x, y: (round(x * big), round(y * big))  # noqa: E731
    cv2.ellipse(mask, at(0.64, 0.52), at(0.14, 0.15), 0, 0, 360, 255, -1)
    cv2.ellipse(hole, at(0.64, 0.52), at(0.09, 0.10), 0, 0, 360, 255, -1)
    mask[hole > 0] = 0
    body = np.zeros_like(mask)
    cv2.rectangle(body, at(0.28, 0.30), at(0.60, 0.74), 255, -1)
    cv2.ellipse(body, at(0.44, 0.74), at(0.16, 0.05), 0, 0, 360, 255, -1)
    cv2.ellipse(body, at(0.44, 0.30), at(0.16, 0.05), 0, 0, 360, 255, -1)
    hole[body > 0] = 0
    mask |= body
    shrink = lambda m: cv2.resize(m.astype(np.float32) / 255, (size, size), interpolation=cv2.INTER_AREA)  # noqa: E731
    return shrink(mask), shrink(hole)


def tee(size):
    """A T-shirt: (mask, nothing) at `size` px."""
    big = size * BLUR
    points = [
        (0.38, 0.2), (0.22, 0.27), (0.1, 0.42), (0.2, 0.5), (0.28, 0.42), (0.27, 0.82),
        (0.73, 0.82), (0.72, 0.42), (0.8, 0.5), (0.9, 0.42), (0.78, 0.27), (0.62, 0.2), (0.5, 0.26),
    ]  # fmt: skip
    mask = np.zeros((big, big), np.uint8)
    cv2.fillPoly(mask, [np.round(np.array(points) * big).astype(np.int32)], 255)
    small = cv2.resize(mask.astype(np.float32) / 255, (size, size), interpolation=cv2.INTER_AREA)
    return small, np.zeros_like(small)


def photograph(
    *, shape=mug, size=320, colour=(176, 52, 44), backdrop=(236, 235, 232), noise=1.2, shade=0.35, shadow=0.5, seed=0
):
    """A product of one colour with shading and a printed label; a graded backdrop, a cast and a contact shadow."""
    mask, _ = shape(size)
    y, x = np.mgrid[0:size, 0:size] / size
    paper = _to_linear(backdrop) * (1.0 - 0.12 * (x - 0.4) ** 2 - 0.15 * (y - 0.3))[..., None]
    dark = np.zeros((size, size))
    if shadow:
        foot = float(np.nonzero(mask.any(axis=1))[0].max()) / size
        cast = np.exp(-((((x - 0.58) / 0.22) ** 2 + ((y - foot + 0.01) / 0.055) ** 2) ** 2))
        touch = np.exp(-((((x - 0.44) / 0.16) ** 2 + ((y - foot + 0.02) / 0.03) ** 2) ** 2))
        dark = 1 - (1 - shadow * cast) * (1 - 0.6 * shadow * touch)
    paper = paper * (1 - dark[..., None])
    skin = _to_linear(colour) * (1 - shade * np.clip((x - 0.3) * 1.6, 0, 1))[..., None]
    label = (np.abs(x - 0.42) < 0.07) & (np.abs(y - 0.5) < 0.06) & ((x * size // 4 + y * size // 6) % 2 == 0)
    skin = np.where(label[..., None], _to_linear((250, 214, 60)), skin)
    linear = mask[..., None] * skin + (1 - mask[..., None]) * paper
    srgb = _to_srgb(linear) + np.random.default_rng(seed).normal(0, noise, linear.shape)
    rgb = np.clip(np.round(srgb), 0, 255).astype(np.uint8)
    return Scene(rgb, np.round(mask * 255).astype(np.uint8), 1 - dark)


def iou(alpha, truth):
    """Intersection over union of the mattes at one half."""
    a, b = alpha >= 128, truth >= 128
    return float((a & b).sum() / max((a | b).sum(), 1))
