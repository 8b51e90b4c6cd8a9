"""The families of inpainting pipelines: how each is loaded, which arguments it takes, which schedulers suit it.

Each one paints where the mask is white, as the prompt says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from pipeline.core.arrays import Rgb
from pipeline.core.errors import BadInput

SchedulerName = Literal["checkpoint", "ddim", "dpm++", "unipc", "euler", "lcm"]
NOISE_SCHEDULERS: Mapping[str, str] = {
    "ddim": "DDIMScheduler",
    "dpm++": "DPMSolverMultistepScheduler",
    "unipc": "UniPCMultistepScheduler",
    "euler": "EulerDiscreteScheduler",
    "lcm": "LCMScheduler",
}
FLOW_SCHEDULERS: Mapping[str, str] = {"euler": "FlowMatchEulerDiscreteScheduler", "lcm": "FlowMatchLCMScheduler"}
NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True)
class Family:
    """One family. `control`: makes the further arguments that depend on the pictures [n, n, 3] and masks [n, n]."""

    schedulers: Mapping[str, str] = field(default_factory=lambda: NOISE_SCHEDULERS)
    loaded_as: str | None = None
    takes_negative: bool = True
    extra_arguments: Mapping[str, Any] = field(default_factory=dict)
    control: Callable[[list[Rgb], list[Rgb]], Mapping[str, Any]] = lambda pictures, masks: NOTHING  # noqa: ARG005


def _control_image(pictures: list[Rgb], masks: list[Rgb]) -> Mapping[str, Any]:
    """The condition image of ControlNet's inpainting models: the picture, 0 to 1, with -1 where the mask is white."""
    import torch

    conditions = [
        np.where(mask[..., None] > 127, np.float32(-1), picture.astype(np.float32) / np.float32(255))
        for picture, mask in zip(pictures, masks, strict=True)
    ]
    return {"control_image": torch.from_numpy(np.stack(conditions).transpose(0, 3, 1, 2).copy())}


_KONTEXT = Family(
    schedulers=FLOW_SCHEDULERS,
    loaded_as="FluxKontextInpaintPipeline",
    takes_negative=False,
    extra_arguments={"_auto_resize": False},
)
FAMILIES: Mapping[str, Family] = {
    "StableDiffusionInpaintPipeline": Family(),
    "StableDiffusionXLInpaintPipeline": Family(),
    "StableDiffusionControlNetInpaintPipeline": Family(control=_control_image),
    "StableDiffusionXLControlNetInpaintPipeline": Family(control=_control_image),
    "FluxFillPipeline": Family(schedulers=FLOW_SCHEDULERS, takes_negative=False),
    "FluxKontextPipeline": _KONTEXT,
    "FluxKontextInpaintPipeline": _KONTEXT,
}


def fresh_scheduler(family: Family, current: Any, name: SchedulerName) -> Any:
    """A new scheduler for the next picture, because multistep ones keep state.

    Raises BadInput when the checkpoint's family has none of that name: flow matching needs other schedulers.
    """
    import diffusers

    if name == "checkpoint":
        return type(current).from_config(current.config)
    if name not in family.schedulers:
        known = ", ".join(family.schedulers)
        raise BadInput(
            f"scheduler {name!r} does not suit a flow-matching checkpoint", remedy=f"Use checkpoint, {known}"
        )
    return getattr(diffusers, family.schedulers[name]).from_config(current.config)
