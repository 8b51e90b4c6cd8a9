"""The settings of a checkpoint that paints the product itself: to refine it, retouch it, or show it on a person."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from pipeline.core.licences.settings import Licensed, with_licence
from pipeline.diffusion.painting.checkpoints import checkpoint_digest, facts_of, folder_of


class PainterParams(Licensed):
    """Which checkpoint paints, and where it runs."""

    checkpoint: str = Field(description="a diffusers inpainting checkpoint: a folder, or hub:owner/name@revision")
    checkpoint_digest: str | None = Field(default=None, description="digest of its weights; filled in when planning")
    dtype: Literal["float32", "bfloat16", "float16"] = Field(
        default="float32", description="number format of the weights; float32 on a CPU"
    )
    device: Annotated[str, Field(pattern=r"^(cpu|cuda(:\d+)?)$")] = Field(
        default="cpu", description="cpu, cuda, or one of several GPUs such as cuda:1"
    )
    offload: Literal["none", "model", "sequential"] = Field(
        default="none", description="keep weights in main memory, fetched per model or per layer"
    )
    steps: int = Field(default=30, ge=1, le=200, description="steps of the sampler")
    guidance: float = Field(default=3.0, ge=0, le=30, description="classifier-free guidance, 1 for none")
    seed: int = Field(default=0, ge=0, lt=2**31, description="seed of the noise")

    @model_validator(mode="before")
    @classmethod
    def _pin_checkpoint(cls, values: Any) -> Any:
        """Write the checkpoint's digest into the params, so that different weights make a different request."""
        if not isinstance(values, dict) or not isinstance(values.get("checkpoint"), str):
            return values
        folder = folder_of(values["checkpoint"])
        if facts_of(folder).paints_behind_product:
            raise ValueError(
                f"checkpoint {values['checkpoint']} paints empty sets, not products; "
                "name an inpainting checkpoint, or leave this setting out"
            )
        digest = values.get("checkpoint_digest") or checkpoint_digest(str(folder))
        return {**with_licence(values, lambda: folder), "checkpoint_digest": digest}
