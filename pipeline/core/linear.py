"""Convert between sRGB and linear light, by table. Blends and resampling use linear light, in which light adds up.

Transfer function: IEC 61966-2-1. An 8-bit level survives the round trip, on which the fidelity checks rely.
"""

from typing import TypeVar

import cv2
import numpy as np

from pipeline.core.arrays import F32, F64, U16, Pixels

Floats = TypeVar("Floats", F32, F64)


def decode(srgb: Floats) -> Floats:
    """Convert sRGB values to linear light, both 0 to 1."""
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def encode(linear: Floats) -> Floats:
    """Convert linear light to sRGB values, both 0 to 1."""
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * np.maximum(linear, 0.0) ** (1 / 2.4) - 0.055)


_LINEAR = decode(np.arange(256) / 255).astype(np.float32)
_SRGB16 = np.rint(encode(np.arange(65536) / 65535) * 65535).astype(np.uint16)
_SRGB8 = np.rint(encode(np.arange(65536) / 65535) * 255).astype(np.uint8)


def srgb_to_linear(image: Pixels) -> F32:
    """Convert 8-bit sRGB of any shape, without alpha, to linear light, float32, 0 to 1."""
    if image.size == 0:
        return np.zeros(image.shape, dtype=np.float32)
    flat: F32 = cv2.LUT(np.ascontiguousarray(image).reshape(1, -1), _LINEAR)
    return flat.reshape(image.shape)


def linear_to_srgb(linear: F32) -> Pixels:
    """Convert linear light to 8-bit sRGB, clipped to 0 to 1; a value halfway between levels may become either."""
    return _SRGB8[_steps(linear)]


def linear_to_srgb16(linear: F32) -> U16:
    """Convert linear light to 16-bit sRGB. In deep shadows, one step of the table is about 13 of 65535 levels."""
    return _SRGB16[_steps(linear)]


def luminance(linear: F32) -> F32:
    """Return the relative luminance Y (Rec. 709 weights) of linear RGB [..., 3], float32 [...]."""
    return linear @ np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)


def _steps(linear: F32) -> U16:
    """Scale to 0 to 65535, rounded and clipped, in one pass."""
    if linear.size == 0:
        return np.zeros(linear.shape, dtype=np.uint16)
    flat = np.ascontiguousarray(linear, dtype=np.float32).reshape(1, -1)
    steps: U16 = cv2.multiply(flat, 65535.0, dtype=cv2.CV_16U)
    return steps.reshape(linear.shape)
