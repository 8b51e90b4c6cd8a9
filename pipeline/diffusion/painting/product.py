"""The settings of a checkpoint that paints the product itself: to refine it, retouch it, or show it on a person."""

from typing import Any

from pydantic import Field, model_validator

from pipeline.diffusion.painting.checkpoints import facts_of, folder_of
from pipeline.diffusion.painting.settings import CheckpointParams, with_checkpoint


class PainterParams(CheckpointParams):
    """Which checkpoint paints the product, and how."""

    steps: int = Field(default=30, ge=1, le=200, description="steps of the sampler")
    guidance: float = Field(default=3.0, ge=0, le=30, description="classifier-free guidance, 1 for none")
    seed: int = Field(default=0, ge=0, lt=2**31, description="seed of the noise")

    @model_validator(mode="before")
    @classmethod
    def _pin_checkpoint(cls, values: Any) -> Any:
        """Fill in the checkpoint's digest and licence, and refuse one that cannot paint a product."""
        if not isinstance(values, dict) or not isinstance(values.get("checkpoint"), str):
            return values
        if facts_of(folder_of(values["checkpoint"])).paints_behind_product:
            raise ValueError(
                f"checkpoint {values['checkpoint']} paints empty sets, not products; "
                "name an inpainting checkpoint, or leave this setting out"
            )
        return with_checkpoint(values)
