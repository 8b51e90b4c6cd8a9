"""What speaks against a matte: its area, the borders it touches, its outline, and the backdrop beside it.

Lengths are px of the judged picture, whose long side is `verdict.SIDE_PX`.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.core.arrays import F32, Mask, Matte, Rgb
from pipeline.imaging.cutout.backdrop_model import lab_of


@dataclass(frozen=True)
class Doubt:
    """`belief`: what is left of the belief in a matte, 0 (certainly wrong) to 1; `words`: because of what."""

    belief: float
    words: str


def ramp(value: float, none: float, full: float) -> float:
    """Belief 0 at `none`, 1 at `full`, linear between them and constant beyond."""
    return float(np.clip((value - none) / (full - none), 0.0, 1.0))


def doubts_of(rgb: Rgb, matte: Matte) -> tuple[Doubt, ...]:
    """What speaks against a matte [h, w] of any engine, given its photo [h, w, 3] of the same size."""
    solid = matte >= 0.5
    area = _area(float(solid.mean()))
    if area.belief == 0:
        return (area,)
    return area, _borders(solid), _outline(lab_of(rgb), solid)


def _area(covered: float) -> Doubt:
    if covered < 0.01:
        return Doubt(ramp(covered, 0.0008, 0.0024), "no product was found" if covered < 0.0004 else _tiny(covered))
    return Doubt(ramp(covered, 1.0, 0.9), f"the matte covers {covered:.0%} of the picture")


def _tiny(covered: float) -> str:
    return f"the product covers only {covered:.2%} of the picture"


def _borders(solid: Mask) -> Doubt:
    """A product touches two borders at most, as a table's edge does; surroundings touch all four."""
    sides = {"top": solid[0], "bottom": solid[-1], "left": solid[:, 0], "right": solid[:, -1]}
    touched = {name: min(1.0, float(side.mean()) / 0.04) for name, side in sides.items()}
    names = [name for name, share in touched.items() if share > 0]
    which = "all four borders" if len(names) == 4 else "the borders " + " and ".join(names)
    return Doubt(max(0.1, 1 - 0.6 * max(0.0, sum(touched.values()) - 2)), f"the matte touches {which}")


def _outline(lab: F32, solid: Mask) -> Doubt:
    """Which share of the outline follows an edge of the picture: a step that is steeper than what lies outside it.

    The soft border of a shadow goes on outside the outline, and the outline of a wrong matte crosses plain ground.
    """
    steps, drifts = outline_steps(lab, solid)
    if len(steps) == 0:
        return Doubt(1.0, "")
    follows = float(((steps > 1.0 + 3 * grain(lab)) & (steps > 1.4 * drifts)).mean())
    return Doubt(ramp(follows, 0.5, 0.85), f"{1 - follows:.0%} of the matte's outline follows no edge in the photo")


def grain(lab: F32) -> float:
    """The photo's noise in L: robust deviation from its own blur."""
    lightness = np.ascontiguousarray(lab[..., 0])
    return float(1.4826 * np.median(np.abs(lightness - cv2.GaussianBlur(lightness, (0, 0), 1.5))))


def outline_steps(lab: F32, solid: Mask) -> tuple[F32, F32]:
    """For each pixel of the outline: the step in Lab across it, and the change outside it over the same length.

    Pixels within 5 px of the picture's border are left out: there the frame ends the product.
    """
    inside = np.asarray(solid, np.uint8)
    distance = cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5) - cv2.distanceTransform(inside, cv2.DIST_L2, 5)
    smooth = cv2.GaussianBlur(distance, (0, 0), 1.5)
    across, down = (cv2.Sobel(smooth, cv2.CV_32F, *d) for d in ((1, 0), (0, 1)))
    rim = solid & (cv2.erode(inside, np.ones((3, 3), np.uint8)) == 0)
    rim[:5], rim[-5:], rim[:, :5], rim[:, -5:] = False, False, False, False
    y, x = np.nonzero(rim)
    if len(y) == 0:
        return np.zeros(0, np.float32), np.zeros(0, np.float32)
    length = np.hypot(across[rim], down[rim]) + 1e-6
    right, below = across[rim] / length, down[rim] / length
    soft = cv2.GaussianBlur(lab, (0, 0), 0.6)

    def at(outwards: float) -> F32:
        columns = np.asarray(x + right * outwards, np.float32)[:, None]
        rows = np.asarray(y + below * outwards, np.float32)[:, None]
        return np.asarray(cv2.remap(soft, columns, rows, cv2.INTER_LINEAR)[:, 0], np.float32)

    outside = at(2.5)
    step = np.maximum(_apart(outside, at(-1.5)), _apart(outside, at(-0.5)))  # the latter in a line of 2 px
    return step, _apart(outside, at(6.0))


def _apart(first: F32, second: F32) -> F32:
    return np.asarray(np.linalg.norm(first - second, axis=1), np.float32)
