"""Corrects a photo's matte by the silhouette of a splat that was fitted to all photos, and so out-votes a single error.

Only fat disagreements count: those that stay when thin ones are opened away with the silhouette's own uncertainty. A
lace that the splat blurred away, a slit that it filled, and the whole well-cut outline are thin, and keep their bytes.
"""

from dataclasses import dataclass

import numpy as np

from pipeline.core.arrays import Pixels
from pipeline.imaging.cutout.matting import UNKNOWN, closed_form, foreground_colours
from pipeline.imaging.silhouette.evidence import Disagreement, Drawn, Evidence, Mask, around, depth_of


@dataclass(frozen=True)
class Corrected:
    """`rgba` [h, w, 4]: the corrected cut-out. `changed`: share of the silhouette whose alpha changed by half or more.

    `before`, `after`: the disagreement of the given and of the corrected matte with the silhouette.
    """

    rgba: Pixels
    before: Disagreement
    after: Disagreement
    changed: float


def correct(rgb: Pixels, rgba: Pixels, drawn: Drawn) -> Corrected:
    """The cut-out `rgba` [h, w, 4] of the photo `rgb` [h, w, 3], corrected where the photo does not speak against it.

    A pixel beyond the zone around a corrected disagreement keeps its bytes; a pixel that ends opaque is the photo's.
    """
    alpha = rgba[..., 3]
    evidence = Evidence.of(rgb, alpha, drawn)
    before = evidence.disagreement()
    product, zone = evidence.matte.copy(), np.zeros_like(evidence.matte)
    for clue in evidence.clues:
        if clue.faulty and evidence.usable:
            zone[clue.box] |= clue.zone
            product[clue.box] = np.where(clue.zone, evidence.settled(clue), product[clue.box])
    if not zone.any():
        return Corrected(rgba, before, before, 0.0)
    fresh = np.where(zone, _outlined(rgb, alpha, product, zone, evidence.reach), alpha)
    changed = float((np.abs(fresh.astype(int) - alpha) >= 128).sum() / max(1, int(evidence.shown.sum())))
    out = np.dstack([foreground_colours(rgb, fresh), fresh])
    out[fresh == alpha] = rgba[fresh == alpha]
    return Corrected(out, before, Evidence.of(rgb, fresh, drawn).disagreement(), changed)


def measure(rgb: Pixels, rgba: Pixels, drawn: Drawn) -> Corrected:
    """The cut-out as it is, and how it disagrees with the splat."""
    found = Evidence.of(rgb, rgba[..., 3], drawn).disagreement()
    return Corrected(rgba, found, found, 0.0)


def _outlined(rgb: Pixels, alpha: Pixels, product: Mask, zone: Mask, reach: float) -> Pixels:
    """Alpha [h, w] of the photo along the outline of `product` within the zone; outside of it the matte holds."""
    trimap = np.where(product, 255, 0).astype(np.uint8)
    trimap[zone & (np.abs(depth_of(product)) <= max(3.0, reach / 2))] = UNKNOWN
    box = around(zone, 8)
    solved = closed_form(np.ascontiguousarray(rgb[box]), np.ascontiguousarray(trimap[box]))
    fresh = alpha.copy()
    fresh[box] = np.round(np.clip((solved - 0.03) / 0.94, 0, 1) * 255)
    return fresh
