"""Any inpainting checkpoint in diffusers format: the embedded one, a folder, or one in the hub cache."""

from collections.abc import Sequence
from importlib.metadata import version
from importlib.util import find_spec
from typing import Literal

from pydantic import Field

from pipeline.core.device import require_device
from pipeline.core.errors import MissingEngine
from pipeline.core.licences.settings import in_words, licence_of
from pipeline.diffusion.painting.base import MARGIN_PX, BackdropRequest, PaintedBackdrop, PainterFacts
from pipeline.diffusion.painting.checkpoints import EMBEDDED, facts_of, folder_of, pipeline_class
from pipeline.diffusion.painting.settings import CheckpointParams, with_checkpoint

NEARER, LONGER, WIDER_PX = 0.7, 1.5, 4  # per further try


class Params(CheckpointParams):
    """Everything that changes a painted backdrop besides its prompt, its seed and its product."""

    engine: Literal["diffusers"] = "diffusers"
    checkpoint: str = Field(
        default=EMBEDDED, description="`embedded`, an inpainting folder, or hub:owner/name@revision in the hub cache"
    )
    attention_slicing: bool = Field(default=False, description="less memory for more time")
    batch: int = Field(default=1, ge=1, le=64, description="angles painted at once, behind the same backdrop")
    scheduler: Literal["checkpoint", "ddim", "dpm++", "unipc", "euler", "lcm"] = Field(
        default="checkpoint", description="sampler of the diffusion; checkpoint: the checkpoint's own"
    )
    steps: int = Field(default=20, ge=1, le=200, description="steps of the sampler")
    guidance: float | None = Field(
        default=None, ge=0, le=30, description="classifier-free guidance, 1 for none; default: the checkpoint's own"
    )
    strength: float | None = Field(
        default=None,
        ge=0.05,
        le=1,
        description="1: paint from noise; less: start from a generated scene; default: the checkpoint's own",
    )
    mask_margin_px: int = Field(
        default=MARGIN_PX,
        ge=0,
        le=64,
        description="how far from the product painting begins, in px of the checkpoint's square; the gap is filled "
        "from around",
    )
    negative_prompt: str = Field(
        default="", max_length=400, description="what not to paint; has no effect with guidance 1"
    )


def require_here(params: Params) -> str:
    """Return what would paint. Raises BadInput for an unusable checkpoint, MissingEngine for a device or a package."""
    require_device(params.device)
    for package in ("torch", "diffusers"):
        if find_spec(package) is None:
            raise MissingEngine(f"the package {package} is not installed", remedy="Run pip install catalog-pipeline")
    there = _with_checkpoint(params.model_copy(update={"checkpoint_digest": None}))  # as it is now, not as planned
    digest, licence = (there.checkpoint_digest or "")[:12], in_words(licence_of(there))
    checkpoint = f"{params.checkpoint} (sha256 {digest}), licence {licence}"
    return f"diffusers {version('diffusers')} with the checkpoint {checkpoint}"


def pinned(params: Params) -> Params:
    """Return the params with the checkpoint's digest, licence, and strength and guidance where they give none."""
    strength, guidance = _strength_and_guidance(params)
    return _with_checkpoint(params).model_copy(update={"strength": strength, "guidance": guidance})


def _with_checkpoint(params: Params) -> Params:
    return Params.model_validate(with_checkpoint(params.model_dump()))


def facts(params: Params) -> PainterFacts:
    """Return the facts of the checkpoint's folder."""
    folder = folder_of(params.checkpoint)
    own = facts_of(folder)
    return PainterFacts(
        name=f"diffusers {pipeline_class(folder)}",
        checkpoint_digest=params.checkpoint_digest,
        paints_behind_product=own.paints_behind_product,
        closed_vocabulary=own.closed_vocabulary,
        batch=params.batch,
    )


def varied(params: Params, number: int) -> Params:
    """Return the settings for try `number`: nearer to the generated scene, or longer from noise, with a wider gap."""
    strength, _ = _strength_and_guidance(params)
    if strength < 1:
        least = max(0.05, 1 / params.steps)
        return params.model_copy(update={"strength": max(least, round(strength * NEARER ** (number - 2), 3))})
    steps = min(200, round(params.steps * LONGER ** (number - 2)))
    margin = min(64, params.mask_margin_px + WIDER_PX * (number - 2))
    return params.model_copy(update={"steps": steps, "mask_margin_px": margin})


def paint(requests: Sequence[BackdropRequest], params: Params) -> list[PaintedBackdrop]:
    """Paint the requests in one batch. Raises BadInput or MissingEngine as `load_engine` and `paint_all`."""
    from pipeline.diffusion.painting.engine import PaintRequest

    engine = params.load(attention_slicing=params.attention_slicing)
    strength, guidance = _strength_and_guidance(params)
    return engine.paint_all(
        [
            PaintRequest(
                **vars(request),
                negative_prompt=params.negative_prompt,
                steps=params.steps,
                guidance=guidance,
                strength=strength,
                scheduler=params.scheduler,
                mask_margin_px=params.mask_margin_px,
            )
            for request in requests
        ]
    )


def _strength_and_guidance(params: Params) -> tuple[float, float]:
    """Strength and guidance, from the checkpoint where the params give none."""
    if params.strength is not None and params.guidance is not None:
        return params.strength, params.guidance
    own = facts_of(folder_of(params.checkpoint))
    return (
        own.strength if params.strength is None else params.strength,
        own.guidance if params.guidance is None else params.guidance,
    )
