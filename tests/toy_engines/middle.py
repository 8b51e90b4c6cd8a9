"""Takes the middle of the picture as the product."""

from typing import Literal

import numpy as np
from pydantic import Field

from pipeline.core.domain import Frozen
from pipeline.core.errors import MissingEngine


class Params(Frozen):
    engine: Literal["middle"] = "middle"
    share: float = Field(default=0.5, gt=0, le=1)


def require_here(params):
    if params.share == 1:
        raise MissingEngine("no frame is left around the product on any machine", remedy="Lower share")
    return f"middle {params.share:.0%}"


def licence(_params):
    return "CC0"


def cut(rgb, params):
    alpha = np.zeros(rgb.shape[:2], np.uint8)
    top, left = (round(side * (1 - params.share) / 2) for side in alpha.shape)
    alpha[top : alpha.shape[0] - top, left : alpha.shape[1] - left] = 255
    return alpha
