"""Makes the small pictures of training pairs: shrunk in linear light, as this pipeline shrinks, as 8-bit sRGB."""

import math

import cv2
import numpy as np

from pipeline.core.arrays import F32, Rgb
from pipeline.core.linear import linear_to_srgb, srgb_to_linear

WAYS = {"means": 0.8, "cubic": 0.1, "blurred": 0.1}  # to shrink, and the share of crops that are shrunk so
NOISE_SHARE, JPEG_SHARE = 0.1, 0.1
NOISE_LEVELS = 1.5  # standard deviation, at most


def small_pictures(picture: Rgb, factor: int, rng: np.random.Generator) -> list[Rgb]:
    """The picture [h, w, 3] at 1 / `factor` of its size by each of WAYS, as resamplers and lenses differ."""
    linear = srgb_to_linear(picture)
    before_cubic = _blurred(linear, 0.4 * math.sqrt(factor**2 - 1))  # OpenCV's own cubic kernel lets aliases through
    soft = _blurred(linear, factor * rng.uniform(0.15, 0.35))
    ways = (linear, cv2.INTER_AREA), (before_cubic, cv2.INTER_CUBIC), (soft, cv2.INTER_AREA)
    size = linear.shape[1] // factor, linear.shape[0] // factor
    return [
        linear_to_srgb(np.asarray(cv2.resize(each, size, interpolation=kernel), np.float32)) for each, kernel in ways
    ]


def worn(small: Rgb, rng: np.random.Generator) -> Rgb:
    """A small picture [h, w, 3], now and then with a sensor's noise, or with the traces of JPEG."""
    if rng.uniform() < NOISE_SHARE:
        noise = rng.normal(0, rng.uniform(0.3, NOISE_LEVELS), small.shape)
        small = np.clip(np.rint(small + noise), 0, 255).astype(np.uint8)
    if rng.uniform() < JPEG_SHARE:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(88, 99))]
        _, file = cv2.imencode(".jpg", np.ascontiguousarray(small[..., ::-1]), quality)
        small = np.asarray(cv2.imdecode(file, cv2.IMREAD_COLOR), np.uint8)[..., ::-1]
    return small


def _blurred(linear: F32, sigma_px: float) -> F32:
    return np.asarray(cv2.GaussianBlur(linear, (0, 0), sigma_px), np.float32)
