"""Paints a wall and a floor, and something wrong for the seeds that its settings name."""

from typing import Literal

import numpy as np

from pipeline.core.domain import Frozen
from pipeline.diffusion.painting.base import PaintedBackdrop, PainterFacts

Fault = Literal["double", "swallowed", "noise", "black"]
calls: list[tuple[int, ...]] = []  # the seeds of every batch painted


class Params(Frozen):
    engine: Literal["clumsy"] = "clumsy"
    faults: dict[int, Fault] = {}
    colour: tuple[int, int, int] = (176, 92, 60)  # of the product
    steps: int = 10
    batch: int = 1
    behind: bool = True


def require_here(_params):
    return "clumsy"


def pinned(params):
    return params


def facts(params):
    return PainterFacts(name="clumsy", paints_behind_product=params.behind, batch=params.batch)


def varied(params, number):
    return params.model_copy(update={"steps": params.steps * number})


def paint(requests, params):
    calls.append(tuple(each.seed for each in requests))
    return [PaintedBackdrop(rgb=_scene(each, params), prompt=each.prompt, start="noise") for each in requests]


def _scene(request, params):
    height, width = request.height_px, request.width_px
    fault, rng = params.faults.get(request.seed), np.random.default_rng(request.seed)
    scene = np.full((height, width, 3), 205, np.uint8)
    scene[: round(0.6 * height)] = 225
    scene[..., 2] -= np.uint8(request.seed % 7)  # another seed paints other pixels
    if fault == "double":
        scene[round(0.3 * height) : round(0.7 * height), round(0.03 * width) : round(0.2 * width)] = params.colour
    elif fault == "swallowed":
        scene[:] = params.colour
    elif fault == "noise":
        coarse = rng.integers(0, 256, (-(-height // 8), -(-width // 8), 3), dtype=np.uint8)
        scene = np.repeat(np.repeat(coarse, 8, axis=0), 8, axis=1)[:height, :width]
    elif fault == "black":
        scene[:] = 0
    return scene
