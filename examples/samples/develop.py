"""Turns a render into a photo: denoise, distort, expose, add sensor noise, write a JPEG with EXIF."""

import math
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numba import njit, prange
from numpy.typing import NDArray
from PIL import Image
from PIL.ExifTags import IFD, Base
from PIL.TiffImagePlugin import IFDRational

Linear = NDArray[np.float32]

SENSOR_LONG_MM, CROP_FACTOR = 17.3, 2.0
SHEEN = 0.06  # reflection of the surface itself, independent of its albedo; keeps highlights out of the division
FIRST_SHOT = datetime(2026, 3, 9, 10, 12, 30)


@njit(parallel=True, cache=True)
def _smooth(light, guide, step, sigma_light, sigma_guide):  # type: ignore[no-untyped-def]
    """One edge-avoiding a-trous pass (Dammertz et al., 2010): 5x5 taps, `step` px apart."""
    height, width, _ = light.shape
    weights = np.array([1 / 16, 1 / 4, 3 / 8, 1 / 4, 1 / 16])
    out = np.empty_like(light)
    for y in prange(height):
        for x in range(width):
            total, r, g, b = 0.0, 0.0, 0.0, 0.0
            for i in range(5):
                v = y + (i - 2) * step
                if v < 0 or v >= height:
                    continue
                for j in range(5):
                    u = x + (j - 2) * step
                    if u < 0 or u >= width:
                        continue
                    far = 0.0
                    for k in range(guide.shape[2]):
                        far += (guide[v, u, k] - guide[y, x, k]) ** 2
                    dark = light[y, x, 1] + light[v, u, 1] + 0.02
                    change = (light[v, u, 1] - light[y, x, 1]) / dark
                    w = weights[i] * weights[j] * math.exp(-far / sigma_guide - change * change / sigma_light)
                    total += w
                    r += w * light[v, u, 0]
                    g += w * light[v, u, 1]
                    b += w * light[v, u, 2]
            out[y, x, 0], out[y, x, 1], out[y, x, 2] = r / total, g / total, b / total
    return out


def product_light(render: Linear, cover: Linear, albedo: Linear, normal: Linear) -> Linear:
    """The product's share of a render [H, W, 3], premultiplied by its coverage and denoised.

    Only the light is smoothed, not the surface: divide by the albedo, filter guided by normals and coverage, multiply.
    At edges, where few samples hit the product, the light is taken from its interior.
    """
    paint = albedo + cover[..., None] * SHEEN
    inside = cover > 0.98
    light = np.ascontiguousarray(np.where(inside[..., None], render / np.maximum(paint, 1e-3), 0))
    guide = np.ascontiguousarray(np.concatenate([normal * 3.0, inside[..., None] * np.float32(9)], axis=2))
    light = _smooth(light, guide, 1, 1e3, 0.08)
    light = _smooth(light, guide, 2, 0.02, 0.08)
    return np.asarray(np.where(inside[..., None], light, spread(light, inside)) * paint, dtype=np.float32)


def paper_light(render: Linear, cover: Linear) -> Linear:
    """The backdrop [H, W, 3] of a small render, smoothed and continued behind the product."""
    free = cover < 0.005
    guide = np.ascontiguousarray(np.repeat(free[..., None].astype(np.float32) * 9, 2, axis=2))
    light = np.ascontiguousarray(render)
    for step, sigma in ((1, 1e3), (2, 0.1), (4, 0.03), (2, 0.01)):
        light = _smooth(light, guide, step, sigma, 0.08)
    return np.asarray(np.where(free[..., None], light, spread(light, free)), dtype=np.float32)


def spread(light: Linear, known: NDArray[np.bool_]) -> Linear:
    """Extrapolate the light [H, W, 3] of known pixels, more smoothly with distance."""
    weight = known.astype(np.float32)
    filled, done = np.where(known[..., None], light, 0), known
    for sigma in (1.6, 6.0, 24.0):
        total = cv2.GaussianBlur(weight, (0, 0), sigma)
        carried = cv2.GaussianBlur(light * weight[..., None], (0, 0), sigma) / np.maximum(total, 1e-6)[..., None]
        reached = ~done & (total > 0.01)
        filled = np.where(reached[..., None], carried, filled)
        done = done | reached
    return np.asarray(filled, dtype=np.float32)


