"""The families of inpainting pipelines: how each is loaded, which arguments it takes, which schedulers suit it.

Each one paints where the mask is white, as the prompt says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
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
    """One family. `loaded_as`: the class that inpaints with a checkpoint of another class of the family.

    `edits_with`: the class that paints a picture from several others, None if the family has none. `tokenizer`,
    `window`: which tokenizer cuts a prompt off, and after how many tokens at most. `one_at_a_time`: it takes no batch.
    `instructed`: its prompt says what to change, not what the picture shows.
    `control`: makes the further arguments that depend on the pictures [n, n, 3] and masks [n, n].
    """

    schedulers: Mapping[str, str] = field(default_factory=lambda: NOISE_SCHEDULERS)
    loaded_as: str | None = None
    edits_with: str | None = None
    takes_negative: bool = True
    guidance_name: Literal["guidance_scale", "true_cfg_scale"] = "guidance_scale"
    tokenizer: Literal["tokenizer", "tokenizer_2"] = "tokenizer"
    window: int = 100_000
    one_at_a_time: bool = False
    instructed: bool = False
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


# FLUX.1 has two text encoders: only what exceeds the longer window is lost
_FLUX_FILL = Family(schedulers=FLOW_SCHEDULERS, takes_negative=False, tokenizer="tokenizer_2")
_KONTEXT = replace(
    _FLUX_FILL, loaded_as="FluxKontextInpaintPipeline", extra_arguments={"_auto_resize": False}, instructed=True
)
_KLEIN = Family(
    schedulers=FLOW_SCHEDULERS,
    loaded_as="Flux2KleinInpaintPipeline",
    edits_with="Flux2KleinPipeline",
    takes_negative=False,
    window=480,  # of 512, the rest for the words that the pipeline puts around a prompt
    one_at_a_time=True,
    instructed=True,
)
_QWEN_EDIT = Family(
    schedulers=FLOW_SCHEDULERS,
    loaded_as="QwenImageEditInpaintPipeline",
    guidance_name="true_cfg_scale",
    window=512,
    one_at_a_time=True,
    instructed=True,
)
_Z_IMAGE = Family(schedulers=FLOW_SCHEDULERS, loaded_as="ZImageInpaintPipeline", window=480)
FAMILIES: Mapping[str, Family] = {
    "StableDiffusionInpaintPipeline": Family(),
    "StableDiffusionXLInpaintPipeline": Family(),
    "StableDiffusionControlNetInpaintPipeline": Family(control=_control_image),
    "StableDiffusionXLControlNetInpaintPipeline": Family(control=_control_image),
    "FluxFillPipeline": _FLUX_FILL,
    "FluxKontextPipeline": _KONTEXT,
    "FluxKontextInpaintPipeline": _KONTEXT,
    "Flux2KleinPipeline": _KLEIN,
    "Flux2KleinInpaintPipeline": _KLEIN,
    "QwenImageEditPipeline": _QWEN_EDIT,
    "QwenImageEditInpaintPipeline": _QWEN_EDIT,
    "QwenImageEditPlusPipeline": replace(_QWEN_EDIT, edits_with="QwenImageEditPlusPipeline"),
    "ZImagePipeline": _Z_IMAGE,
    "ZImageInpaintPipeline": _Z_IMAGE,
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
