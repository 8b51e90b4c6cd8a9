"""Measure a photo's sharpness, exposure and clipping."""

from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.core.arrays import Rgb
from pipeline.core.linear import luminance, srgb_to_linear

SHARPNESS_SIDE_PX = 1000


@dataclass(frozen=True)
class Quality:
    """Measurements of one photo.

    `sharpness`: variance of the luma's Laplacian at 1000 px on the long side. `log2_luminance`: log2 of the
    median linear luminance, 0 for white. `clipped_fraction`: share of pixels with a channel at 255, 0 to 1.
    """

    sharpness: float
    log2_luminance: float
    clipped_fraction: float


def quality_of(rgb: Rgb) -> Quality:
    """Measure an sRGB photo [h, w, 3] uint8."""
    height, width = rgb.shape[:2]
    factor = SHARPNESS_SIDE_PX / max(height, width)
    interpolation = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    small = cv2.resize(
        rgb, (max(1, round(width * factor)), max(1, round(height * factor))), interpolation=interpolation
    )
    luma = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    light = luminance(srgb_to_linear(small))
    return Quality(
        sharpness=round(float(cv2.Laplacian(luma, cv2.CV_32F).var()), 3),
        log2_luminance=round(float(np.log2(max(float(np.median(light)), 1e-4))), 4),
        clipped_fraction=round(_clipped(rgb) / (height * width), 6),
    )


def _clipped(rgb: Rgb) -> int:
    """The number of pixels with a channel at 255; an eighth of what numpy takes for it."""
    red, green, blue = cv2.split(rgb)
    return int(cv2.countNonZero(cv2.compare(cv2.max(cv2.max(red, green), blue), 255, cv2.CMP_EQ)))
