"""Adds the fine detail that a splat blurs to a rendered angle, by low-strength image-to-image inside its matte.

Only detail finer than a thirty-second of the picture is taken from the model, and no more of it than the nearest photo
shows; the colours, which were matched to that photo, stay. If edges or colours move, the result is rejected.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.core.arrays import F32, Rgba
from pipeline.core.errors import BadInput
from pipeline.diffusion.painting.calling import Sampling
from pipeline.diffusion.painting.engine import DiffusersEngine

MARGIN = 0.06  # around the product, as a share of its longer side
FINE = 1 / 32  # blur sigma as a share of the model's picture: coarser structure stays the rendering's
BLOCK_PX = 8
COLOUR_AT_MOST = 2.0  # CIEDE2000 of block means, 95th percentile
EDGES_AT_LEAST = 0.85  # correlation of gradients
GREY = 127.0
Square = tuple[int, int, int]  # left, top and side, px; it may exceed the picture


@dataclass(frozen=True)
class RefineRequest:
    """A rendered angle to refine and its nearest photo's cut-out, both straight-alpha sRGB uint8 [h, w, 4].

    `strength`: share of the diffusion that is run, 0.05 to 0.6; `guidance` as in `PaintRequest`.
    """

    rendered: Rgba
    photo: Rgba
    prompt: str
    seed: int
    steps: int = 30
    guidance: float = 3.0
    strength: float = 0.2


@dataclass(frozen=True)
class Refined:
    """A refined angle. If `fault` says why it was rejected, `rgba` is the rendered one unchanged.

    `colour_de`: how far block means moved, CIEDE2000, 95th percentile. `edges`: correlation of gradients before and
    after, 1 if none moved. Both are measured inside the matte, at the model's size.
    """

    rgba: Rgba
    fault: str | None
    colour_de: float
    edges: float


def refine(engine: DiffusersEngine, request: RefineRequest) -> Refined:
    """Refine one rendered angle with an inpainting checkpoint.

    Raises BadInput for a strength that is out of range or leaves no step, and for a result that is not finite.
    """
    if not 0.05 <= request.strength <= 0.6 or request.steps * request.strength < 1:
        raise BadInput(
            f"refine: strength {request.strength} of {request.steps} steps",
            remedy="Choose a strength from 0.05 to 0.6, and enough steps for at least one to run",
        )
    box = _square(request.rendered)
    photo_box = _square(request.photo)
    if box is None or photo_box is None:
        empty = "the picture" if box is None else "the nearest photo's cut-out"
        return Refined(request.rendered, f"{empty} shows no product", 0.0, 1.0)
    base, alpha = square_over_grey(request.rendered, box, engine.native_px)
    detail = _fine(_painted(engine, request, base, alpha) - base)
    inside = alpha > 0.5
    photo, photo_alpha = square_over_grey(request.photo, photo_box, engine.native_px)
    limit, actual = (float(np.std(_fine(p)[m])) for p, m in ((photo, photo_alpha > 0.5), (base + detail, inside)))
    detail *= min(1.0, limit / max(actual, 1e-6))
    after = np.clip(base + detail * alpha[..., None], 0, 255)
    colour_de, edges = _colour_de(base, after, inside), _edges(base, after, inside)
    fault = None
    if colour_de > COLOUR_AT_MOST:
        fault = f"colours moved by a CIEDE2000 of {colour_de:.1f}"
    elif edges < EDGES_AT_LEAST:
        fault = f"edges moved: their correlation is only {edges:.2f}"
    rgba = request.rendered if fault else _with_detail(request.rendered, box, after - base)
    return Refined(rgba, fault, round(colour_de, 3), round(edges, 4))


def _square(rgba: Rgba) -> Square | None:
    """Left, top and side of the square around the product, which may exceed the picture; None without a product."""
    ys, xs = np.nonzero(rgba[..., 3] >= 128)
    if len(ys) == 0:
        return None
    side = round((1 + 2 * MARGIN) * (max(np.ptp(ys), np.ptp(xs)) + 1))
    return round((xs.min() + xs.max() - side) / 2), round((ys.min() + ys.max() - side) / 2), side


def square_over_grey(rgba: Rgba, box: Square, size_px: int) -> tuple[F32, F32]:
    """The square composited over grey, 0 to 255 [n, n, 3], and its alpha, 0 to 1 [n, n]."""
    left, top, side = box
    height, width = rgba.shape[:2]
    crop = np.zeros((side, side, 4), np.float32)
    rows, columns = slice(max(0, top), min(height, top + side)), slice(max(0, left), min(width, left + side))
    crop[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left] = rgba[rows, columns]
    crop[..., :3] *= crop[..., 3:] / 255
    small = cv2.resize(crop, (size_px, size_px), interpolation=cv2.INTER_AREA)
    alpha = np.asarray(small[..., 3] / 255, np.float32)
    return np.asarray(small[..., :3] + GREY * (1 - alpha[..., None]), np.float32), alpha


def _painted(engine: DiffusersEngine, request: RefineRequest, base: F32, alpha: F32) -> F32:
    asked = Sampling(
        prompt=request.prompt,
        seeds=(request.seed,),
        steps=request.steps,
        guidance=request.guidance,
        strength=request.strength,
    )
    picture, mask = base.round().astype(np.uint8), np.where(alpha > 0, 255, 0).astype(np.uint8)
    (painted,) = engine.inpaint([picture], [mask], asked)
    return np.asarray(painted * 255, np.float32)


def _fine(picture: F32) -> F32:
    return picture - np.asarray(cv2.GaussianBlur(picture, (0, 0), FINE * picture.shape[0]), np.float32)


def _colour_de(before: F32, after: F32, inside: NDArray[np.bool_]) -> float:
    from skimage.color import deltaE_ciede2000, rgb2lab

    size = (before.shape[1] // BLOCK_PX, before.shape[0] // BLOCK_PX)
    whole = cv2.resize(inside.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.99
    if not whole.any():
        return 0.0
    first, second = (rgb2lab(cv2.resize(p, size, interpolation=cv2.INTER_AREA)[whole] / 255) for p in (before, after))
    return float(np.percentile(deltaE_ciede2000(first, second), 95))


def _edges(before: F32, after: F32, inside: NDArray[np.bool_]) -> float:
    def slope(picture: F32) -> F32:
        grey = cv2.GaussianBlur(picture.mean(axis=2), (0, 0), 1.0)
        return np.asarray(np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)), np.float32)

    first, second = slope(before)[inside], slope(after)[inside]
    if first.std() < 1e-6 or second.std() < 1e-6:
        return float(np.allclose(first, second, atol=1e-3))
    return float(np.corrcoef(first, second)[0, 1])


def _with_detail(rgba: Rgba, box: tuple[int, int, int], detail: F32) -> Rgba:
    """Add the detail, enlarged to its place, to the picture; alpha is unchanged."""
    left, top, side = box
    height, width = rgba.shape[:2]
    large = cv2.resize(detail, (side, side), interpolation=cv2.INTER_CUBIC)
    rows, columns = slice(max(0, top), min(height, top + side)), slice(max(0, left), min(width, left + side))
    part = large[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
    out = rgba.copy()
    seen = rgba[rows, columns, 3] > 0
    out[rows, columns, :3][seen] = np.clip(np.round(rgba[rows, columns, :3] + part), 0, 255)[seen]
    return out
