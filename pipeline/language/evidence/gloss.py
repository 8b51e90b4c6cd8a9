"""How glossy a product is, from the highlights in its cut-out photo.

A highlight adds the lamp's white light to the product's colour. On a matt surface the lamp leaves no highlight, on a
satin one a wide soft spot, on a glossy one a bright spot that fades within a short way. A print is bright too, with an
edge sharper than that of a highlight on a curved surface. A mirror's highlights have such an edge as well: where bright
spots have sharp edges, and no other spot fades, one photo cannot tell.
"""

from typing import Literal, NamedTuple

import cv2
import numpy as np

from pipeline.core.arrays import F32, Mask, Rgba
from pipeline.core.domain import Frozen
from pipeline.core.linear import srgb_to_linear
from pipeline.language.colours import OPAQUE

Kind = Literal["matt", "satin", "glossy"]

SIDE_PX = 384
SURROUNDINGS = 0.12  # of the long side: sigma of the blur that estimates the colour around a highlight
EXCESS, EXCESS_OF_AROUND = 0.02, 0.15  # linear light, 0 to 1, that a highlight adds at least; and of what is around it
AREA = 0.0008  # of the visible surface; smaller spots are speckles
GRADED, OVEREXPOSED = 0.3, 0.5  # share of a highlight's area that is between dark and bright, or clipped
PRINT_EDGE, GLOSSY_EDGE = 0.016, 0.05  # width of an edge, of the root of the visible area
WHITE = 0.62  # linear light of a product on which highlights cannot be told from its own white


class Gloss(Frozen):
    """`share`: of the visible surface that is highlight, 0 to 1. `edge`: over which the sharpest of them fades.

    `edge` is relative to the root of the visible area. Both are 0 for a matt product.
    """

    kind: Kind
    share: float
    edge: float


def gloss_of(picture: Rgba) -> Gloss | None:
    """The gloss of a product in a cut-out [h, w, 4], cropped to it. None if one photo cannot tell.

    Deterministic.
    """
    scale = min(1.0, SIDE_PX / max(picture.shape[:2]))
    size = max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    inside = cv2.erode((small[..., 3] >= OPAQUE).astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    if int(inside.sum()) < 2000:
        return None
    light = srgb_to_linear(np.ascontiguousarray(small[..., :3]))
    if float(np.median(light.min(axis=2)[inside])) > WHITE:
        return None
    area = float(inside.sum())
    excess, needed = _excess(light, inside)
    _, labels = cv2.connectedComponents((excess > needed).astype(np.uint8), connectivity=8)
    sizes = np.bincount(labels.ravel())
    spots = [_spot(excess, light, labels == one) for one in range(1, len(sizes)) if sizes[one] >= AREA * area]
    fading = [spot for spot in spots if (spot.graded or spot.clipped) and spot.edge_px > PRINT_EDGE * np.sqrt(area)]
    if not fading:
        return None if spots else Gloss(kind="matt", share=0.0, edge=0.0)
    share = sum(spot.area_px for spot in fading) / area
    edge = min(spot.edge_px for spot in fading) / float(np.sqrt(area))
    return Gloss(kind="glossy" if edge <= GLOSSY_EDGE else "satin", share=round(share, 4), edge=round(edge, 4))


def _excess(light: F32, inside: Mask) -> tuple[F32, F32]:
    """White light on top of the colour around, linear, [h, w], 0 outside; and how much a highlight has at least."""
    weight = inside.astype(np.float32)
    smooth = cv2.GaussianBlur(light, (0, 0), 1.2).min(axis=2)
    sigma = SURROUNDINGS * max(inside.shape)
    around = cv2.GaussianBlur(smooth * weight, (0, 0), sigma) / np.maximum(
        cv2.GaussianBlur(weight, (0, 0), sigma), 1e-6
    )
    excess = (smooth - around).clip(0) * weight
    return np.asarray(excess, np.float32), np.asarray(EXCESS + EXCESS_OF_AROUND * around, np.float32)


class _Spot(NamedTuple):
    """A bright spot. `edge_px`: over which it fades. `graded`: it does, not only at its border. `clipped`: to white."""

    area_px: float
    edge_px: float
    graded: bool
    clipped: bool


def _spot(excess: F32, light: F32, mask: Mask) -> _Spot:
    peak = float(np.percentile(excess[mask], 98))
    core = cv2.erode((mask & (excess > 0.25 * peak)).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    steepest = float(np.percentile(np.hypot(*np.gradient(excess))[mask], 98))
    graded = float(((excess > 0.3 * peak) & (excess < 0.8 * peak))[core].mean()) if core.any() else 0.0
    clipped = float((light.min(axis=2)[core] > 0.97).mean()) if core.any() else 0.0
    return _Spot(float(mask.sum()), peak / max(steepest, 1e-6), graded >= GRADED, clipped >= OVEREXPOSED)
