"""The families of inpainting pipelines: how each is loaded, what it can be asked, and which schedulers suit it.

All of them are asked for the same thing: paint where the mask is white, from these words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from pipeline.core.arrays import Rgb
from pipeline.core.errors import BadInput

SchedulerName = Literal["checkpoint", "ddim", "dpm++", "unipc", "euler", "lcm"]
OF_NOISE: Mapping[str, str] = {
    "ddim": "DDIMScheduler",
    "dpm++": "DPMSolverMultistepScheduler",
    "unipc": "UniPCMultistepScheduler",
    "euler": "EulerDiscreteScheduler",
    "lcm": "LCMScheduler",
}
OF_FLOW: Mapping[str, str] = {"euler": "FlowMatchEulerDiscreteScheduler", "lcm": "FlowMatchLCMScheduler"}
NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True)
class Family:
    """One family. `beside`: arguments of every call; `control`: from pictures and masks [n, n], where it wants more."""

    schedulers: Mapping[str, str] = field(default_factory=lambda: OF_NOISE)
    loaded_as: str | None = None
    takes_negative: bool = True
    beside: Mapping[str, Any] = field(default_factory=dict)
    control: Callable[[list[Rgb], list[Rgb]], Mapping[str, Any]] = lambda pictures, masks: NOTHING  # noqa: ARG005


def _around_the_hole(pictures: list[Rgb], masks: list[Rgb]) -> Mapping[str, Any]:
    """The condition of ControlNet's inpainting models: the picture 0 to 1, and -1 where it is to be painted."""
    import torch

    conditions = [
        np.where(mask[..., None] > 127, np.float32(-1), picture.astype(np.float32) / np.float32(255))
        for picture, mask in zip(pictures, masks, strict=True)
    ]
    return {"control_image": torch.from_numpy(np.stack(conditions).transpose(0, 3, 1, 2).copy())}


_KONTEXT = Family(
    schedulers=OF_FLOW,
    loaded_as="FluxKontextInpaintPipeline",
    takes_negative=False,
    beside={"_auto_resize": False},
)
FAMILIES: Mapping[str, Family] = {
    "StableDiffusionInpaintPipeline": Family(),
    "StableDiffusionXLInpaintPipeline": Family(),
    "StableDiffusionControlNetInpaintPipeline": Family(control=_around_the_hole),
    "StableDiffusionXLControlNetInpaintPipeline": Family(control=_around_the_hole),
    "FluxFillPipeline": Family(schedulers=OF_FLOW, takes_negative=False),
    "FluxKontextPipeline": _KONTEXT,
    "FluxKontextInpaintPipeline": _KONTEXT,
}


def fresh_scheduler(family: Family, current: Any, name: SchedulerName) -> Any:
    """A scheduler of its own for every picture: multistep ones keep state.

    Raises BadInput when the checkpoint's family knows none of that name: flow matching has other schedulers than noise.
    """
    import diffusers

    if name == "checkpoint":
        return type(current).from_config(current.config)
    if name not in family.schedulers:
        known = ", ".join(family.schedulers)
        raise BadInput(
            f"scheduler {name!r} does not suit a checkpoint that matches flows", remedy=f"use checkpoint, {known}"
        )
    return getattr(diffusers, family.schedulers[name]).from_config(current.config)
