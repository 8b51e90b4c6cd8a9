"""The Protocol of cut-out engines, and the check whether a matte is plausible."""

from typing import Any, Protocol

import cv2
import numpy as np

from pipeline.core.arrays import Alpha, Rgb, Rgba
from pipeline.core.engines import Engine
from pipeline.imaging.cutout.matting import foreground_colours


class CutoutEngine(Engine, Protocol):
    """A module that finds the product in one photo. See `pipeline.core.engines.Engine` for the rest of it."""

    def cut(self, rgb: Rgb, params: Any, /) -> Alpha:
        """Alpha [h, w] uint8 (0 backdrop, 255 product) of an upright sRGB photo [h, w, 3] uint8."""
        ...

    def licence(self, params: Any, /) -> str:
        """The licence of the engine's weights, or `no weights`."""
        ...


def with_matte(rgb: Rgb, alpha: Alpha) -> Rgba:
    """RGBA [h, w, 4], straight alpha: the photo's pixels where alpha is 255, the estimated product colour elsewhere."""
    return np.dstack([foreground_colours(rgb, alpha), alpha])


def fault_of(alpha: Alpha) -> str | None:
    """Why a matte [h, w] cannot be right, in words; None if it is plausible."""
    solid = alpha >= 128
    covered = float(solid.mean())
    if covered < 0.001:
        return "no product was found"
    if covered > 0.95:
        return f"the matte covers {covered:.0%} of the picture"
    borders = {"top": solid[0], "bottom": solid[-1], "left": solid[:, 0], "right": solid[:, -1]}
    if all(side.any() for side in borders.values()):
        return "the matte touches all four borders"
    count = cv2.connectedComponents(np.asarray(solid, np.uint8))[0] - 1
    if count > 20:
        return f"the matte falls into {count} pieces"
    return None
