"""The pattern of a product, from the structure of its cut-out photo.

Colours are compared after shading has been taken out, and lightness counts less than hue, so that folds and shadows
make no pattern. What repeats in one direction is striped, in two at a right angle checked; equal round spots are dots;
figures on a ground that otherwise has one colour are a print. Where it cannot tell more, it says `patterned`.
"""

from typing import Literal

import cv2
import numpy as np

from pipeline.core.arrays import F32, F64, I32, Mask, Rgba
from pipeline.core.domain import Frozen
from pipeline.language.colours import OPAQUE

Kind = Literal["plain", "striped", "checked", "dotted", "printed", "colour-blocked", "patterned"]

SIDE_PX = 384
SHADE = 0.45  # weight of a difference that light alone can make
SHADING = 0.14  # of the long side: sigma of the blur that estimates colour and shade around a pixel
PAD_PX = 4  # around the crop, so that the product's outline is inside
FIGURE = 7.0  # weighted CIELAB distance at which a pixel differs from what surrounds it
FIGURE_SHARE = 0.02  # of the surface; a product with less is plain
CYCLES_AT_LEAST = 2.5  # across the long side; fewer repetitions are no pattern
BEAM_DEG = 12.0  # half width of what counts as one direction
STRIPES_AT_LEAST, CHECKS_AT_LEAST, CHECKS_EACH = 0.6, 0.66, 0.2  # share of the spectrum's energy in the beams
SPREAD_AT_LEAST = 0.55  # share of the surface over which a repeating pattern extends
DOTS_AT_LEAST, DOTS_SHARE, ROUND, DOT_AREAS = 10, 0.7, 0.72, 1.6
GROUND_AT_LEAST, GROUND_NEAR, GROUND_SHADE = 0.6, 0.14, 0.28  # share of the colour below a print; its tolerances
PRINT_SHARE, PART_BORDER = 0.015, 0.2  # of the surface; of a figure's outline that is the product's outline


class Pattern(Frozen):
    """`kind`: in English. `strength`: how clearly, 0 to 1; of a plain product, the share that has no figure."""

    kind: Kind
    strength: float


def pattern_of(picture: Rgba) -> Pattern | None:
    """The pattern of a product in a cut-out [h, w, 4], cropped to it. None if too little of it is visible.

    Deterministic.
    """
    scale = min(1.0, SIDE_PX / max(picture.shape[:2]))
    size = max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    small = cv2.copyMakeBorder(small, PAD_PX, PAD_PX, PAD_PX, PAD_PX, cv2.BORDER_CONSTANT, value=(0, 0, 0, 0))
    reach = max(2, round(0.015 * max(size)))
    inside = cv2.erode((small[..., 3] >= OPAQUE).astype(np.uint8), np.ones((2 * reach + 1,) * 2, np.uint8)) > 0
    if int(inside.sum()) < 40 * reach**2:
        return None
    lab = _lab(small)
    flat = _without_shading(lab, inside)
    figure = (np.linalg.norm(flat, axis=2) > FIGURE) & inside
    share = float(figure.sum() / inside.sum())
    if share < FIGURE_SHARE:
        return Pattern(kind="plain", strength=round(1 - share, 3))
    signal = _strongest(flat, inside)
    return _dots(signal, inside) or _repeating(signal, inside) or _figures(lab, inside)


def _lab(picture: Rgba) -> F32:
    """CIELAB [h, w, 3] with 16 added to L, a little smoothed: weave and noise are no pattern.

    Where light changes by a factor, these three change by its cube root: shade is their length, colour their direction.
    """
    rgb = cv2.GaussianBlur(picture[..., :3].astype(np.float32) / 255, (0, 0), 1.0)
    lab = cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB)
    return np.asarray(lab + np.array([16, 0, 0], np.float32), np.float32)


def _without_shading(lab: F32, inside: Mask) -> F32:
    """What differs from the surroundings on the product [h, w, 3]; 0 outside."""
    weight = inside.astype(np.float32)
    sigma = SHADING * max(inside.shape)
    around = cv2.GaussianBlur(lab * weight[..., None], (0, 0), sigma)
    around /= np.maximum(cv2.GaussianBlur(weight, (0, 0), sigma), 1e-6)[..., None]
    differs = lab - around
    along = around / np.maximum(np.linalg.norm(around, axis=2, keepdims=True), 1e-6)
    shade = (differs * along).sum(axis=2, keepdims=True) * along
    return np.asarray((differs - (1 - SHADE) * shade) * weight[..., None], np.float32)


def _strongest(flat: F32, inside: Mask) -> F32:
    """The channel along which the product's colours differ most, [h, w], mean 0 inside and 0 outside."""
    values = flat[inside].astype(np.float64)
    centred = values - values.mean(axis=0)
    axis = np.linalg.eigh(centred.T @ centred)[1][:, -1]
    signal = np.zeros(inside.shape, np.float32)
    signal[inside] = centred @ axis
    return signal


