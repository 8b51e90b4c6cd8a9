"""What speaks against a matte whose engine took the backdrop to be plain.

Lengths are px of the judged picture, whose long side is `verdict.SIDE_PX`.
"""

import cv2
import numpy as np

from pipeline.core.arrays import F32, Mask, Matte, Pixels, Rgb
from pipeline.imaging.cutout.backdrop_model import BackdropFit, Likeness, border_of, compare, fit_backdrop, lab_of
from pipeline.imaging.cutout.mask.thin import thin_lines
from pipeline.imaging.cutout.verdict.doubts import Doubt, ramp

PLAIN_AT_MOST = 5.0  # Lab distance from the backdrop, in units of its noise
TINT_AT_MOST = 5.0  # Lab distance from the backdrop's tint: more is no shadow
NEUTRAL_AT_MOST = 2.0  # the same within a shadow that no coloured light reaches
_DISC3 = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))


def plain_doubts_of(rgb: Rgb, matte: Matte, found: Matte) -> tuple[Doubt, ...]:
    """What speaks against a matte [h, w] in front of a plain backdrop, given its photo [h, w, 3] of the same size.

    `found`: the matte [h, w] with the pieces that are not the product.
    """
    lab = lab_of(rgb)
    fit = fit_backdrop(lab)
    likeness = compare(lab, fit)
    solid = matte >= 0.5
    return (
        _uneven(fit),
        _border(likeness, solid),
        _clutter(likeness, solid),
        _hard_shadow(likeness, solid),
        _see_through(likeness, solid),
        _left_out(rgb, likeness, solid, found),
    )


def _uneven(fit: BackdropFit) -> Doubt:
    """Texture that the model of the backdrop leaves over: paper 0.3 to 3 in L, a garden 5 to 20."""
    light, tint = float(fit.noise[0]), float(fit.noise[1:].max())
    belief = min(ramp(light, 8.0, 4.0), ramp(tint, 3.0, 1.2))
    return Doubt(belief, "the surroundings are no plain backdrop: they are textured or many-coloured")


def _border(likeness: Likeness, solid: Mask) -> Doubt:
    """Share of the picture's border that is plain backdrop; a product that the frame cuts off leaves most of it."""
    border = border_of(solid.shape[0], solid.shape[1], 0.05)
    plain = float((likeness.distance < PLAIN_AT_MOST)[border].mean())
    return Doubt(ramp(plain, 0.35, 0.7), f"only {plain:.0%} of the picture's border is plain backdrop")


def _clutter(likeness: Likeness, solid: Mask) -> Doubt:
    """Share of the surroundings that is neither the backdrop nor its shadow: a chart, print, another sheet or table.

    They alone make no fault, for the product may be told from them, but an engine for any surroundings is preferred.
    """
    around = cv2.dilate(np.asarray(solid, np.uint8), np.ones((9, 9), np.uint8)) == 0
    if not around.any():
        return Doubt(1.0, "")
    shadow = (likeness.tint < TINT_AT_MOST) & (likeness.shade < 1.25)
    other = 1 - float(((likeness.distance < PLAIN_AT_MOST) | shadow)[around].mean())
    return Doubt(1 - 0.45 * ramp(other, 0.01, 0.08), f"{other:.0%} of the surroundings is not the backdrop")


def _hard_shadow(likeness: Likeness, solid: Mask) -> Doubt:
    """A part of the product that is as a hard shadow would be: neutral, evenly dark, with a soft edge or like the rest.

    Only beside a coloured part: a product that is gray all over is told from its shadow by nothing else.
    """
    tint = np.linalg.norm(cv2.GaussianBlur(likeness.tints, (0, 0), 1.5), axis=2)
    dark = solid & (tint < NEUTRAL_AT_MOST) & (likeness.shade > 0.012) & (likeness.shade < 0.85)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * min(4, max(1, int(0.04 * solid.sum() ** 0.5))) + 1,) * 2)
    dark = cv2.morphologyEx(np.asarray(dark, np.uint8), cv2.MORPH_OPEN, disc) > 0
    coloured = solid & (likeness.tint > TINT_AT_MOST)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(np.asarray(dark, np.uint8), connectivity=4)
    belief, area = 1.0, 0.0
    if coloured.sum() < 0.15 * solid.sum():
        return Doubt(1.0, "")
    for index in range(1, count):
        share = float(stats[index, cv2.CC_STAT_AREA] / solid.sum())
        if share < 0.01:
            continue
        part = np.asarray(labels == index)
        small = ramp(float(part.sum()), 400, 150)  # its edge and its shape say little
        shape = max(_softness(likeness.shade, part, solid), _cast(coloured, part), small)
        looks = _evenly_dark(likeness.shade, part, disc) * shape
        left = 1 - looks * ramp(share, 0.01, 0.03)
        belief, area = belief * left, area + share * (left < 1)
    return Doubt(belief, f"{area:.0%} of the matte may be a hard shadow of the product")


