"""Check what a painted backdrop shows around its product: contrast, the product's colours, noise, an empty picture.

Everything is measured in a small copy of the frame, in CIELAB of OpenCV (D65), without the drawn shadow.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.core.arrays import F32, I64, Alpha, Mask
from pipeline.core.linear import linear_to_srgb
from pipeline.core.records import Check
from pipeline.imaging.checks.evidence import Evidence, finding

SIDE_PX = 256  # longer side of the copy
RIM_PX = 3.0  # depth of the product's rim that must be distinguishable from what lies behind it
VISIBLE_DE = 4.0  # CIE76; a rim with less disappears at the size of a thumbnail
MERGED_AT_MOST = 0.75  # a product on a material of its own colour reaches 0.6: light and shade still separate them
SPECKLE_PX = 3.0  # blur that takes speckles and grain out of the comparison
BIN_DE = 8.0  # edge of a bin of the product's colours, CIELAB
COMMON = 0.02  # share of the product that a bin must hold
APART_DE = 16.0  # from the usual colour of its row: less is grain, a vein or light
GRAIN_PX = 5  # what is narrower is grain, a vein or a chip
LIKE_AT_MOST = 0.08
STEP_DE = 12.0  # between both sides of an object's outline; light falls off more gently
EDGE_AT_LEAST = 0.7  # of an object's outline; a floor in bright light ends like one at its horizon only
NOISE_SIGMA_PX = 2.0
NOISE_AT_MOST = 14.0  # CIE76
BLACK = 2  # level
BLACK_AT_MOST = 0.98


@dataclass(frozen=True)
class Scene:
    """A small copy of a frame. `backdrop`: sRGB [h, w, 3], `lab` its CIELAB; `product`: CIELAB; `alpha`: 0 to 1."""

    backdrop: F32
    lab: F32
    product: F32
    alpha: F32

    @property
    def open(self) -> Mask:
        """Where nothing hides the backdrop."""
        return np.asarray(self.alpha < 0.02, np.bool_)


def check_scene(evidence: Evidence) -> tuple[Check, ...]:
    """Check a painted backdrop behind its product; no checks for other backdrops, or without a product."""
    if evidence.kind != "diffusion" or evidence.backdrop is None or not evidence.solid.any():
        return ()
    scene = _small(evidence, evidence.backdrop)
    return (_contrast(scene), _second_product(scene), _noise(scene), _black(scene))


def _small(evidence: Evidence, behind: F32) -> Scene:
    height, width = evidence.alpha.shape
    scale = SIDE_PX / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    layers = np.zeros((height, width, 4), np.float32)
    layers[evidence.product.where] = evidence.product.pixels
    backdrop, product = (
        np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.float32) for plane in (behind, layers)
    )
    alpha = product[..., 3]
    colours = product[..., :3] / np.maximum(alpha, 1e-3)[..., None]
    srgb = linear_to_srgb(np.clip(backdrop, 0, 1)).astype(np.float32)
    return Scene(srgb, _lab(srgb), _lab(linear_to_srgb(np.clip(colours, 0, 1)).astype(np.float32)), alpha)


def _lab(srgb: F32) -> F32:
    return np.asarray(cv2.cvtColor(srgb / np.float32(255), cv2.COLOR_RGB2Lab), np.float32)


def _contrast(scene: Scene) -> Check:
    """Share of the product's rim that cannot be told from the backdrop behind it."""
    solid = np.pad(scene.alpha >= 0.9, 1).astype(np.uint8)
    inward = cv2.distanceTransform(solid, cv2.DIST_L2, 5)[1:-1, 1:-1]
    rim = (inward > 0) & (inward <= RIM_PX)
    product = _around(scene.product, (scene.alpha >= 0.9).astype(np.float32))
    behind = cv2.GaussianBlur(scene.lab, (0, 0), SPECKLE_PX)
    apart = np.linalg.norm(product[rim] - behind[rim], axis=1)
    merged = float((apart < VISIBLE_DE).mean()) if rim.any() else 0.0
    passed = merged <= MERGED_AT_MOST
    words = f"{merged:.0%} of the product's rim has the colour of the painted backdrop behind it"
    return finding(
        "scene_contrast", merged, "share", words + ("" if passed else ": the product disappears in it"),
        threshold=MERGED_AT_MOST, passed=passed, severity="review",
    )  # fmt: skip


