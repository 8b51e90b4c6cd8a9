"""Colours and shape of the product alone, measured without weights.

Four parts, each of unit length, joined with the weights below:

- `colour`: soft histogram of CIELAB, the square root taken, so that a dot product is a Bhattacharyya coefficient;
- `bands`: a coarser histogram of each of four horizontal bands, because a product that is turned keeps its bands;
- `outline`: coverage of a square grid around the product's box, less a half, so that empty cells count too;
- `texture`: histograms of gradient directions in the lightness (Dalal and Triggs 2005), inside the product only.

The backdrop, the product's size and its place in the frame do not matter. What the product is does not matter either:
a red cup and a red bucket are alike.
"""

from collections.abc import Sequence
from functools import cache
from itertools import pairwise, product
from typing import Literal, NamedTuple

import numpy as np

from pipeline.core.arrays import F32, F64, I64, Matte, Rgba
from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput

SEES: Literal["product", "picture"] = "product"
ALIKE = 0.945  # two shoots of one product are alike by 0.95 to 0.99; see benchmarks/LANGUAGE.md
VERSION = "1"
SIDE_PX = 96  # of the square that the product is fitted into
WEIGHTS = {"colour": 0.4, "bands": 0.15, "outline": 0.15, "texture": 0.3}  # shares of the squared length; they sum to 1
CHROMA_MOST = 80.0  # more saturated colours count as this
BANDS, GRID, CELLS, DIRECTIONS = 4, 8, 4, 8
LENGTH = 723  # of a vector
TEXTURE_FLOOR = 20.0  # a product with less texture than this is taken for plain


class Steps(NamedTuple):
    """The bins of a histogram: `levels` of lightness 0 to 100, `chroma` on each of the axes a and b."""

    levels: int
    chroma: int


COLOUR_STEPS, BAND_STEPS = Steps(5, 9), Steps(3, 5)


class Params(Frozen):
    """The engine has no settings."""

    engine: Literal["descriptor"] = "descriptor"


def require_here(params: Params) -> str:
    """Return what would run on this machine."""
    return f"descriptor {revision(params)}"


def revision(params: Params) -> str:  # noqa: ARG001 - the engine has no settings
    """The version of the measures; vectors of different versions cannot be compared."""
    return VERSION


def vectors(pictures: Sequence[Rgba], params: Params) -> F32:  # noqa: ARG001 - the engine has no settings
    """One vector per picture, [n, d] float32 of unit length. Raises BadInput when a picture shows no product."""
    return np.stack([describe(picture) for picture in pictures]) if pictures else np.zeros((0, LENGTH), np.float32)


def describe(picture: Rgba) -> F32:
    """The descriptor [LENGTH] of a picture [h, w, 4] uint8, straight alpha. Raises BadInput when nothing is opaque."""
    lab, alpha = _product(picture)
    parts = {
        "colour": _unit(_histogram(lab, alpha, COLOUR_STEPS)),
        "bands": _unit(_bands(lab, alpha)),
        "outline": _unit(_outline(alpha)),
        "texture": _unit(_texture(lab[..., 0], alpha), TEXTURE_FLOOR),
    }
    return _unit(np.concatenate([np.sqrt(WEIGHTS[name]) * part for name, part in parts.items()]))


