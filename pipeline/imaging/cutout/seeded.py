"""Cuts out a product that stands on no plain backdrop, from a box that a person says is surely product in every photo.

For a turntable on a desk, a printed scale under the product, a coloured table: what lies around the product may have
any colour, as long as it is not the product's. The camera stands still, so one box serves a shoot.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.core.arrays import F32, Alpha, Mask, Pixels, Rgb
from pipeline.imaging.cutout.backdrop_model import lab_of
from pipeline.imaging.cutout.outline import reduced, refined

_DISC5 = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
_DISC9 = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9))


@dataclass(frozen=True)
class SeededCutout:
    """The engine. `seed_box`: left, top, right, bottom of the sure product, as fractions of the picture, 0 to 1."""

    seed_box: tuple[float, float, float, float]
    work_side_px: int = 512
    matting_side_px: int | None = None
    grabcut_rounds: int = 3
    band: float = 2.0

    def cut(self, rgb: Rgb) -> Alpha:
        """Alpha [h, w] uint8 of a photo [h, w, 3] uint8."""
        small = reduced(rgb, self.work_side_px)
        calm = cv2.bilateralFilter(cv2.medianBlur(small, 5), 9, 25, 5)  # print and grain are no outline
        seed = self._seed(small.shape[0], small.shape[1])
        product = self._grabcut(np.asarray(calm, np.uint8), seed)
        if not product.any():
            return np.zeros(rgb.shape[:2], np.uint8)
        return refined(rgb, product, band=self.band, matting_side_px=self.matting_side_px)

    def _seed(self, height: int, width: int) -> Mask:
        left, top, right, bottom = self.seed_box
        seed = np.zeros((height, width), bool)
        seed[round(top * height) : round(bottom * height), round(left * width) : round(right * width)] = True
        return seed

    def _grabcut(self, calm: Pixels, seed: Mask) -> Mask:
        """GrabCut from the seed's colours outwards; only what hangs together with the seed is kept, without holes."""
        alike = _alike(lab_of(calm), seed)
        labels = np.full(seed.shape, cv2.GC_PR_BGD, np.uint8)
        labels[_with(np.asarray(alike < 3.0), seed)] = cv2.GC_PR_FGD
        labels[[0, -1]], labels[:, [0, -1]] = cv2.GC_BGD, cv2.GC_BGD
        labels[seed] = cv2.GC_FGD
        models = np.zeros((1, 65)), np.zeros((1, 65))
        cv2.setRNGSeed(0)
        cv2.grabCut(calm, labels, None, *models, max(1, self.grabcut_rounds), cv2.GC_INIT_WITH_MASK)
        found = np.asarray((labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD), np.uint8)
        opened = _with(cv2.morphologyEx(found, cv2.MORPH_OPEN, _DISC9) > 0, seed)
        grown = (cv2.dilate(np.asarray(opened, np.uint8), _DISC5) > 0) & (found > 0)
        return _filled(grown)


def _alike(lab: F32, seed: Mask) -> F32:
    """Distance of each pixel's colour to the nearest of the seed's six main colours, in deviations of that colour."""
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
    """The pieces of a mask that touch the seed."""
    count, labels = cv2.connectedComponents(np.asarray(mask | seed, np.uint8), connectivity=4)
    wanted = np.zeros(count, bool)
    wanted[np.unique(labels[seed])] = True
    return np.asarray(wanted[labels] & (labels > 0))


def _filled(mask: Mask) -> Mask:
    """Without holes."""
    contours, _ = cv2.findContours(np.asarray(mask, np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    full = np.zeros(mask.shape, np.uint8)
    cv2.drawContours(full, contours, -1, 1, cv2.FILLED)
    return full > 0
