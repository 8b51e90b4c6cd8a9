"""Removes something from a picture of the product by inpainting inside an area that a person gave.

No pixel outside the area changes, and no matte does.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.core.arrays import F32, Mask, Rgba
from pipeline.core.errors import BadInput
from pipeline.diffusion.painting.calling import Sampling
from pipeline.diffusion.painting.engine import DiffusersEngine
from pipeline.diffusion.painting.refine import Square, square_over_grey

CONTEXT = 0.5  # of the area's longer side, seen by the model on each side of it
FEATHER = 0.02  # of the area's longer side: the width over which the painted pixels fade in, inside the area


@dataclass(frozen=True)
class RetouchRequest:
    """A picture, straight-alpha sRGB uint8 [h, w, 4], and where it may change [h, w].

    `remove`: what to remove, in words. `prompt`: what to paint there; None: the product's surface without it.
    """

    picture: Rgba
    area: Mask
    remove: str
    seed: int
    prompt: str | None = None
    steps: int = 30
    guidance: float = 3.0
    strength: float = 1.0


def retouch(engine: DiffusersEngine, request: RetouchRequest) -> Rgba:
    """Paint the area anew. Raises BadInput for an area without product, or values that are not numbers."""
    picture, area = request.picture, request.area
    if picture.shape[:2] != area.shape:
        raise BadInput(
            f"the mask is {area.shape[1]} x {area.shape[0]} px, its picture {picture.shape[1]} x {picture.shape[0]}",
            remedy="Make the mask as large as the picture",
        )
    if not (area & (picture[..., 3] > 0)).any():
        raise BadInput(
            f"there is no product where {request.remove!r} is to be removed", remedy="Correct the box or the mask"
        )
    square, side = _square_around(area, engine.native_px), engine.native_px
    base, _ = square_over_grey(picture, square, side)
    wanted = cv2.resize(_cropped(area.astype(np.float32), square), (side, side), interpolation=cv2.INTER_AREA)
    asked = Sampling(
        prompt=_prompt(engine, request),
        seeds=(request.seed,),
        steps=request.steps,
        guidance=request.guidance,
        strength=request.strength,
    )
    mask = np.where(wanted > 0, 255, 0).astype(np.uint8)
    (painted,) = engine.inpaint([base.round().astype(np.uint8)], [mask], asked)
    return _laid_in(picture, area, square, np.clip(painted, 0, 1) * 255)


def _prompt(engine: DiffusersEngine, request: RetouchRequest) -> str:
    if request.prompt is not None:
        return request.prompt
    if engine.family.instructed:
        return f"Remove the {request.remove}. Keep everything else as it is."
    return f"the product's own surface, continued evenly, without {request.remove}"


def _square_around(area: Mask, least_px: int) -> Square:
    """Left, top and side of a square around the area with its context; no smaller than what the model paints."""
    ys, xs = np.nonzero(area)
    extent = max(np.ptp(ys), np.ptp(xs)) + 1
    side = max(least_px, round((1 + 2 * CONTEXT) * extent))
    return round((xs.min() + xs.max() - side) / 2), round((ys.min() + ys.max() - side) / 2), side


def _cropped(plane: F32, square: Square) -> F32:
    """The square of a plane [h, w]; 0 outside."""
    left, top, side = square
    padded = np.pad(plane, side)
    return padded[top + side : top + 2 * side, left + side : left + 2 * side]


def _laid_in(picture: Rgba, area: Mask, square: Square, painted: F32) -> Rgba:
    """The picture with the painted square [n, n, 3], 0 to 255, faded in inside the area; its alpha is kept."""
    left, top, side = square
    enlarging = side > painted.shape[0]
    large = cv2.resize(painted, (side, side), interpolation=cv2.INTER_CUBIC if enlarging else cv2.INTER_AREA)
    share = _faded(area)
    height, width = area.shape
    rows, columns = slice(max(0, top), min(height, top + side)), slice(max(0, left), min(width, left + side))
    part = large[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
    weight = share[rows, columns, None]
    out = picture.copy()
    mixed = picture[rows, columns, :3] * (1 - weight) + part * weight
    out[rows, columns, :3] = np.clip(np.round(mixed), 0, 255)
    return out


def _faded(area: Mask) -> NDArray[np.float32]:
    """Share of the painted pixels [h, w]: 0 outside the area, rising to 1 inside its rim."""
    ys, xs = np.nonzero(area)
    width_px = max(1.0, FEATHER * (max(np.ptp(ys), np.ptp(xs)) + 1))
    depth = cv2.distanceTransform(area.astype(np.uint8), cv2.DIST_L2, 5)
    return np.asarray(np.clip(depth / width_px, 0, 1), np.float32)
