"""Shows a garment on a person, by a checkpoint that paints a picture from several others."""

from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.core.arrays import Rgb, Rgba
from pipeline.core.errors import BadInput
from pipeline.diffusion.painting.calling import Sampling
from pipeline.diffusion.painting.engine import DiffusersEngine

GRID_PX = 32  # sides that every family's latents divide
LEAST_PX = 64  # FLUX.2 refuses smaller pictures
MARGIN = 0.05  # of white around the garment, as a share of its longer side
PROMPT = (
    "The person in the first picture wears the garment in the second picture. Keep the person's face, body, pose and "
    "surroundings, and the garment's cut, colours and print."
)


@dataclass(frozen=True)
class WearRequest:
    """A person's photo [h, w, 3] and a garment's cut-out [., ., 4], sRGB uint8.

    `side_px`: of the picture's longer side. `prompt`: what else the picture shows.
    """

    person: Rgb
    garment: Rgba
    seed: int
    side_px: int = 1024
    prompt: str = ""
    steps: int = 30
    guidance: float = 3.0


def wear(engine: DiffusersEngine, request: WearRequest) -> Rgb:
    """Paint the person wearing the garment, in the shape of the person's photo, sRGB uint8.

    `engine` is loaded with `edits`. Raises BadInput for a cut-out without a product, or values that are not numbers.
    """
    height, width = request.person.shape[:2]
    scale = request.side_px / max(height, width)
    size = tuple(max(LEAST_PX, round(side * scale / GRID_PX) * GRID_PX) for side in (width, height))
    shrinking = scale < 1
    how = cv2.INTER_AREA if shrinking else cv2.INTER_CUBIC
    person = np.asarray(cv2.resize(request.person, size, interpolation=how), np.uint8)
    asked = Sampling(
        prompt=f"{PROMPT} {request.prompt}".strip(),
        seeds=(request.seed,),
        steps=request.steps,
        guidance=request.guidance,
    )
    painted = engine.edit([person, _on_white(request.garment, request.side_px)], (size[0], size[1]), asked)
    levels = np.asarray(np.round(np.clip(painted, 0, 1) * 255), np.uint8)
    return np.asarray(cv2.resize(levels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _on_white(garment: Rgba, side_px: int) -> Rgb:
    """The garment on a white square of at most `side_px`, cropped to it."""
    rows, columns = (np.flatnonzero((garment[..., 3] >= 128).any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        raise BadInput("the garment's picture shows no product", remedy="Check its cut-out")
    box = garment[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(np.float32)
    alpha = box[..., 3:] / 255
    height, width = box.shape[:2]
    side = round((1 + 2 * MARGIN) * max(height, width))
    square = np.full((side, side, 3), 255, np.float32)
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width] = box[..., :3] * alpha + 255 * (1 - alpha)
    wanted = max(LEAST_PX, min(side, side_px) // GRID_PX * GRID_PX)
    return np.asarray(np.round(cv2.resize(square, (wanted, wanted), interpolation=cv2.INTER_AREA)), np.uint8)
