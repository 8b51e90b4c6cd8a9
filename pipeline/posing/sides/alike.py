"""Compares two photos of the product directly: how well they match, and whether they show the same side."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.core.colmap.model import NO_POINT, SparseModel

MATCH_SIDE_PX, COMPARE_SIDE_PX = 640, 320
MAX_FEATURES = 2000
RATIO = 0.8
INLIER_PX = 3.0
MIN_SHARED_POINTS = 12
TEXTURE_LEVELS = 6.0
"""Standard deviation, of 255, above which a spot has detail to compare."""
UNLIKE_CORRELATION = 0.4
UNLIKE_SHARE = 0.25
WINDOW_PX = 4.0
Grey = NDArray[np.uint8]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class PhotoFiles:
    """The files that a photo's pixels are read from; `mask`: a cut-out or a grey mask, or None."""

    photo: Path
    mask: Path | None


def linked(first: PhotoFiles, second: PhotoFiles) -> int:
    """The number of features on the product that match between two photos and obey one epipolar geometry."""
    sift = cv2.SIFT.create(nfeatures=MAX_FEATURES)
    found = []
    for files in (first, second):
        grey, mask = _read(files, MATCH_SIDE_PX)
        found.append(sift.detectAndCompute(grey, mask.astype(np.uint8) * 255))
    (points_a, features_a), (points_b, features_b) = found
    if features_a is None or features_b is None or min(len(points_a), len(points_b)) < 8:
        return 0
    matcher = cv2.BFMatcher(cv2.NORM_L2)
    forward = {pair[0].queryIdx: pair[0].trainIdx for pair in _clear(matcher, features_a, features_b)}
    back = {pair[0].queryIdx: pair[0].trainIdx for pair in _clear(matcher, features_b, features_a)}
    mutual = [(a, b) for a, b in forward.items() if back.get(b) == a]
    if len(mutual) < 8:
        return 0
    at_a = np.array([points_a[a].pt for a, _ in mutual])
    at_b = np.array([points_b[b].pt for _, b in mutual])
    cv2.setRNGSeed(0)
    _, inliers = cv2.findFundamentalMat(at_a, at_b, cv2.FM_RANSAC, INLIER_PX, 0.999)
    return 0 if inliers is None else int(inliers.sum())


def look_different(model: SparseModel, first: str, second: str, a: PhotoFiles, b: PhotoFiles) -> bool:
    """Whether two photos that the model places together show different sides of the product.

    The second is laid over the first by the points that both see, and their local correlation is measured where there
    is detail, which no change of the light explains. False when too few points are shared to lay them over each other.
    """
    grey_a, mask_a = _read(a, COMPARE_SIDE_PX)
    grey_b, mask_b = _read(b, COMPARE_SIDE_PX)
    at_a, at_b = _shared_px(model, first, second, grey_a.shape, grey_b.shape)
    if len(at_a) < MIN_SHARED_POINTS:
        return False
    cv2.setRNGSeed(0)
    over, _ = cv2.findHomography(at_b, at_a, cv2.RANSAC, INLIER_PX)
    if over is None:
        return False
    size = (grey_a.shape[1], grey_a.shape[0])
    laid = cv2.warpPerspective(grey_b, over, size, flags=cv2.INTER_AREA)
    laid_mask = cv2.warpPerspective(mask_b.astype(np.uint8), over, size, flags=cv2.INTER_NEAREST) > 0
    inside = cv2.erode((mask_a & laid_mask).astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    correlation, detailed = _correlation(grey_a.astype(np.float64), laid.astype(np.float64))
    compared = inside & detailed
    return bool(compared.sum() >= 200 and (correlation[compared] < UNLIKE_CORRELATION).mean() > UNLIKE_SHARE)


def _clear(matcher: cv2.BFMatcher, features: cv2.typing.MatLike, others: cv2.typing.MatLike) -> list[list[cv2.DMatch]]:
    """Matches that are clearly better than the second best (Lowe 2004)."""
    pairs = [list(pair) for pair in matcher.knnMatch(features, others, k=2)]
    return [pair for pair in pairs if len(pair) == 2 and pair[0].distance < RATIO * pair[1].distance]


def _shared_px(
    model: SparseModel, first: str, second: str, shape_a: tuple[int, ...], shape_b: tuple[int, ...]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where two photos see the points that they share, [M, 2] each, in px of pictures with these shapes."""
    by_photo = {image.photo: image for image in model.images}
    seen = []
    for photo, shape in ((first, shape_a), (second, shape_b)):
        image = by_photo[photo]
        known = image.point_ids != NO_POINT
        scale = shape[1] / model.cameras[image.camera_id].width_px
        seen.append((image.point_ids[known], image.features_px[known] * scale))
    _, in_a, in_b = np.intersect1d(seen[0][0], seen[1][0], return_indices=True)
    return seen[0][1][in_a], seen[1][1][in_b]


def _correlation(a: NDArray[np.float64], b: NDArray[np.float64]) -> tuple[NDArray[np.float64], Mask]:
    """Local normalised correlation of two pictures [h, w], and where at least one of them has detail."""

    def mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(cv2.GaussianBlur(values, (0, 0), WINDOW_PX))

    mean_a, mean_b = mean(a), mean(b)
    variance_a = np.maximum(mean(a * a) - mean_a**2, 0.0)
    variance_b = np.maximum(mean(b * b) - mean_b**2, 0.0)
    together = mean(a * b) - mean_a * mean_b
    detailed = np.maximum(variance_a, variance_b) > TEXTURE_LEVELS**2
    return together / np.sqrt(np.maximum(variance_a * variance_b, 1.0)), detailed


def _read(files: PhotoFiles, side_px: int) -> tuple[Grey, Mask]:
    """A photo's luma and its mask, scaled to this long side at most; everything is inside without a mask."""
    with Image.open(files.photo) as opened:
        size = opened.size
        factor = min(1.0, side_px / max(size))
        small = (max(1, round(size[0] * factor)), max(1, round(size[1] * factor)))
        grey = np.asarray(opened.convert("L").resize(small, Image.Resampling.BOX))
    if files.mask is None:
        return grey, np.ones(grey.shape, dtype=bool)
    with Image.open(files.mask) as opened:
        alpha = opened.getchannel("A") if "A" in opened.getbands() else opened.convert("L")
        return grey, np.asarray(alpha.resize(small, Image.Resampling.BOX)) >= 128
