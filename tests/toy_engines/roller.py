"""Paints backdrops in one colour."""

from typing import Literal

import numpy as np

from pipeline.core.domain import Frozen
from pipeline.diffusion.painting.base import PaintedBackdrop, PainterFacts


class Params(Frozen):
    engine: Literal["roller"] = "roller"
    grey: int = 90


def require_here(_params):
    return "roller"


def pinned(params):
    return params


def facts(_params):
    return PainterFacts(name="roller", paints_behind_product=True)


def paint(requests, params):
    shape = requests[0].height_px, requests[0].width_px, 3
    return [PaintedBackdrop(rgb=np.full(shape, params.grey, np.uint8), prompt=each.prompt) for each in requests]