def _dots(signal: F32, inside: Mask) -> Pattern | None:
    """Dots, if most of what differs is round spots of one size all over the product."""
    level, _ = cv2.threshold(_bytes(signal[inside]), 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    high = (_bytes(signal, signal[inside]) > level) & inside
    spots = high if high.sum() * 2 < inside.sum() else inside & ~high
    _, labels, stats, centres = cv2.connectedComponentsWithStats(spots.astype(np.uint8), connectivity=4)
    areas = stats[1:, cv2.CC_STAT_AREA].astype(float)
    whole = [one for one, area in enumerate(areas, 1) if area >= 6 and _is_round(_part(labels, stats, one), area)]
    if len(whole) < DOTS_AT_LEAST:
        return None
    usual = float(np.median(areas[np.array(whole) - 1]))
    alike = [one for one in whole if usual / DOT_AREAS <= areas[one - 1] <= usual * DOT_AREAS]
    share = float(areas[np.array(alike, int) - 1].sum() / max(areas.sum(), 1))
    spread = _spread(_drawn(inside.shape, centres[alike]), inside, 2.5 * np.sqrt(inside.sum() / max(len(alike), 1)))
    if len(alike) < DOTS_AT_LEAST or share < DOTS_SHARE or spread < SPREAD_AT_LEAST:
        return None
    return Pattern(kind="dotted", strength=round(share, 3))


def _part(labels: I32 | Mask, stats: I32, one: int, value: int | None = None) -> Mask:
    """Where `labels` is `value`, by default the component `one`, within the box of that component."""
    left, top, width, height = stats[one, :4]
    return np.asarray(labels[top : top + height, left : left + width] == (one if value is None else value), np.bool_)


def _is_round(spot: Mask, area: float) -> bool:
    points = np.argwhere(spot)[:, ::-1].astype(np.float32)
    _, radius = cv2.minEnclosingCircle(points)
    return area / (np.pi * (radius + 0.5) ** 2) >= ROUND


def _repeating(signal: F32, inside: Mask) -> Pattern | None:
    """Stripes or checks, if the spectrum's energy lies in one direction, or in two at a right angle."""
    side = max(inside.shape)
    weighted = signal * cv2.GaussianBlur(inside.astype(np.float32), (0, 0), 0.03 * side)
    energy = np.abs(np.fft.fft2(weighted, (2 * side, 2 * side))) ** 2
    down, right = np.meshgrid(np.fft.fftfreq(2 * side) * side, np.fft.fftfreq(2 * side) * side, indexing="ij")
    counted = np.hypot(down, right) >= CYCLES_AT_LEAST
    degrees = np.degrees(np.arctan2(down, right))[counted] % 180
    weighed = np.bincount(degrees.astype(int) % 180, weights=energy[counted], minlength=180)
    by_degree = weighed / max(float(weighed.sum()), 1e-9)
    half = int(BEAM_DEG)
    beams = np.array([by_degree[np.arange(at - half, at + half + 1) % 180].sum() for at in range(180)])
    first = int(beams.argmax())
    other = max(((first + turn) % 180 for turn in range(70, 111)), key=lambda at: float(beams[at]))
    if _spread(np.abs(signal) > np.abs(signal[inside]).mean(), inside, 0.08 * side) < SPREAD_AT_LEAST:
        return None
    if beams[first] >= STRIPES_AT_LEAST:
        return Pattern(kind="striped", strength=round(float(beams[first]), 3))
    both = float(beams[first] + beams[other])
    if both >= CHECKS_AT_LEAST and beams[other] >= CHECKS_EACH:
        return Pattern(kind="checked", strength=round(min(1.0, both), 3))
    return None


def _figures(lab: F32, inside: Mask) -> Pattern:
    """A print on one ground, parts of different colours, or a pattern without a name."""
    ground = _ground(lab, inside)
    share = float(ground.sum() / inside.sum())
    if share < GROUND_AT_LEAST:
        return Pattern(kind="patterned", strength=round(1 - share, 3))
    others = cv2.morphologyEx((inside & ~ground).astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(others, connectivity=8)
    rim = inside & ~(cv2.erode(inside.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0)
    printed = 0
    for one in range(1, count):
        figure = np.pad(_part(labels, stats, one), 1)
        outline = (figure & ~(cv2.erode(figure.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0))[1:-1, 1:-1]
        if (outline & _part(rim, stats, one, True)).sum() < PART_BORDER * outline.sum():
            printed += int(figure.sum())
    if printed >= PRINT_SHARE * inside.sum():
        return Pattern(kind="printed", strength=round(printed / float(inside.sum()), 3))
    if others.sum() >= FIGURE_SHARE * inside.sum():
        return Pattern(kind="colour-blocked", strength=round(1 - share, 3))
    return Pattern(kind="plain", strength=round(share, 3))


def _ground(lab: F32, inside: Mask) -> Mask:
    """Where the product has its most frequent colour, whatever the shade."""
    length = np.linalg.norm(lab, axis=2)
    values = np.dstack([lab[..., 1:] / length[..., None], np.log(length)])
    steps = np.array([GROUND_NEAR, GROUND_NEAR, GROUND_SHADE]) / 2
    cells, counts = np.unique(np.floor(values[inside] / steps), axis=0, return_counts=True)
    centre = (cells[int(counts.argmax())] + 0.5) * steps
    for _ in range(3):
        near = (np.abs(values - centre) < 2 * steps).all(axis=2) & inside
        centre = np.median(values[near], axis=0)
    return np.asarray(near, np.bool_)


def _spread(marked: Mask, inside: Mask, reach_px: float) -> float:
    """Share of the product, 0 to 1, that has something marked within `reach_px`."""
    far = cv2.distanceTransform((~marked).astype(np.uint8), cv2.DIST_L2, 5)
    return float((far[inside] <= reach_px).mean())


def _drawn(shape: tuple[int, ...], points: F64) -> Mask:
    """True at each point (x, y)."""
    marked = np.zeros(shape, np.bool_)
    marked[np.round(points[:, 1]).astype(int), np.round(points[:, 0]).astype(int)] = True
    return marked


def _bytes(values: F32, range_of: F32 | None = None) -> np.ndarray:
    """Values as 0 to 255, between the 1st and the 99th percentile."""
    low, high = np.percentile(values if range_of is None else range_of, [1, 99])
    return np.asarray(((values - low) / max(float(high - low), 1e-6) * 255).clip(0, 255), np.uint8)
