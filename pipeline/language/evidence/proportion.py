"""Height, width and depth of a product relative to each other, from upright photos of its front and its side."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from pipeline.core.domain import Name

UPRIGHT_DEG = 20.0  # cameras higher or lower than this see too much of the top or bottom
FRONT_DEG, SIDE_DEG = 30.0, 20.0  # largest distance from straight front, and from straight left or right
UNCERTAIN = 0.1  # of the proportion; more than this is no evidence
FLAT, ROUND = 1.0, 0.1  # of the depth that a tilted camera sees on top or below: of a box, and of a ball
EQUAL = 0.05


class Seen(NamedTuple):
    """The product's box in one photo, and from where it was taken. Width and height in px."""

    photo: Name
    azimuth_deg: float
    elevation_deg: float
    width_px: float
    height_px: float


class Proportion(NamedTuple):
    """Height over width, and depth over width if a photo shows the side well; and the photos."""

    height: float
    depth: float | None
    photos: tuple[Name, ...]


def proportion_of(seen: Sequence[Seen]) -> Proportion | None:
    """The proportion of a product, or None if no upright photo shows its front, or what it shows is uncertain.

    A camera at elevation e sees a product of height H and depth D with the height H cos e + k D sin e, where k is 1 for
    a box and 0.1 for a ball; the middle is taken. A photo of the side gives D; without one, k D lies between 0 and the
    width. What is returned is right to about `UNCERTAIN`.
    """
    upright = [one for one in seen if abs(one.elevation_deg) <= UPRIGHT_DEG]
    front = min(upright, key=lambda one: _off(one, 0.0), default=None)
    if front is None or _off(front, 0.0) > FRONT_DEG:
        return None
    side = min(upright, key=_off_side)
    tall = front.height_px / front.width_px
    cosine, sine = _tilt(front)
    if _off_side(side) > SIDE_DEG:
        middle = (tall - sine / 2) / cosine
        uncertain = sine / 2 / tall
        return Proportion(middle, None, (front.photo,)) if uncertain <= UNCERTAIN else None
    tall_side = side.height_px / side.width_px
    cosine_side, sine_side = _tilt(side)
    middle = (FLAT + ROUND) / 2
    height = tall - middle**2 * sine * sine_side / tall_side
    height /= cosine + middle * sine * cosine_side / tall_side
    depth = (height * cosine_side + middle * sine_side) / tall_side
    spread = (FLAT - ROUND) / 2
    if height <= 0 or depth <= 0 or spread * depth * sine / (height * cosine) > UNCERTAIN:
        return None
    known = spread * sine_side / tall_side / depth <= UNCERTAIN
    return Proportion(height, depth if known else None, (front.photo, side.photo))


def words(height_over_width: float) -> str:
    """A proportion in English, for example `1.5 times as tall as it is wide`."""
    if abs(height_over_width - 1) <= EQUAL:
        return "as tall as it is wide"
    if height_over_width > 1:
        return f"{height_over_width:.1f} times as tall as it is wide"
    return f"{1 / height_over_width:.1f} times as wide as it is tall"


def _off(seen: Seen, azimuth_deg: float) -> float:
    return abs((seen.azimuth_deg - azimuth_deg + 180) % 360 - 180)


def _off_side(seen: Seen) -> float:
    return min(_off(seen, 90.0), _off(seen, 270.0))


def _tilt(seen: Seen) -> tuple[float, float]:
    """Cosine and sine of how far the camera looks down or up."""
    tilt = math.radians(abs(seen.elevation_deg))
    return math.cos(tilt), math.sin(tilt)