def _evenly_dark(shade: F32, part: Mask, disc: Pixels) -> float:
    """1 for a region that blocks the same share of the light everywhere, 0 for one that varies as products do."""
    levels = shade[cv2.erode(np.asarray(part, np.uint8), disc) > 0]
    if len(levels) < 5:
        return 0.0
    middle = float(np.median(levels))
    return ramp(float(1.4826 * np.median(np.abs(levels - middle))) / middle, 0.16, 0.08)


def _softness(shade: F32, part: Mask, solid: Mask) -> float:
    """1 if the region's edge to the backdrop takes several px to brighten, as penumbras do; 0 for a sharp edge."""
    outside = np.asarray(~solid, np.uint8)
    outer = cv2.dilate(outside, np.ones((9, 9), np.uint8)) > 0
    rim = (cv2.dilate(np.asarray(part, np.uint8), np.ones((11, 11), np.uint8)) > 0) & outer
    dark, lit = float(np.median(shade[part])), 1.0
    between = (shade > dark + 0.2 * (lit - dark)) & (shade < dark + 0.8 * (lit - dark))
    length = float((cv2.erode(np.asarray(rim, np.uint8), _DISC3) != rim).sum()) / 2
    return ramp(float((rim & between).sum()) / max(length, 1.0), 1.0, 2.0)


def _cast(coloured: Mask, part: Mask) -> float:
    """1 if the region is the coloured part's silhouette, moved, where that does not cover it; 0 if it is not."""
    small = [
        cv2.resize(np.asarray(mask, np.float32), None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
        for mask in (coloured, part)
    ]
    body, shadow = small
    reach = max(2, round(0.6 * float(body.sum()) ** 0.5))
    padded = cv2.copyMakeBorder(shadow, *(reach,) * 4, cv2.BORDER_CONSTANT, value=0)
    covered = cv2.copyMakeBorder(np.maximum(body, 0), *(reach,) * 4, cv2.BORDER_CONSTANT, value=0)
    both = cv2.matchTemplate(padded, body, cv2.TM_CCORR)
    hidden = cv2.matchTemplate(covered, body, cv2.TM_CCORR)
    overlap = both / np.maximum(float(body.sum()) - hidden + float(shadow.sum()) - both, 1e-3)
    return ramp(float(overlap.max()), 0.5, 0.75)


def _see_through(likeness: Likeness, solid: Mask) -> Doubt:
    """Clear glass: a darker rim around what looks like the backdrop, lit or in a soft shadow."""
    full = _filled(solid)
    depth = cv2.distanceTransform(np.pad(full, 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
    size = float(full.sum()) ** 0.5
    inner, rim = depth > 0.08 * size, (depth > 0) & (depth < max(1.5, 0.03 * size))
    if inner.sum() < 100 or not rim.any():
        return Doubt(1.0, "")
    clear = (likeness.tint < NEUTRAL_AT_MOST) & (likeness.shade > 0.55) & (likeness.shade < 1.05) & solid
    darker = likeness.shade < 0.75 * float(np.median(likeness.shade[inner]))
    share, rimmed = float(clear[inner].mean()), float(darker[rim].mean())
    belief = 1 - ramp(share, 0.6, 0.8) * ramp(rimmed, 0.35, 0.6)
    return Doubt(belief, "the product looks like the backdrop within a dark rim: it may be clear glass")


def _left_out(rgb: Rgb, likeness: Likeness, solid: Mask, found: Matte) -> Doubt:
    """Thin things that the matte lacks, long enough to belong to the product, such as its chain, a cable or a strap."""
    known = cv2.dilate(np.asarray(found > 0.1, np.uint8), np.ones((7, 7), np.uint8)) > 0
    share = float(thin_lines(rgb, known, likeness.tint < TINT_AT_MOST).sum() / solid.sum())
    return Doubt(ramp(share, 0.06, 0.01), "long thin parts in front of the backdrop are missing from the matte")


def _filled(mask: Mask) -> Pixels:
    """The mask with its holes filled, 0 or 1."""
    contours, _ = cv2.findContours(np.asarray(mask, np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    full = np.zeros(mask.shape, np.uint8)
    cv2.drawContours(full, contours, -1, 1, cv2.FILLED)
    return full
