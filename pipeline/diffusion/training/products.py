"""Random product-like pictures and masks, for training the inpainting UNet."""

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.core.arrays import Rgb


def random_product(rng: np.random.Generator, size_px: int = 256) -> tuple[Rgb, NDArray[np.bool_]]:
    """A random product: sRGB uint8 [n, n, 3] (undefined outside the mask) and its mask [n, n], True on the product.

    One mask in eight is empty, so that the model also learns bare backdrops.
    """
    mask = np.zeros((size_px, size_px), np.uint8)
    if rng.uniform() > 0.125:
        for _ in range(int(rng.integers(1, 4))):
            _add_part(rng, mask)
    picture = np.empty((size_px, size_px, 3), np.uint8)
    picture[:] = rng.integers(0, 256, 3)
    for _ in range(int(rng.integers(0, 5))):
        corner, extent = rng.integers(0, size_px, 2), rng.integers(8, size_px // 2, 2)
        colour = rng.integers(0, 256, 3).tolist()
        cv2.rectangle(picture, corner.tolist(), (corner + extent).tolist(), colour, -1)
    side = np.linspace(0.75, 1.15, size_px)[None, :, None]
    lit = np.clip(picture * (side if rng.uniform() > 0.5 else side[:, ::-1]), 0, 255).astype(np.uint8)
    return lit, mask > 0


def _add_part(rng: np.random.Generator, mask: NDArray[np.uint8]) -> None:
    n = mask.shape[0]
    centre = (int(n * rng.uniform(0.38, 0.62)), int(n * rng.uniform(0.35, 0.68)))
    half = (int(n * rng.uniform(0.06, 0.28)), int(n * rng.uniform(0.08, 0.34)))
    kind = int(rng.integers(3))
    if kind == 0:
        cv2.ellipse(mask, centre, half, float(rng.uniform(-30, 30)), 0, 360, 255, -1)
    elif kind == 1:
        low, high = np.subtract(centre, half), np.add(centre, half)
        cv2.rectangle(mask, low.tolist(), high.tolist(), 255, -1)
    else:
        angles = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(5, 11))))
        corners = np.stack([np.cos(angles), np.sin(angles)], 1) * half * rng.uniform(0.6, 1.1, (len(angles), 1))
        cv2.fillPoly(mask, [np.round(corners + centre).astype(np.int32)], 255)
