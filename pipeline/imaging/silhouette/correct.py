"""Corrects a photo's matte with the silhouette of a splat fitted to all photos, which outvote an error in one matte.

Only thick disagreements count: those that survive a morphological opening by the silhouette's uncertainty. A lace that
the splat lost, a slit that it filled, and a well-cut outline differ by thin regions only and keep their bytes.
"""

from dataclasses import dataclass

import numpy as np

from pipeline.core.arrays import Alpha, Mask, Pixels, Rgb, Rgba
from pipeline.imaging.cutout.mask.matting import UNKNOWN, closed_form, foreground_colours
from pipeline.imaging.silhouette.evidence import Disagreement, MatteEvidence, RenderedSplat, box_around, depth_of


@dataclass(frozen=True)
class Corrected:
    """A corrected cut-out `rgba` [h, w, 4].

    `before`, `after`: the disagreement of the given and the corrected matte with the silhouette. `changed`: number of
    pixels whose alpha changed by half or more, as a fraction of the silhouette's area.
    """

    rgba: Rgba
    before: Disagreement
    after: Disagreement
    changed: float


def correct(rgb: Rgb, rgba: Rgba, splat: RenderedSplat) -> Corrected:
    """Correct the cut-out `rgba` [h, w, 4] of the photo `rgb` [h, w, 3] where the photo does not contradict it.

    Pixels outside the zones around corrected disagreements keep their bytes; opaque pixels have the photo's colours.
    """
    alpha = rgba[..., 3]
    evidence = MatteEvidence.of(rgb, alpha, splat)
    before = evidence.disagreement()
    product, zone = evidence.matte.copy(), np.zeros_like(evidence.matte)
    for clue in evidence.clues:
        if clue.faulty and evidence.usable:
            zone[clue.box] |= clue.zone
            product[clue.box] = np.where(clue.zone, evidence.resolve(clue), product[clue.box])
    if not zone.any():
        return Corrected(rgba, before, before, 0.0)
    corrected = np.where(zone, _outline_alpha(rgb, alpha, product, zone, evidence.reach), alpha)
    changed = float((np.abs(corrected.astype(int) - alpha) >= 128).sum() / max(1, int(evidence.silhouette.sum())))
    out = np.dstack([foreground_colours(rgb, corrected), corrected])
    out[corrected == alpha] = rgba[corrected == alpha]
    return Corrected(out, before, MatteEvidence.of(rgb, corrected, splat).disagreement(), changed)


def measure(rgb: Rgb, rgba: Rgba, splat: RenderedSplat) -> Corrected:
    """Measure the disagreement of a cut-out with the splat, without correcting it."""
    disagreement = MatteEvidence.of(rgb, rgba[..., 3], splat).disagreement()
    return Corrected(rgba, disagreement, disagreement, 0.0)


def _outline_alpha(rgb: Rgb, alpha: Alpha, product: Mask, zone: Mask, reach: float) -> Pixels:
    """Alpha [h, w] solved by matting along the outline of `product` within the zone; elsewhere as given."""
    trimap = np.where(product, 255, 0).astype(np.uint8)
    trimap[zone & (np.abs(depth_of(product)) <= max(3.0, reach / 2))] = UNKNOWN
    box = box_around(zone, 8)
    solved = closed_form(np.ascontiguousarray(rgb[box]), np.ascontiguousarray(trimap[box]))
    corrected = alpha.copy()
    corrected[box] = np.round(np.clip((solved - 0.03) / 0.94, 0, 1) * 255)
    return corrected
