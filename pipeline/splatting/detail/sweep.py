"""Refine a picture's depth until the photos agree about what lies there.

Surfaces before and behind the current one are tried. On each, every photo is sampled where it would see the surface.
The cost is the variance of the samples, after normalising local brightness and contrast. Offsets of the current surface
follow its slope, where planes would not. Among the costs of all offsets, semi-global matching (Hirschmueller 2008)
chooses a smooth surface. Coarse to fine: the splat's own picture takes part while the pictures are too small to show
its brush strokes.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.core.arrays import F32, F64
from pipeline.core.domain import Camera
from pipeline.splatting.detail.rays import Rays
from pipeline.splatting.detail.semiglobal import aggregated
from pipeline.splatting.detail.sources import Source, resized_camera, views_of

_CONTRAST_PX = 2.5  # sigma of the window in which contrast is normalised
_NOISE = 0.012  # contrast, 0 to 1, below which normalising would amplify noise
_OUTLIER = 3.0  # squared deviation, in units of local contrast, beyond which a sample is simply wrong
_WINDOW_PX = 5
_WEIGHT_MIN = 0.15  # summed weight of the samples below which nothing can be said
_STEP_COST, _JUMP_COST = 0.02, 0.2


@dataclass(frozen=True)
class Step:
    """One size of the search: `scale` of the picture, offsets in product radii, weight of the splat's own picture."""

    scale: float
    first: float
    last: float
    count: int
    shown: float


STEPS = (
    Step(0.25, -0.07, 0.05, 17, 1.0),
    Step(0.5, -0.018, 0.018, 13, 0.5),
    Step(1.0, -0.005, 0.005, 9, 0.0),
)


def refined(depth: F32, shown: F32, camera: Camera, cam_from_world: F64, sources: list[Source], fine: float) -> F32:
    """Return depth [h, w] of the surface that the sources agree on, at `fine` times the picture's size.

    `depth` [any size]: where to start. `shown` [4, H, W]: the splat's picture, premultiplied, 0 to 1.
    """
    for step in STEPS:
        width, height = (max(8, round(side * step.scale * fine)) for side in (camera.width_px, camera.height_px))
        small = resized_camera(camera, width, height)
        depth = np.asarray(cv2.resize(depth, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
        level = np.stack([cv2.resize(plane, (width, height), interpolation=cv2.INTER_AREA) for plane in shown])
        depth = _refined_once(depth, level, small, cam_from_world, sources, step, fine)
    return depth


def _refined_once(
    depth: F32, shown: F32, camera: Camera, cam_from_world: F64, sources: list[Source], step: Step, fine: float
) -> F32:
    weights = views_of(camera, cam_from_world, depth, sources)
    seen = []
    for source in sources:
        rgba, own = source.level(step.scale * fine)
        planes = rgba.astype(np.float32).transpose(2, 0, 1) / np.float32(255)
        seen.append((Rays.between(camera, cam_from_world, own, source.cam_from_world), _texture(planes), planes[3]))
    offsets = np.linspace(step.first, step.last, step.count, dtype=np.float32)
    texture = _texture(shown)
    cost = np.empty((*depth.shape, step.count), np.float32)
    for k, offset in enumerate(offsets):
        samples, trust = [texture], [np.full_like(texture, step.shown)]
        for (rays, pattern, alpha), weight in zip(seen, weights, strict=True):
            x, y, _ = rays.at(depth + offset)
            samples.append(cv2.remap(pattern, x, y, cv2.INTER_LINEAR))
            trust.append(weight * cv2.remap(alpha, x, y, cv2.INTER_LINEAR) ** 2)
        cost[..., k] = cv2.boxFilter(_disagreement(samples, trust), -1, (_WINDOW_PX, _WINDOW_PX))
    return depth + _best_offset(aggregated(cost, _STEP_COST, _JUMP_COST), offsets)


def _texture(planes: F32) -> F32:
    """Luma [h, w] of premultiplied planes [4, h, w], with local brightness and contrast normalised; 0 beside alpha."""
    luma = 0.299 * planes[0] + 0.587 * planes[1] + 0.114 * planes[2]
    around = cv2.GaussianBlur(planes[3], (0, 0), _CONTRAST_PX) + 1e-3
    apart = luma - cv2.GaussianBlur(luma, (0, 0), _CONTRAST_PX) / around * planes[3]
    variance = cv2.GaussianBlur(apart * apart, (0, 0), _CONTRAST_PX) / around
    return np.asarray(apart / np.sqrt(variance + _NOISE**2), np.float32)


def _disagreement(samples: list[F32], trust: list[F32]) -> F32:
    """Unbiased weighted variance [h, w] of the samples, outliers limited; 1, that of unrelated texture, if unknown."""
    total, squares, mean = (np.zeros_like(samples[0]) for _ in range(3))
    for sample, weight in zip(samples, trust, strict=True):
        total += weight
        squares += weight * weight
        mean += weight * sample
    mean /= total + 1e-3
    spread = np.zeros_like(mean)
    for sample, weight in zip(samples, trust, strict=True):
        spread += weight * np.minimum((sample - mean) ** 2, _OUTLIER)
    spread /= total + 1e-3
    effective = total * total / (squares + 1e-3)
    spread *= effective / np.maximum(effective - 1, 0.5)
    return np.where(total > _WEIGHT_MIN, spread, np.float32(1))


def _best_offset(cost: F32, offsets: F32) -> F32:
    """The offset [h, w] of least cost [h, w, offsets], refined between offsets by a parabola."""
    at = np.clip(cost.argmin(axis=2), 1, len(offsets) - 2)
    before, least, after = (np.take_along_axis(cost, (at + o)[..., None], 2)[..., 0] for o in (-1, 0, 1))
    bend = np.maximum(before - 2 * least + after, 1e-6)
    along = at + np.clip(0.5 * (before - after) / bend, -0.5, 0.5)
    return np.asarray(offsets[0] + along * (offsets[1] - offsets[0]), np.float32)
