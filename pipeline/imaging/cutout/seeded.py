"""Any surroundings, from seeds: parts of each photo that surely are product, and parts that surely are not.

The seeds come from all photos of the shoot together: from a camera that stood still, before which only the product
changes, or from the structure of a hand-held shoot, in which the product stands on a table. A box that lies inside the
product in every photo is a seed too. The surroundings may have any colours, also the product's.
"""

from typing import Annotated, Any, Literal

import cv2
import numpy as np
from pydantic import AfterValidator, Field, model_validator

from pipeline.core.arrays import F32, Alpha, Mask, Pixels, Rgb
from pipeline.core.errors import BadInput
from pipeline.imaging.cutout.backdrop_model import lab_of
from pipeline.imaging.cutout.params import OutlineParams
from pipeline.imaging.cutout.seeds import Seeds

_DISC5 = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
_DISC9 = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9))
BAND_PX = 2.0  # half the width of the unknown band around the outline, at `work_side_px`
SURE_BAND_PX = 1.4  # the same of an outline between seeds, which follows an edge: print beside it stays out
Rectangle = tuple[float, float, float, float]


def _ordered(box: Rectangle) -> Rectangle:
    left, top, right, bottom = box
    if not (0 <= left < right - 0.01 <= 0.99 and 0 <= top < bottom - 0.01 <= 0.99):
        raise ValueError("must be left, top, right, bottom, each from 0 to 1")
    return box


class Params(OutlineParams):
    """Settings of the engine. `seed_box`: left, top, right, bottom as fractions of the picture, 0 to 1."""

    engine: Literal["seeded"] = "seeded"
    seeds: Literal["structure", "still", "box"] = Field(
        default="structure",
        description="where the seeds come from: `structure` (hand held, or turned on a printed sheet), `still` (a"
        " turntable in front of a camera that stood still), or `box` (`seed_box`, which selects it)",
    )
    seed_box: Annotated[Rectangle, AfterValidator(_ordered)] | None = Field(
        default=None, description="left, top, right, bottom of a box that is surely product in every photo, 0 to 1"
    )
    grabcut_rounds: int = Field(
        default=3, ge=1, le=20, description="iterations of GrabCut, which separates product from surroundings"
    )

    @model_validator(mode="before")
    @classmethod
    def _box_given(cls, values: Any) -> Any:
        if isinstance(values, dict) and values.get("seed_box") is not None and "seeds" not in values:
            return {**values, "seeds": "box"}
        return values

    @model_validator(mode="after")
    def _box_fits(self) -> "Params":
        if (self.seeds == "box") != (self.seed_box is not None):
            raise ValueError("seeds: box needs a seed_box, and a seed_box needs seeds: box")
        return self


def require_here(params: Params) -> str:  # noqa: ARG001 - the engine is part of this package, so it runs with any settings
    """Return the engine's name: it runs on every machine."""
    return "seeded"


def licence(params: Params) -> str:  # noqa: ARG001 - the same for all settings
    """Return `no weights`."""
    return "no weights"


def cut(rgb: Rgb, params: Params, seeds: Seeds | None = None) -> Alpha:
    """Alpha [h, w] uint8 of a photo [h, w, 3] uint8; all 0 if no product is found.

    `seeds`: evidence of the whole shoot, of any size. Raises BadInput when there is neither evidence nor a box.
    """
    from pipeline.imaging.cutout.mask.graph import cut_between
    from pipeline.imaging.cutout.mask.outline import reduced, refined

    small = reduced(rgb, params.work_side_px)
    product, band = (_boxed(small, params), BAND_PX) if seeds is None else (cut_between(small, seeds), SURE_BAND_PX)
    if not product.any():
        return np.zeros(rgb.shape[:2], np.uint8)
    return refined(rgb, product, band=band, matting_side_px=params.matting_side_px)


def _boxed(small: Rgb, params: Params) -> Mask:
    """The product that the box lies in. Raises BadInput without a box."""
    if params.seed_box is None:
        raise BadInput(
            "engine seeded was given a photo without its shoot, and no seed_box",
            remedy="Cut out the whole shoot, or set seed_box",
        )
    calm = cv2.bilateralFilter(cv2.medianBlur(small, 5), 9, 25, 5)  # smooths print and grain, which are not outlines
    seed = _seed(params.seed_box, small.shape[0], small.shape[1])
    return _grabcut(np.asarray(calm, np.uint8), seed, params.grabcut_rounds)


def _seed(box: Rectangle, height: int, width: int) -> Mask:
    left, top, right, bottom = box
    seed = np.zeros((height, width), bool)
    seed[round(top * height) : round(bottom * height), round(left * width) : round(right * width)] = True
    return seed


def _grabcut(calm: Pixels, seed: Mask, rounds: int) -> Mask:
    """Grow the product from the seed's colours with GrabCut; keep what is connected to the seed and fill its holes."""
    alike = _alike(lab_of(calm), seed)
    labels = np.full(seed.shape, cv2.GC_PR_BGD, np.uint8)
    labels[_with(np.asarray(alike < 3.0), seed)] = cv2.GC_PR_FGD
    labels[[0, -1]], labels[:, [0, -1]] = cv2.GC_BGD, cv2.GC_BGD
    labels[seed] = cv2.GC_FGD
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(0)
    cv2.grabCut(calm, labels, None, *models, rounds, cv2.GC_INIT_WITH_MASK)
    product = np.asarray((labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD), np.uint8)
    opened = _with(cv2.morphologyEx(product, cv2.MORPH_OPEN, _DISC9) > 0, seed)
    grown = (cv2.dilate(np.asarray(opened, np.uint8), _DISC5) > 0) & (product > 0)
    return _filled(grown)


def _alike(lab: F32, seed: Mask) -> F32:
    """Distance of each pixel to the nearest of the seed's six main colours, in deviations of that colour, [h, w]."""
    samples = np.ascontiguousarray(lab[seed], np.float32)
    cv2.setRNGSeed(0)
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 30, 0.1)
    count = min(6, len(samples))
    _, owner, centres = cv2.kmeans(samples, count, None, stop, 2, cv2.KMEANS_PP_CENTERS)
    nearest = np.full(seed.shape, np.inf, np.float32)
    for index in range(count):
        spread = np.maximum(samples[owner.ravel() == index].std(axis=0), (4.0, 2.5, 2.5))
        nearest = np.minimum(nearest, np.sqrt(np.square((lab - centres[index]) / spread).sum(axis=2)))
    return nearest


def _with(mask: Mask, seed: Mask) -> Mask:
    """The connected components of `mask` and `seed` together that touch the seed."""
    count, labels = cv2.connectedComponents(np.asarray(mask | seed, np.uint8), connectivity=4)
    touching = np.zeros(count, bool)
    touching[np.unique(labels[seed])] = True
    return np.asarray(touching[labels] & (labels > 0))


def _filled(mask: Mask) -> Mask:
    """The mask with its holes filled."""
    contours, _ = cv2.findContours(np.asarray(mask, np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    full = np.zeros(mask.shape, np.uint8)
    cv2.drawContours(full, contours, -1, 1, cv2.FILLED)
    return full > 0
