"""Synthetic products with a known matte: a printed mug-like thing with a handle's hole, textured, with soft edges."""

import cv2
import numpy as np


def make_product(height=300, width=260, seed=0, base=(176, 92, 60)):
    """Straight-alpha sRGB RGBA [height, width, 4]; opaque inside, a soft edge 2 px wide, a hole, a label with text."""
    rng = np.random.default_rng(seed)
    big = np.zeros((height * 4, width * 4), np.uint8)
    h, w = big.shape
    cv2.rectangle(big, (int(w * 0.2), int(h * 0.15)), (int(w * 0.68), int(h * 0.86)), 255, -1)
    cv2.ellipse(big, (int(w * 0.44), int(h * 0.86)), (int(w * 0.24), int(h * 0.05)), 0, 0, 360, 255, -1)
    cv2.ellipse(big, (int(w * 0.68), int(h * 0.48)), (int(w * 0.16), int(h * 0.2)), 0, 0, 360, 255, -1)
    cv2.ellipse(big, (int(w * 0.70), int(h * 0.48)), (int(w * 0.08), int(h * 0.12)), 0, 0, 360, 0, -1)
    cv2.rectangle(big, (int(w * 0.2), int(h * 0.15)), (int(w * 0.62), int(h * 0.86)), 255, -1)
    alpha = cv2.resize(big, (width, height), interpolation=cv2.INTER_AREA)
    colour = np.full((height, width, 3), base, np.float32)
    colour *= np.linspace(1.15, 0.75, width, dtype=np.float32)[None, :, None]
    colour += cv2.GaussianBlur(rng.normal(0, 14, (height, width, 3)).astype(np.float32), (0, 0), 0.9)
    image = np.clip(colour, 0, 250).astype(np.uint8)
    top, left = int(height * 0.38), int(width * 0.26)
    cv2.rectangle(image, (left, top), (left + int(width * 0.3), top + int(height * 0.25)), (236, 228, 208), -1)
    cv2.putText(image, "No 7", (left + 4, top + int(height * 0.17)), 0, height / 330, (40, 40, 70), 2, cv2.LINE_AA)
    image[alpha == 0] = 0
    return np.dstack([image, alpha])


def on_studio(product, seed=1):
    """A photo [h, w, 3] of the product before a light grey studio backdrop, with noise; opaque pixels unchanged."""
    h, w = product.shape[:2]
    rng = np.random.default_rng(seed)
    grey = np.linspace(225, 205, h)[:, None, None] + rng.normal(0, 1.5, (h, w, 3))
    alpha = product[..., 3:].astype(np.float64) / 255
    return np.rint(product[..., :3] * alpha + np.clip(grey, 0, 255) * (1 - alpha)).astype(np.uint8)
