"""Models a studio backdrop as a smooth surface in Lab, and compares each pixel with it, lit or in shadow."""

from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.core.arrays import F32, F64, Mask, Pixels, Rgb

Lab = F32  # [h, w, 3]: L 0 to 100, a, b (CIE 1976, D65)
_TUKEY = 4.685  # the usual cutoff of Tukey's biweight: 95% efficient on Gaussian noise


@dataclass(frozen=True)
class BackdropFit:
    """A fitted backdrop: `lab` [h, w, 3] as if empty, and `noise` [3], the robust deviation of L, a, b around it."""

    lab: Lab
    noise: F32


def lab_of(rgb: Rgb) -> Lab:
    """CIE Lab of an sRGB picture [h, w, 3] uint8."""
    return np.asarray(cv2.cvtColor(rgb.astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB), np.float32)


def fit_backdrop(lab: Lab, border_fraction: float = 0.05, rounds: int = 8) -> BackdropFit:
    """Fit a quadratic surface per channel, first to the border, then to everything that agrees with it.

    Iteratively reweighted least squares with Tukey's biweight, so that a product that reaches the border is outvoted.
    The picture is reduced to 160 px: a quadratic has six coefficients, and more pixels would not change them.
    """
    height, width = lab.shape[:2]
    factor = min(1.0, 160 / max(height, width))
    few = cv2.resize(lab, (max(8, round(width * factor)), max(8, round(height * factor))), interpolation=cv2.INTER_AREA)
    step = max(1, round(1 / factor))
    few_rows, few_columns = few.shape[:2]
    pixels, basis = few.reshape(-1, 3), _basis(few_rows, few_columns)
    border = border_of(few_rows, few_columns, border_fraction).ravel()
    median = np.median(pixels[border], axis=0)
    near = np.exp(-np.square((pixels - median) / (12.0, 6.0, 6.0)).sum(axis=1) / 2) + 1e-3
    weights = np.where(border, near, 0.0)
    coefficients = np.zeros((basis.shape[1], 3))
    for index in range(rounds):
        weighted = basis * weights[:, None]
        coefficients = np.linalg.solve(weighted.T @ basis + 1e-3 * np.eye(basis.shape[1]), weighted.T @ pixels)
        away = np.abs(pixels - basis @ coefficients)
        spread = np.maximum(1.4826 * np.median(away[weights > 0.05], axis=0), (0.4, 0.25, 0.25))
        far = np.square(away / (_TUKEY * spread)).max(axis=1)
        weights = np.where(far < 1, np.square(1 - far), 0.0)
        if index < rounds // 2:  # the border first: the product is in the middle
            weights *= border
    surface = (_basis(height, width) @ coefficients).reshape(lab.shape).astype(np.float32)
    agree = cv2.resize(weights.reshape(few.shape[:2]), (width, height), interpolation=cv2.INTER_NEAREST)[::step, ::step]
    away = np.abs(lab - surface)[::step, ::step][agree > 0.05]
    noise = np.maximum(1.4826 * np.median(away, axis=0), (0.4, 0.25, 0.25))
    return BackdropFit(surface, noise.astype(np.float32))


def border_of(height: int, width: int, fraction: float) -> Mask:
    """Mask [height, width] of the picture's border, `fraction` of its shorter side wide."""
    border = np.ones((height, width), bool)
    band = max(2, round(fraction * min(height, width)))
    border[band:-band, band:-band] = False
    return border


def _basis(height: int, width: int) -> F64:
    grid = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
    y, x = (axis.ravel() for axis in grid)
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1)


@dataclass(frozen=True)
class Likeness:
    """Each pixel compared with the backdrop; every array is [h, w] but `tints`.

    `shade`: luminance relative to the backdrop's (1 lit, 0 black). `tint`: Lab distance to the backdrop shaded to the
    pixel's lightness, close to 0 in a shadow. `distance`: Lab distance to the unshaded backdrop, in units of its noise.
    `tints`: the differences of a* and b* from the shaded backdrop, [h, w, 2]; `tint` is their length. `lightness`: L of
    the backdrop, [h, w]; `noise`: of it.
    """

    shade: F32
    tint: F32
    distance: F32
    tints: F32
    lightness: F32
    noise: float

    def flat(self, shade_weight: float, tint_weight: float) -> Pixels:
        """Shade and the two tints as a picture [h, w, 3] uint8, as if the backdrop were even; for colour models."""
        lightness = shade_weight * np.cbrt(np.clip(self.shade, 0, 3))[..., None]
        return np.clip(np.concatenate([lightness, 128 + tint_weight * self.tints], axis=2), 0, 255).astype(np.uint8)


def compare(lab: Lab, backdrop: BackdropFit) -> Likeness:
    """Compare a picture [h, w, 3] in Lab with its backdrop."""
    shade = _luminance(lab[..., 0]) / np.maximum(_luminance(backdrop.lab[..., 0]), 1e-4)
    # a* and b* of a surface under less of the same light shrink with the cube root of the light (CIE 1976)
    shrunk = backdrop.lab[..., 1:] * np.cbrt(np.clip(shade, 0, 2))[..., None]
    tints = lab[..., 1:] - shrunk
    tint = np.sqrt(np.square(tints).sum(axis=2))
    distance = np.sqrt(np.square((lab - backdrop.lab) / backdrop.noise).sum(axis=2))
    return Likeness(
        shade.astype(np.float32),
        tint.astype(np.float32),
        distance.astype(np.float32),
        tints,
        backdrop.lab[..., 0],
        float(backdrop.noise[0]),
    )


def _luminance(lightness: F32) -> F32:
    """Relative luminance Y of CIE lightness L."""
    high = ((lightness + 16) / 116) ** 3
    return np.where(lightness > 8, high, lightness / 903.3).astype(np.float32)
