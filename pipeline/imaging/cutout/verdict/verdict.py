"""Judges a matte by its photo: how far it can be believed, and why not.

Every feature is measured at one size, as a share of an area or of the outline's length, so a photo gets the same
verdict at any resolution.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.core.arrays import Alpha, Matte, Pixels, Rgb
from pipeline.imaging.cutout.verdict.doubts import Doubt, doubts_of
from pipeline.imaging.cutout.verdict.plain_doubts import plain_doubts_of

SIDE_PX = 512  # the long side at which every feature is measured
BELIEVED = 0.5  # a matte with less belief is a fault


@dataclass(frozen=True)
class Verdict:
    """How far a matte can be believed: the product of its doubts.

    `belief`: 1 when nothing speaks against the matte, 0 when it is certainly wrong; comparable between engines on the
    same photo. `reason`: the largest doubt in words, None without doubts.
    """

    belief: float
    reason: str | None

    @property
    def fault(self) -> str | None:
        """The reason, if the matte is not to be believed."""
        return self.reason if self.belief < BELIEVED else None


def judge(rgb: Rgb, alpha: Alpha, *, plain: bool = False, found: Alpha | None = None) -> Verdict:
    """Judge a matte [h, w] uint8 of a photo [h, w, 3] uint8.

    `plain`: the engine took the backdrop to be plain. `found`: its matte before the product was chosen in it.
    """
    photo, matte = at_side(rgb, SIDE_PX), _soft(alpha)
    doubts = doubts_of(photo, matte)
    if plain and doubts[0].belief > 0:
        doubts += plain_doubts_of(photo, matte, matte if found is None else _soft(found))
    return _verdict(doubts)


def at_side(picture: Pixels, side_px: int) -> Pixels:
    """A picture [h, w] or [h, w, 3] scaled to a long side of `side_px`."""
    height, width = picture.shape[:2]
    factor = side_px / max(height, width)
    size = max(1, round(width * factor)), max(1, round(height * factor))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _soft(alpha: Alpha) -> Matte:
    return np.asarray(at_side(alpha, SIDE_PX) / 255, np.float32)


def _verdict(doubts: tuple[Doubt, ...]) -> Verdict:
    belief = float(np.prod([doubt.belief for doubt in doubts]))
    worst = min(doubts, key=lambda doubt: doubt.belief)
    return Verdict(round(belief, 4), worst.words if worst.belief < 1 else None)