def _product(picture: Rgba) -> tuple[F32, Matte]:
    """CIELAB [SIDE_PX, SIDE_PX, 3] and alpha 0 to 1 of the product, centred in a square that its box just fits into."""
    import cv2

    rows, columns = (np.flatnonzero((picture[..., 3] >= 128).any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        raise BadInput("a picture shows no product: no pixel is opaque", remedy="Check the cut-out of this picture")
    box = picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = SIDE_PX / max(box.shape[:2])
    size = tuple(max(1, round(side * scale)) for side in box.shape[1::-1])
    opaque = box[..., 3:].astype(np.float32) / 255
    layers = np.concatenate([box[..., :3].astype(np.float32) / 255 * opaque, opaque], axis=2)
    enlarge = cv2.INTER_LINEAR if scale > 1 else cv2.INTER_AREA
    small = np.asarray(cv2.resize(layers, size, interpolation=enlarge), np.float32)
    top, left = (SIDE_PX - size[1]) // 2, (SIDE_PX - size[0]) // 2
    square = np.zeros((SIDE_PX, SIDE_PX, 4), np.float32)
    square[top : top + size[1], left : left + size[0]] = small
    alpha = square[..., 3]
    rgb = square[..., :3] / np.maximum(alpha, 1e-3)[..., None]
    return np.asarray(cv2.cvtColor(np.clip(rgb, 0, 1), cv2.COLOR_RGB2LAB), np.float32), alpha


def _bins(values: F32, step: float, low: float, count: int) -> list[tuple[I64, F32]]:
    """The two bins that share each value [n], and their shares: linear, so that a small change moves little."""
    place = np.clip((values - low) / step, 0, count - 1)
    first = np.minimum(place.astype(np.int64), count - 2)
    share = (place - first).astype(np.float32)
    return [(first, 1 - share), (first + 1, share)]


def _counts(lab: F32, weights: F32, steps: Steps) -> F64:
    """Soft histogram over the whole box of CIELAB, flat; colours [n, 3], weights [n]."""
    levels, chroma = steps.levels, steps.chroma
    total = np.zeros(levels * chroma * chroma)
    parts = (
        _bins(lab[:, 0], 100 / (levels - 1), 0.0, levels),
        _bins(lab[:, 1], 2 * CHROMA_MOST / (chroma - 1), -CHROMA_MOST, chroma),
        _bins(lab[:, 2], 2 * CHROMA_MOST / (chroma - 1), -CHROMA_MOST, chroma),
    )
    for (lightness, x), (green_red, y), (blue_yellow, z) in product(*parts):
        at = (lightness * chroma + green_red) * chroma + blue_yellow
        total += np.bincount(at, weights * x * y * z, len(total))
    return total


@cache
def _reachable(steps: Steps) -> I64:
    """The bins that colours of sRGB fall into; the others would always be empty."""
    import cv2

    level = np.linspace(0, 1, 33, dtype=np.float32)
    cube = np.stack(np.meshgrid(level, level, level, indexing="ij"), axis=-1).reshape(1, -1, 3)
    lab = cv2.cvtColor(cube, cv2.COLOR_RGB2LAB)[0]
    return np.flatnonzero(_counts(lab, np.ones(len(lab), np.float32), steps) > 1.0)


def _histogram(lab: F32, alpha: Matte, steps: Steps) -> F32:
    """Square roots of the shares of colours: colours [h, w, 3], weights [h, w]."""
    counts = _counts(lab.reshape(-1, 3), alpha.ravel(), steps)[_reachable(steps)]
    return np.sqrt(counts).astype(np.float32)


def _bands(lab: F32, alpha: Matte) -> F32:
    """Histograms of the horizontal bands of the product's box, joined; each is as long as its band is covered."""
    rows = np.flatnonzero(alpha.any(axis=1))
    edges = np.linspace(rows[0], rows[-1] + 1, BANDS + 1).round().astype(int)
    return np.concatenate([_histogram(lab[a:b], alpha[a:b], BAND_STEPS) for a, b in pairwise(edges)])


def _outline(alpha: Matte) -> F32:
    """Coverage of the square's grid less a half, [GRID * GRID]."""
    cells = alpha.reshape(GRID, SIDE_PX // GRID, GRID, SIDE_PX // GRID).mean(axis=(1, 3)).ravel()
    return np.asarray(cells - 0.5, np.float32)


def _texture(lightness: F32, alpha: Matte) -> F32:
    """Histograms of gradient directions per cell, without sign; edges of the product itself do not count."""
    import cv2

    inside = cv2.erode((alpha > 0.9).astype(np.uint8), np.ones((5, 5), np.uint8), borderValue=0)
    x, y = (cv2.Sobel(lightness, cv2.CV_32F, *axes, scale=1 / 8) for axes in ((1, 0), (0, 1)))
    strength = np.hypot(x, y) * inside
    turn = np.arctan2(y, x) % np.pi / np.pi * DIRECTIONS
    first = turn.astype(np.int64) % DIRECTIONS
    share = turn - np.floor(turn)
    where = np.arange(SIDE_PX) * CELLS // SIDE_PX
    cell = (where[:, None] * CELLS + where[None, :]) * DIRECTIONS
    counts = np.zeros(CELLS * CELLS * DIRECTIONS)
    for direction, part in ((first, 1 - share), ((first + 1) % DIRECTIONS, share)):
        counts += np.bincount((cell + direction).ravel(), (strength * part).ravel(), len(counts))
    return np.sqrt(counts).astype(np.float32)


def _unit(values: F32, floor: float = 1e-6) -> F32:
    """Scale to length 1; what is much shorter than `floor` stays short, so that noise does not count."""
    return np.asarray(values / np.hypot(np.linalg.norm(values), floor), np.float32)
