"""Loads a checkpoint folder into an engine, once a process."""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError

from pipeline.core.device import require_device
from pipeline.core.errors import BadInput, MissingEngine
from pipeline.core.weights import weight_bytes
from pipeline.diffusion.painting.checkpoints import checkpoint_digest, facts_of, folder_of, pipeline_class
from pipeline.diffusion.painting.engine import DiffusersEngine
from pipeline.diffusion.painting.families import FAMILIES
from pipeline.diffusion.painting.placing import Offload, check_room, memory_named, place
from pipeline.diffusion.painting.quiet import quiet_loading

DAMAGE = (OSError, ValueError, KeyError, RuntimeError, TypeError, AttributeError)  # as diffusers meets it


def load_engine(
    checkpoint: str,
    *,
    digest: str | None = None,
    device: str = "cpu",
    dtype: str = "float32",
    offload: Offload = "none",
    attention_slicing: bool = False,
) -> DiffusersEngine:
    """The engine for `embedded` or a checkpoint folder; loaded once a process.

    Raises:
        BadInput: the folder is no supported checkpoint, is damaged, is not the one that `digest` names, or is larger
            than this machine's memory.
        MissingEngine: diffusers is not installed, or this machine has no such device.
    """
    found = checkpoint_digest(checkpoint)
    if digest is not None and found != digest:
        raise BadInput(
            f"checkpoint {checkpoint} has digest {found[:12]}, but {digest[:12]} was planned",
            remedy="put the planned checkpoint back, or plan the shoot again",
        )
    return _load(folder_of(checkpoint), found, device, dtype, offload, attention_slicing)


@lru_cache(maxsize=1)
def _load(
    folder: Path, digest: str, device: str, dtype: str, offload: Offload, attention_slicing: bool
) -> DiffusersEngine:
    name = pipeline_class(folder)
    family, facts = FAMILIES[name], facts_of(folder)
    try:
        import diffusers
        import torch
    except ImportError as error:
        raise MissingEngine(
            f"backdrops need diffusers and torch: {error}", remedy="pip install catalog-pipeline"
        ) from error
    require_device(device)
    check_room(folder, weight_bytes(folder), device)
    with memory_named(str(folder)):
        pipe = _pipeline(getattr(diffusers, family.loaded_as or "DiffusionPipeline"), folder, getattr(torch, dtype))
        pipe.set_progress_bar_config(disable=True)
        return DiffusersEngine(
            place(pipe, device, offload, attention_slicing), digest, facts.native_px or _native_px(pipe), facts, family
        )


def _pipeline(kind: Any, folder: Path, dtype: Any) -> Any:
    """The pipeline with its weights in memory. Raises BadInput when a file is missing or damaged."""
    without_checker = {"safety_checker": None} if (folder / "unet").is_dir() else {}
    try:
        with quiet_loading():
            return kind.from_pretrained(
                folder,
                local_files_only=True,
                dtype=dtype,
                low_cpu_mem_usage=find_spec("accelerate") is not None,  # asked for without it, diffusers prints a hint
                **without_checker,
            )
    except (*DAMAGE, StrictDataclassError, SafetensorError) as error:
        if "memory" in str(error).lower():
            raise
        raise BadInput(
            f"checkpoint {folder} cannot be loaded: {' '.join(str(error).split())[:300]}",
            remedy="download or save the checkpoint again",
        ) from error


def _native_px(pipe: Any) -> int:
    """The side of the square that a checkpoint was trained on, by its own configuration."""
    unet = getattr(pipe, "unet", None)
    latents = pipe.default_sample_size if unet is None else unet.config.sample_size
    return int(latents * pipe.vae_scale_factor)
