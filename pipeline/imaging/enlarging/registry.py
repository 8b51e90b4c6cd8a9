"""The engines that enlarge. To add one, write a module that meets `Upscaler` and list it here."""

import math
from typing import TYPE_CHECKING

from pipeline.core.domain import Frozen
from pipeline.core.engines import Registry
from pipeline.imaging.enlarging import checkpoint, embedded, none
from pipeline.imaging.enlarging.base import Upscaler

if TYPE_CHECKING:
    from pipeline.core.arrays import Mask, Rgb

ENGINES: Registry[Upscaler] = Registry("composite", none, embedded, checkpoint)


def enlarge(picture: "Rgb", factor: int, params: Frozen, where: "Mask | None" = None) -> "Rgb":
    """Enlarge an sRGB picture [h, w, 3] by a whole factor, with the engine of `params`.

    The engine is applied until the picture is at least that large, and what is too much is taken back by the means of
    squares in linear light. `where` [h, w]: what is needed; elsewhere the result is arbitrary. The same picture gives
    the same pixels. Raises BadInput and MissingEngine as the engine does.
    """
    import cv2
    import numpy as np

    from pipeline.core.linear import linear_to_srgb, srgb_to_linear

    engine, (h, w) = ENGINES.of(params), picture.shape[:2]
    needed = np.ones((h, w), np.bool_) if where is None else where
    made = picture
    while made.shape[0] < factor * h:
        grown = engine.once(made, math.ceil(factor * h / made.shape[0]), needed, params)
        times = grown.shape[0] // made.shape[0]
        needed, made = needed.repeat(times, axis=0).repeat(times, axis=1), grown
    if made.shape[0] == factor * h:
        return made
    size = (factor * w, factor * h)
    return linear_to_srgb(np.asarray(cv2.resize(srgb_to_linear(made), size, interpolation=cv2.INTER_AREA)))