def bend(image: Linear, margin_px: int, focal_px: float, k1: float) -> Linear:
    """Distort a pinhole render that has a margin of m = `margin_px` by a SIMPLE_RADIAL lens: [H - 2m, W - 2m, ...]."""
    height, width = image.shape[0] - 2 * margin_px, image.shape[1] - 2 * margin_px
    x = (np.arange(width) + 0.5 - width / 2) / focal_px
    y = (np.arange(height) + 0.5 - height / 2) / focal_px
    bent = np.stack(np.meshgrid(x, y), axis=-1)
    straight = bent.copy()
    for _ in range(12):
        straight = bent / (1 + k1 * np.sum(straight**2, axis=-1, keepdims=True))
    u = straight[..., 0] * focal_px + width / 2 + margin_px - 0.5
    v = straight[..., 1] * focal_px + height / 2 + margin_px - 0.5
    return np.asarray(cv2.remap(image, u.astype(np.float32), v.astype(np.float32), cv2.INTER_CUBIC), dtype=np.float32)


def sensor(linear: Linear, exposure: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Expose, add shot and read noise, roll the highlights off softly, encode as sRGB [H, W, 3] uint8."""
    light = np.clip(linear * exposure, 0, None)
    deviation = np.sqrt(light * 2.4e-5 + 5e-6)
    grain = rng.standard_normal(light.shape).astype(np.float32)
    light = light + deviation * cv2.GaussianBlur(grain, (0, 0), 0.55) / 0.55
    knee = 0.82
    light = np.where(light > knee, knee + (1 - knee) * (1 - np.exp(-(light - knee) / (1 - knee))), light)
    light = np.clip(light, 0, 1)
    encoded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.asarray(np.round(encoded * 255), dtype=np.uint8)


def exif(number: int, exposure_ev: float, lens_mm: int, width_px: int, height_px: int) -> Image.Exif:
    """The EXIF tags of a photo; the maker is invented."""
    tags = Image.Exif()
    taken = (FIRST_SHOT + timedelta(seconds=14 * number)).strftime("%Y:%m:%d %H:%M:%S")
    tags[Base.Make], tags[Base.Model], tags[Base.Software] = "Lumenbox", "Lumenbox Studio M1", "firmware 1.4"
    tags[Base.Orientation], tags[Base.DateTime] = 1, taken
    tags[Base.XResolution] = tags[Base.YResolution] = IFDRational(300)
    tags[Base.ResolutionUnit] = 2
    detail: dict[int, Any] = tags.get_ifd(IFD.Exif)
    detail[Base.DateTimeOriginal] = detail[Base.DateTimeDigitized] = taken
    detail[Base.ExposureTime] = IFDRational(1, round(125 / 2**exposure_ev))
    detail[Base.FNumber], detail[Base.ISOSpeedRatings] = IFDRational(11), 200
    detail[Base.FocalLength] = IFDRational(lens_mm)
    detail[Base.FocalLengthIn35mmFilm] = round(lens_mm * CROP_FACTOR)
    per_cm = Fraction(max(width_px, height_px) / SENSOR_LONG_MM * 10).limit_denominator(1000)
    detail[Base.FocalPlaneXResolution] = detail[Base.FocalPlaneYResolution] = IFDRational(per_cm)
    detail[Base.FocalPlaneResolutionUnit] = 3
    detail[Base.ExifImageWidth], detail[Base.ExifImageHeight] = width_px, height_px
    detail[Base.LensModel] = f"Lumenbox {lens_mm}mm F2.8 Macro"
    return tags


def save_photo(path: Path, pixels: NDArray[np.uint8], tags: Image.Exif) -> None:
    """Write a JPEG with EXIF."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, quality=91, subsampling="4:2:0", optimize=True, exif=tags)


def save_gray(path: Path, values: Linear) -> None:
    """Write values [H, W] from 0 to 1 as an 8-bit grey PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.round(np.clip(values, 0, 1) * 255).astype(np.uint8)).save(path, optimize=True)
