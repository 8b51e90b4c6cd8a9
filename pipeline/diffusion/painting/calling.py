"""Calls a diffusers pipeline: paints squares inside masks, or edits a picture by references, whatever the family."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np

from pipeline.core.arrays import F32, Rgb
from pipeline.core.errors import BadInput
from pipeline.diffusion.painting.families import Family, SchedulerName, fresh_scheduler


@dataclass(frozen=True)
class Sampling:
    """Words and settings of one call. `seeds`: one for each picture."""

    prompt: str
    seeds: tuple[int, ...]
    negative: str = ""
    steps: int = 20
    guidance: float = 3.0
    strength: float = 1.0
    scheduler: SchedulerName = "checkpoint"


def inpaint(pipe: Any, family: Family, pictures: Sequence[Rgb], masks: Sequence[Rgb], asked: Sampling) -> list[F32]:
    """Paint squares [n, n, 3] where their masks [n, n] are 255. Returns pictures of the same size, 0 to 1.

    Raises BadInput for a scheduler that does not suit the family, and when a picture is not finite.
    """
    if family.one_at_a_time and len(pictures) > 1:
        singles = zip(pictures, masks, asked.seeds, strict=True)
        return [inpaint(pipe, family, [p], [m], replace(asked, seeds=(seed,)))[0] for p, m, seed in singles]
    from PIL import Image

    side = pictures[0].shape[0]
    painted = _called(
        pipe,
        family,
        asked,
        image=[Image.fromarray(picture) for picture in pictures],
        mask_image=[Image.fromarray(mask) for mask in masks],
        strength=min(1.0, asked.strength),
        width=side,
        height=side,
        **family.extra_arguments,
        **family.control(list(pictures), list(masks)),
    )
    return [_of_side(picture, side) for picture in painted]


def edit(pipe: Any, family: Family, references: Sequence[Rgb], size_px: tuple[int, int], asked: Sampling) -> F32:
    """Paint a picture of `size_px`, width and height, from the references as the prompt says; [h, w, 3], 0 to 1.

    `pipe` is of the family's class `edits_with`. Raises BadInput as `inpaint`.
    """
    from PIL import Image

    pictures = [Image.fromarray(reference) for reference in references]
    (painted,) = _called(pipe, family, asked, image=pictures, width=size_px[0], height=size_px[1])
    return painted


def _called(pipe: Any, family: Family, asked: Sampling, **arguments: Any) -> list[F32]:
    import torch

    pipe.scheduler = fresh_scheduler(family, pipe.scheduler, asked.scheduler)
    count = len(asked.seeds)
    unused = family.guidance_name == "true_cfg_scale" and asked.guidance <= 1  # such a pipeline warns of it
    negative = {"negative_prompt": [asked.negative] * count} if family.takes_negative and not unused else {}
    with torch.random.fork_rng():
        torch.manual_seed(asked.seeds[0])  # FLUX does not pass its generator to the scheduler; LCM's draws noise
        painted = pipe(
            prompt=[asked.prompt] * count,
            num_inference_steps=asked.steps,
            generator=[torch.Generator("cpu").manual_seed(seed) for seed in asked.seeds],
            output_type="np",
            **{family.guidance_name: asked.guidance},
            **negative,
            **arguments,
        ).images
    for seed, picture in zip(asked.seeds, painted, strict=True):
        if not np.isfinite(picture).all():
            raise BadInput(
                f"the checkpoint painted values that are not numbers for seed {seed}",
                remedy="Use dtype float32 or another scheduler",
            )
    return [np.asarray(picture, np.float32) for picture in painted]


def _of_side(picture: F32, side_px: int) -> F32:
    """The picture as large as was asked for: Qwen-Image's pipelines always paint a megapixel."""
    if picture.shape[0] == side_px:
        return picture
    smaller = picture.shape[0] > side_px
    how = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, (side_px, side_px), interpolation=how), np.float32)
