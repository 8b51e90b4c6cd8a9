"""Merge the fine structure of photos that agree with the splat and with each other.

A photo counts at a pixel as far as its broad structure is the splat's (else it is misplaced, hidden or lit otherwise),
or that of several photos that agree where the splat failed; and as far as its fine structure is that of the photos that
count (else it would show as a ghost). Photos that pass are averaged,
as in the robust merge of bursts (Hasinoff et al. 2016): aligned detail stays, noise does not. Where too few pass, the
splat stays as it is.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.core.arrays import F32, F64, I64
from pipeline.core.domain import Camera, camera_centre
from pipeline.splatting.detail.rays import Rays
from pipeline.splatting.detail.sources import Source, views_of

# Sigmas, in px of a picture with `_PX_PER_RADIUS`; they grow and shrink with the product
_FINE = 3.0  # separates fine structure from broad tones
_SMALL, _BROAD = 1.5, 8.0  # the band in which a photo is compared with the splat, which shows nothing smaller
_AROUND = 3.0  # of the neighbourhood that is compared
_PX_PER_RADIUS, _SCALE_MIN = 400.0, 0.6
_SPLAT_NOISE, _SPLAT_SHARE = 0.02, 0.15  # difference from the splat that is tolerated: absolute, share of its power
_FINE_NOISE, _FINE_SHARE = 0.05, 0.7  # the same between the photos' fine structures
_SEVERAL = 1.5  # summed weight of photos that agree with each other from which they overrule the splat
_ENOUGH = 1.5  # summed weight from which the photos' detail is laid over the splat in full
_EDGE = 0.9  # alpha of a photo below which its colours may be mixed with the backdrop's
_REACH_SIGMAS = 5.0


@dataclass(frozen=True)
class Merged:
    """`detail` [3, h, w] to add to straight sRGB colour; `trust` [h, w] 0 to 1, already applied.

    `main` [h, w]: which source counts most around each pixel.
    """

    detail: F32
    trust: F32
    main: I64


def scale_of(camera: Camera, cam_from_world: F64) -> float:
    """Px of a picture for one px of the sigmas above."""
    distance = float(np.linalg.norm(camera_centre(cam_from_world)))
    return max(camera.fx_px / distance / _PX_PER_RADIUS, _SCALE_MIN)


def reach_px(scale: float) -> int:
    """From how far a pixel of a merged picture is influenced, in practice."""
    return round(_REACH_SIGMAS * _BROAD * scale)


def merged(shown: F32, alpha: F32, depth: F32, camera: Camera, cam_from_world: F64, sources: list[Source]) -> Merged:
    """Merge the sources' detail for `shown` [3, h, w], the splat's straight sRGB colour, 0 to 1, where `alpha` is."""
    scale = scale_of(camera, cam_from_world)
    weights = views_of(camera, cam_from_world, depth, sources)
    fines = np.empty((len(sources), *shown.shape), np.float32)
    bands = np.empty_like(fines)
    base = _band(shown, scale)
    for n, source in enumerate(sources):
        rays = Rays.between(camera, cam_from_world, source.camera, source.cam_from_world)
        x, y, _ = rays.at(depth)
        rgba = cv2.remap(source.sharp, x, y, cv2.INTER_CUBIC).astype(np.float32).transpose(2, 0, 1) / np.float32(255)
        inside = np.clip((cv2.erode(rgba[3], np.ones((3, 3))) - _EDGE) / 0.08, 0, 1)
        weights[n] *= inside * np.clip((alpha - 0.3) / 0.4, 0, 1)
        usable = (weights[n] > 0.02).astype(np.float32)
        bands[n] = _band(np.where(usable > 0, rgba[:3], shown), scale)
        fines[n] = _fine(rgba[:3], shown, usable, scale)
    return _agreed(fines, weights * _placed(bands, weights, base, scale), scale)


def _placed(bands: F32, weights: F32, base: F32, scale: float) -> F32:
    """How far the broad structure of each photo is right, [n, h, w], 0 to 1: the splat's, or that of several photos."""
    mean, total = _mean(bands, weights), weights.sum(axis=0)
    shared = _near(mean, scale)
    spread = np.stack([_near(band - mean, scale) for band in bands])
    tolerance = _SPLAT_NOISE**2 + _SPLAT_SHARE * shared
    effective = total**2 / ((weights**2).sum(axis=0) + np.float32(1e-4))
    doubt = (spread * weights).sum(axis=0) / (total + np.float32(1e-4)) / tolerance
    several = np.exp(-doubt) * np.clip(effective - 1, 0, 1) * np.clip(total / _SEVERAL, 0, 1)
    limit = _SPLAT_NOISE**2 + _SPLAT_SHARE * _near(base, scale)
    as_splat = np.stack([np.exp(-_near(band - base, scale) / limit) for band in bands])
    return np.maximum(as_splat, several * np.exp(-spread / tolerance))


def _agreed(fines: F32, weights: F32, scale: float) -> Merged:
    """Average the fine structures, twice down-weighting those that differ from the average; changes `weights`."""
    mean = _mean(fines, weights)
    votes = weights
    for _ in range(2):
        power = _near(mean, scale)
        votes = np.stack(
            [
                w * np.exp(-_near(f - mean, scale) / (_FINE_NOISE**2 + _FINE_SHARE * power))
                for f, w in zip(fines, weights, strict=True)
            ]
        )
        mean = _mean(fines, votes)
    trust = np.clip(votes.sum(axis=0) / _ENOUGH, 0, 1)
    trust = np.minimum(trust, cv2.GaussianBlur(trust, (0, 0), 2.0))
    around = np.stack([cv2.GaussianBlur(vote, (0, 0), _BROAD * scale) for vote in votes])
    return Merged(mean * trust, trust, around.argmax(axis=0))


def _mean(fines: F32, weights: F32) -> F32:
    mean: F32 = np.einsum("nchw,nhw->chw", fines, weights) / (weights.sum(axis=0) + np.float32(1e-4))
    return mean


def _fine(photo: F32, shown: F32, usable: F32, scale: float) -> F32:
    """What to add to `shown` so that its fine structure is the photo's, [3, h, w]; 0 where it is not usable."""
    sigma = _FINE * scale
    around = cv2.GaussianBlur(usable, (0, 0), sigma) + 1e-3
    out = np.empty_like(photo)
    for channel, apart in enumerate((photo - shown) * usable):
        out[channel] = (apart - cv2.GaussianBlur(apart, (0, 0), sigma) / around) * usable
    return out


def _band(colour: F32, scale: float) -> F32:
    """The structure [3, h, w] that a splat and a photo both resolve."""
    return np.stack(
        [cv2.GaussianBlur(c, (0, 0), _SMALL * scale) - cv2.GaussianBlur(c, (0, 0), _BROAD * scale) for c in colour]
    )


def _near(difference: F32, scale: float) -> F32:
    """The mean square [h, w] of [3, h, w] around each pixel."""
    return np.asarray(cv2.GaussianBlur((difference**2).mean(axis=0), (0, 0), _AROUND * scale), np.float32)
