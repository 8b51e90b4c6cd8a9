"""Makes the small picture of a training pair: shrunk in linear light, as this pipeline shrinks, as 8-bit sRGB."""

import math

import cv2
import numpy as np

from pipeline.core.arrays import F32, Rgb
from pipeline.core.linear import linear_to_srgb, srgb_to_linear

JPEG_SHARE, NOISE_SHARE, BLUR_SHARE, CUBIC_SHARE = 0.2, 0.2, 0.2, 0.3
NOISE_LEVELS = 1.5  # standard deviation, at most


def shrunk(picture: Rgb, scale: int, kernel: int = cv2.INTER_AREA) -> Rgb:
    """The picture [h, w, 3] at 1 / `scale` of its size, by the means of squares or another kernel of OpenCV."""
    return linear_to_srgb(_resized(srgb_to_linear(picture), scale, kernel))


def degraded(picture: Rgb, scale: int, rng: np.random.Generator) -> Rgb:
    """The picture at 1 / `scale` of its size, as a lens, a resampler, a sensor or a JPEG may have left it."""
    linear = srgb_to_linear(picture)
    if rng.uniform() < BLUR_SHARE:
        linear = np.asarray(cv2.GaussianBlur(linear, (0, 0), scale * rng.uniform(0.15, 0.35)), np.float32)
    if rng.uniform() < CUBIC_SHARE:  # antialiased by a blur first, as OpenCV's own cubic kernel is not
        linear = np.asarray(cv2.GaussianBlur(linear, (0, 0), 0.4 * math.sqrt(scale**2 - 1)), np.float32)
        small = _resized(linear, scale, cv2.INTER_CUBIC)
    else:
        small = _resized(linear, scale, cv2.INTER_AREA)
    srgb = linear_to_srgb(small)
    if rng.uniform() < NOISE_SHARE:
        noise = rng.normal(0, rng.uniform(0.3, NOISE_LEVELS), srgb.shape)
        srgb = np.clip(np.rint(srgb + noise), 0, 255).astype(np.uint8)
    if rng.uniform() < JPEG_SHARE:
        _, file = cv2.imencode(".jpg", srgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(88, 99))])
        srgb = np.asarray(cv2.imdecode(file, cv2.IMREAD_COLOR), np.uint8)[..., ::-1]
    return srgb


def _resized(linear: F32, scale: int, kernel: int) -> F32:
    size = linear.shape[1] // scale, linear.shape[0] // scale
    return np.asarray(cv2.resize(linear, size, interpolation=kernel), np.float32)
