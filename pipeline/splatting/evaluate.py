"""Compare a splat with photos it was not fitted to: PSNR, SSIM and alpha overlap, inside the product."""

from collections.abc import Collection
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.core.arrays import F32, F64
from pipeline.splatting.photos import Level

WEAKEST = 0.05  # share of a product's pixels
_FLOOR = 1e-10  # mean squared error at 100 dB


@dataclass(frozen=True)
class Score:
    """The scores of one photo, of sRGB values 0 to 1 where its alpha is above 1/2.

    `fitted_psnr_db` is the PSNR after an affine colour fit; `alpha_iou` compares both alphas at 1/2.
    """

    psnr_db: float
    fitted_psnr_db: float
    ssim: float
    alpha_iou: float


def mean(scores: Collection[Score], field: str) -> float | None:
    """Return the mean of one field over the photos; None without photos."""
    return float(np.mean([getattr(s, field) for s in scores])) if scores else None


def psnr_db(difference: NDArray[np.floating]) -> float:
    """Return the PSNR for differences of values 0 to 1; at most 100 dB."""
    return float(-10.0 * np.log10(max(float(np.mean(np.square(difference, dtype=np.float64))), _FLOOR)))


def affine_fit(shown: NDArray[np.floating], alpha: NDArray[np.floating], target: NDArray[np.floating]) -> F64:
    """Apply the gain and offset per channel that bring premultiplied `shown` [N, 3] closest to `target` [N, 3].

    As in the fit's exposure correction, the offset is weighted by `alpha` [N]: it applies to the product, not to the
    backdrop.
    """
    out = np.empty(shown.shape, np.float64)
    for c in range(3):
        design = np.stack([shown[:, c], alpha], axis=1).astype(np.float64)
        out[:, c] = design @ np.linalg.lstsq(design, target[:, c].astype(np.float64), rcond=None)[0]
    return out


def _blur(plane: F32) -> F32:
    """Blur with SSIM's window: 11 x 11, sigma 1.5, zeros beyond the border."""
    blurred: F32 = cv2.GaussianBlur(plane, (11, 11), 1.5, borderType=cv2.BORDER_CONSTANT)
    return blurred


def ssim_map(first: F32, second: F32) -> F32:
    """Return the SSIM (Wang et al. 2004) of two planes [H, W] of values 0 to 1, at every pixel."""
    c1, c2 = 0.01**2, 0.03**2
    mx, my = _blur(first), _blur(second)
    vx, vy = _blur(first * first) - mx * mx, _blur(second * second) - my * my
    covariance = _blur(first * second) - mx * my
    similarity = (2 * mx * my + c1) * (2 * covariance + c2) / ((mx * mx + my * my + c1) * (vx + vy + c2))
    return np.asarray(similarity, np.float32)


def similarity(picture: F32, level: Level) -> F32:
    """Return the SSIM [H, W] of a picture with a photo's planes, as in `score`, the mean of the channels."""
    shown, target = (np.clip(p[:3], 0, 1) + np.float32(0.5) * (1 - p[3]) for p in (picture, level.planes))
    return np.asarray(np.stack([ssim_map(x, y) for x, y in zip(shown, target, strict=True)]).mean(axis=0), np.float32)


def weakest_ssim(similar: F32, inside: NDArray[np.bool_], sigma_px: float) -> float:
    """Return the mean SSIM around the weakest twentieth of the product's pixels; 1 without a product.

    `similar`, `inside` [H, W]; around each pixel with a Gaussian of `sigma_px`, of the product alone.
    """
    if not inside.any():
        return 1.0
    weight = inside.astype(np.float32)
    around, share = (cv2.GaussianBlur(p, (0, 0), sigma_px) for p in (similar * weight, weight))
    return float(np.quantile(around[inside] / share[inside], WEAKEST))


def score(picture: F32, level: Level) -> Score:
    """Compare a picture [>= 4, H, W] (premultiplied, clipped to 0..1) with a photo's planes, both over mid grey."""
    alpha, target_alpha = picture[3], level.planes[3]
    colour = np.clip(picture[:3], 0, 1)
    shown = colour + np.float32(0.5) * (1 - alpha)
    target: F32 = level.planes[:3] + np.float32(0.5) * (1 - target_alpha)
    inside = target_alpha > 0.5
    if not inside.any():
        return Score(100.0, 100.0, 1.0, float(not (alpha > 0.5).any()))
    behind = np.float32(0.5) * (1 - alpha[inside, None])
    fitted = affine_fit(colour[:, inside].T, alpha[inside], target[:, inside].T - behind) + behind
    similar = similarity(picture, level)
    drawn = alpha > 0.5
    return Score(
        psnr_db(shown[:, inside] - target[:, inside]),
        psnr_db(fitted - target[:, inside].T),
        float(similar[inside].mean()),
        float((drawn & inside).sum() / (drawn | inside).sum()),
    )
