"""The Protocol of cut-out engines, and the way from a photo to the product alone."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from pipeline.core.arrays import Alpha, Rgb, Rgba
from pipeline.core.engines import Engine
from pipeline.imaging.cutout.mask.matting import foreground_colours
from pipeline.imaging.cutout.mask.pieces import Dropped, product_of
from pipeline.imaging.cutout.verdict.verdict import Verdict, judge


class CutoutEngine(Engine, Protocol):
    """A module that finds the product in one photo. See `pipeline.core.engines.Engine` for the rest of it.

    A module that takes the backdrop to be plain sets `PLAIN_BACKDROP = True`, and its mattes are judged by that too.
    """

    def cut(self, rgb: Rgb, params: Any, /) -> Alpha:
        """Alpha [h, w] uint8 (0 backdrop, 255 product) of an upright sRGB photo [h, w, 3] uint8.

        It may hold more than the product, such as a colour chart: `cut_out` chooses among the pieces.
        """
        ...

    def licence(self, params: Any, /) -> str:
        """The licence of the engine's weights, or `no weights`."""
        ...


@dataclass(frozen=True)
class Cut:
    """`alpha`: the product's matte [h, w]. `dropped`: pieces taken from it. `verdict`: how far it can be believed."""

    alpha: Alpha
    dropped: tuple[Dropped, ...]
    verdict: Verdict


def cut_out(engine: CutoutEngine, rgb: Rgb, params: Any) -> Cut:
    """Cut out a photo [h, w, 3] uint8 with an engine, choose the product among the pieces, and judge the matte."""
    found = engine.cut(rgb, params)
    alpha, dropped = product_of(rgb, found)
    return Cut(alpha, dropped, judge(rgb, alpha, plain=getattr(engine, "PLAIN_BACKDROP", False), found=found))


def with_matte(rgb: Rgb, alpha: Alpha) -> Rgba:
    """RGBA [h, w, 4], straight alpha: the photo's pixels where alpha is 255, the estimated product colour elsewhere."""
    return np.dstack([foreground_colours(rgb, alpha), alpha])
