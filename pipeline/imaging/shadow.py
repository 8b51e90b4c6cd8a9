"""The one shadow under the product, from the matte's foot and the light's direction: contact, ambient and cast shadow.

The floor is a plane seen by a camera `camera_elevation_deg` above it. A point of the silhouette `h` px above the foot
throws its shadow `h / tan(light elevation)` away from the light along the floor; depth on the floor shows foreshortened
by the sine of the camera's elevation. A wide light blurs in proportion to the distance between a point and its shadow.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.imaging.linear import Floats
from pipeline.imaging.shadow_light import Light

WORKING_PX = 640  # a shadow is soft: it is drawn at this size and enlarged
BANDS = 6
CONTACT = ((0.72, 0.004, 1.3), (0.35, 0.035, 1.8), (0.22, 0.11, 2.2))
"""(share of light taken, blur in product widths, gain) of the crack, the shade beside it, the product's nearness."""


def draw_shadow(alpha: Floats, camera_elevation_deg: float, light: Light) -> Floats:
    """Share of the light that the product takes from the backdrop, float32 [H, W] 0 to 1.

    `alpha`: the matte [H, W], 0 to 1, in its frame. The backdrop's linear light is multiplied by one minus the result.
    Nothing is drawn where there is no product.
    """
    height_px, width_px = alpha.shape
    shrink = min(1.0, WORKING_PX / max(height_px, width_px))
    size = (max(1, round(width_px * shrink)), max(1, round(height_px * shrink)))
    small = cv2.resize(alpha, size, interpolation=cv2.INTER_AREA) if shrink < 1 else alpha
    solid = small >= 0.5
    if not solid.any():
        return np.zeros_like(alpha)
    # below 4 degrees the floor is a line; above 60 there is no foot to see
    elevation = math.radians(min(max(camera_elevation_deg, 4.0), 60.0))
    lit = (1 - _cast(small, solid, elevation, light)) * (1 - _contact(solid, elevation))
    taken = np.clip(1 - lit, 0.0, 1.0).astype(np.float32)
    if shrink < 1:
        taken = np.clip(cv2.resize(taken, (width_px, height_px), interpolation=cv2.INTER_CUBIC), 0.0, 1.0)
    taken[taken < 1 / 512] = 0.0  # no haze: the far backdrop keeps its exact values
    return taken


def _cast(small: Floats, solid: NDArray[np.bool_], elevation: float, light: Light) -> Floats:
    """The silhouette laid down on the floor in bands of height, each blurred by its distance from the floor."""
    rows = np.flatnonzero(solid.any(axis=1))
    foot, tall = int(rows[-1]) + 1, int(rows[-1]) + 1 - int(rows[0])
    reach = 1 / math.tan(math.radians(max(light.elevation_deg, 15.0)))
    azimuth = math.radians(light.azimuth_deg)
    across = -reach * math.sin(azimuth) / math.cos(elevation)
    back = reach * math.cos(azimuth) * math.sin(elevation) / math.cos(elevation)
    if abs(back) < 0.05:  # edge-on the shadow would have no area; a little of it always shows
        back = math.copysign(0.05, back)
    base = foot - _depth_px(solid, elevation) / 2
    height = np.maximum(foot - (np.arange(small.shape[0]) + 0.5), 0.0)
    # forward map of the silhouette: x + across * h, base - back * h, with h = foot - y
    matrix = np.array([[1.0, -across, across * foot], [0.0, back, base - back * foot]])
    through = np.ones_like(small)
    edges = np.linspace(0.0, tall, BANDS + 1)
    step = edges[1]
    for middle in edges[:-1] + step / 2:
        weight = np.clip(1.5 - np.abs(height - middle) / step, 0.0, 1.0).astype(np.float32)
        laid = cv2.warpAffine(small * weight[:, None], matrix, (small.shape[1], small.shape[0]))
        distance = middle * math.hypot(1.0, reach)
        sigma = 1.0 + distance * (0.03 + 0.16 * light.softness)
        fade = math.exp(-1.4 * light.softness * middle / tall)
        through *= 1 - fade * _blur(laid, sigma, sigma * (0.3 + 0.7 * math.sin(elevation)))
    return light.strength * (1 - through)


def _contact(solid: NDArray[np.bool_], elevation: float) -> Floats:
    """Dark where the product stands, below the lowest product pixel of each column."""
    columns = np.flatnonzero(solid.any(axis=0))
    bottom = solid.shape[0] - np.argmax(solid[::-1, columns], axis=0)
    rows = np.flatnonzero(solid.any(axis=1))
    foot, tall = int(rows[-1]) + 1, int(rows[-1]) + 1 - int(rows[0])
    depth = _depth_px(solid, elevation)
    wide = float(np.ptp(columns)) + 1
    nearness = np.exp(-(((foot - bottom) / (0.65 * depth + 0.015 * tall)) ** 4))
    patch = np.zeros(solid.shape, dtype=np.float32)
    for column, low, near in zip(columns.tolist(), bottom.tolist(), nearness.tolist(), strict=True):
        patch[max(0, int(low - max(depth, 3))) : int(low + 1 + 0.004 * wide), column] = near
    flat = 0.3 + 0.7 * math.sin(elevation)
    lit = np.ones_like(patch)
    for share, sigma, gain in CONTACT:
        lit *= 1 - share * np.minimum(gain * _blur(patch, 0.4 + sigma * wide, 0.4 + sigma * wide * flat), 1.0)
    return 1 - lit


def _depth_px(solid: NDArray[np.bool_], elevation: float) -> float:
    """How tall the product's base shows: about as deep as its foot is wide, foreshortened."""
    rows = np.flatnonzero(solid.any(axis=1))
    tall = int(rows[-1]) + 1 - int(rows[0])
    foot = solid[max(0, int(rows[-1]) + 1 - max(2, tall // 20)) : int(rows[-1]) + 1]
    wide = float(np.ptp(np.flatnonzero(foot.any(axis=0)))) + 1
    return min(wide, 1.5 * tall) * math.sin(elevation)


def _blur(image: Floats, sigma_x: float, sigma_y: float) -> Floats:
    blurred: Floats = cv2.GaussianBlur(image, (0, 0), sigma_x, sigmaY=sigma_y, borderType=cv2.BORDER_CONSTANT)
    return blurred
