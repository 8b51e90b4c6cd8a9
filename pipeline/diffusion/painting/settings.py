"""The settings of whatever loads a diffusers checkpoint: which one, pinned by its digest, and where it runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from pipeline.core.licences.settings import Licensed, with_licence
from pipeline.diffusion.painting.checkpoints import checkpoint_digest, folder_of

if TYPE_CHECKING:  # loads torch and diffusers
    from pipeline.diffusion.painting.engine import DiffusersEngine


class CheckpointParams(Licensed):
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
        default="none",
        description="keep weights in main memory, fetched per model or per layer (slowest, smallest)",
    )

    def load(self, *, attention_slicing: bool = False, edits: bool = False) -> DiffusersEngine:
        """Load the engine. Raises BadInput and MissingEngine as `load_engine`."""
        from pipeline.diffusion.painting.loading import load_engine

        return load_engine(
            self.checkpoint,
            digest=self.checkpoint_digest,
            device=self.device,
            dtype=self.dtype,
            offload=self.offload,
            attention_slicing=attention_slicing,
            edits=edits,
        )


def with_checkpoint(values: Mapping[str, Any]) -> dict[str, Any]:
    """The raw settings of `CheckpointParams` with digest and licence filled in, so that other weights are other ones.

    Raises BadInput as `checkpoint_digest`.
    """
    name = values["checkpoint"]
    digest = values.get("checkpoint_digest") or checkpoint_digest(name)
    return {**with_licence(values, lambda: folder_of(name)), "checkpoint_digest": digest}