def _second_product(scene: Scene) -> Check:
    """Largest patch of the backdrop in the product's colours that its surroundings do not have, per product's area."""
    usual = np.median(scene.lab, axis=1, keepdims=True)
    apart = np.linalg.norm(scene.lab - usual, axis=2) > APART_DE
    like = (apart & _in_colours(scene) & scene.open).astype(np.uint8)
    wide = cv2.morphologyEx(like, cv2.MORPH_OPEN, np.ones((GRAIN_PX, GRAIN_PX), np.uint8))
    largest = max((int(area) for area in _areas_of_objects(wide, scene)), default=0)
    share = largest / max(1, int((scene.alpha >= 0.5).sum()))
    passed = share <= LIKE_AT_MOST
    words = "the painted backdrop shows nothing else in the product's colours"
    if not passed:
        words = f"the painted backdrop shows something in the product's colours, {share:.0%} as large as the product"
    return finding(
        "scene_second_product", share, "share", words, threshold=LIKE_AT_MOST, passed=passed, severity="review"
    )


def _areas_of_objects(patches: Alpha, scene: Scene) -> list[int]:
    """Areas in px of the patches [h, w] whose outline is an edge of the picture along most of its length."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(patches, connectivity=8)
    smallest = LIKE_AT_MOST * float((scene.alpha >= 0.5).sum())
    areas = []
    for label in range(1, count):
        if (area := int(stats[label, cv2.CC_STAT_AREA])) > smallest:
            patch = (labels == label).astype(np.float32)
            outside = scene.open.astype(np.float32) * (1 - patch)
            step = np.linalg.norm(_around(scene.lab, patch) - _around(scene.lab, outside), axis=2)
            outline = (patch > 0) & (cv2.erode(patch, np.ones((3, 3), np.uint8), borderValue=1) == 0)
            if (step[outline] >= STEP_DE).mean() >= EDGE_AT_LEAST:
                areas.append(area)
    return areas


def _around(lab: F32, where: F32) -> F32:
    """Mean colours [h, w, 3] of the pixels of `where` [h, w] near each pixel."""
    total = cv2.GaussianBlur(lab * where[..., None], (0, 0), GRAIN_PX)
    return np.asarray(total / np.maximum(cv2.GaussianBlur(where, (0, 0), GRAIN_PX), 1e-3)[..., None], np.float32)


def _in_colours(scene: Scene) -> Mask:
    """Where the backdrop [h, w] has a colour that is common in the product."""
    counts = np.zeros((16, 36, 36), np.float32)
    np.add.at(counts, _bins(scene.product[scene.alpha >= 0.9]), 1.0)
    common = (counts >= COMMON * max(1.0, counts.sum())).astype(np.uint8)
    near = np.zeros_like(common)
    for axis in range(3):
        for step in (-1, 0, 1):
            near |= np.roll(common, step, axis)
    return np.asarray(near[_bins(scene.lab)] > 0, np.bool_)


def _bins(lab: F32) -> tuple[I64, ...]:
    cells = np.floor(lab / BIN_DE).astype(np.int64)
    return (np.clip(cells[..., 0], 0, 15), *(np.clip(cells[..., axis] + 18, 0, 35) for axis in (1, 2)))


def _noise(scene: Scene) -> Check:
    """Root mean square of the backdrop less its surroundings: little for grain and veins, much for noise."""
    rough = scene.lab - cv2.GaussianBlur(scene.lab, (0, 0), NOISE_SIGMA_PX)
    where = scene.open if scene.open.any() else np.ones(scene.alpha.shape, np.bool_)
    noise = float(np.sqrt(np.mean(np.square(np.linalg.norm(rough, axis=2)[where]))))
    passed = noise <= NOISE_AT_MOST
    words = f"the painted backdrop varies by {noise:.1f} CIE76 within a few pixels"
    return finding(
        "scene_noise", noise, "dE76", words + ("" if passed else ": it is noise, not a scene"),
        threshold=NOISE_AT_MOST, passed=passed, severity="review",
    )  # fmt: skip


def _black(scene: Scene) -> Check:
    """Share of the backdrop that is black; a checkpoint's safety filter returns a black picture."""
    black = float((scene.backdrop <= BLACK).all(axis=2).mean())
    passed = black <= BLACK_AT_MOST
    words = f"{black:.0%} of the painted backdrop is black" + ("" if passed else ": nothing was painted")
    return finding("scene_blank", black, "share", words, threshold=BLACK_AT_MOST, passed=passed, severity="reject")
