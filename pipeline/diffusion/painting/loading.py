"""Loads a checkpoint folder into an engine, once per process."""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError

from pipeline.core.device import require_device
from pipeline.core.errors import BadInput, MissingEngine
from pipeline.core.process import importing
from pipeline.core.still_processor import still_processor
from pipeline.core.weights import weight_bytes
from pipeline.diffusion.painting.checkpoints import (
    INDEX,
    checkpoint_digest,
    editing_class,
    facts_of,
    folder_of,
    pipeline_class,
)
from pipeline.diffusion.painting.engine import DiffusersEngine
from pipeline.diffusion.painting.families import FAMILIES
from pipeline.diffusion.painting.placing import Offload, check_memory, place, reporting_out_of_memory
from pipeline.diffusion.painting.quiet import quiet_loading

DAMAGE = (
    OSError,
    ValueError,
    KeyError,
    RuntimeError,
    TypeError,
    AttributeError,
)  # diffusers raises them for damaged files


def load_engine(
    checkpoint: str,
    *,
    digest: str | None = None,
    device: str = "cpu",
    dtype: str = "float32",
    offload: Offload = "none",
    attention_slicing: bool = False,
    edits: bool = False,
) -> DiffusersEngine:
    """Load the engine of a checkpoint setting; the last one stays in memory. `edits`: for `edit`, not for painting.

    Raises:
        BadInput: the folder is not a supported checkpoint, is damaged, does not match `digest`, cannot edit, or does
            not fit into this machine's memory.
        MissingEngine: diffusers is not installed, or this machine lacks the device.
    """
    actual = checkpoint_digest(checkpoint)
    if digest is not None and actual != digest:
        raise BadInput(
            f"checkpoint {checkpoint} has digest {actual[:12]}, but {digest[:12]} was planned",
            remedy="Put the planned checkpoint back, or plan the shoot again",
        )
    return _load(folder_of(checkpoint), actual, device, dtype, offload, attention_slicing, edits)


@lru_cache(maxsize=1)
def _load(
    folder: Path, digest: str, device: str, dtype: str, offload: Offload, attention_slicing: bool, edits: bool
) -> DiffusersEngine:
    name = editing_class(folder) if edits else pipeline_class(folder)
    family, facts = FAMILIES[name], facts_of(folder)
    wanted = family.edits_with if edits else family.loaded_as
    try:
        with importing():
            import diffusers
            import torch

            kind = getattr(diffusers, wanted or "DiffusionPipeline")  # imports most of the package
    except ImportError as error:
        raise MissingEngine(
            f"painting backdrops requires diffusers and torch: {error}", remedy="Run pip install catalog-pipeline"
        ) from error
    require_device(device)
    check_memory(folder, weight_bytes(folder), device)
    with reporting_out_of_memory(str(folder)):
        pipe = _pipeline(kind, folder, getattr(torch, dtype))
        pipe.set_progress_bar_config(disable=True)
        return DiffusersEngine(
            place(pipe, device, offload, attention_slicing), digest, facts.native_px or _native_px(pipe), facts, family
        )


def _pipeline(kind: Any, folder: Path, dtype: Any) -> Any:
    """Load the pipeline with its weights. Raises BadInput when a file is missing or damaged."""
    try:
        with quiet_loading():
            return kind.from_pretrained(
                folder,
                local_files_only=True,
                dtype=dtype,
                low_cpu_mem_usage=find_spec("accelerate") is not None,  # without accelerate, True prints a hint
                **_replaced(folder),
            )
    except (*DAMAGE, StrictDataclassError, SafetensorError) as error:
        if "memory" in str(error).lower():
            raise
        raise BadInput(
            f"checkpoint {folder} cannot be loaded: {' '.join(str(error).split())[:300]}",
            remedy="Download or save the checkpoint again",
        ) from error


def _replaced(folder: Path) -> dict[str, Any]:
    """Parts that are not loaded as saved: no safety checker, and a processor without videos."""
    parts: dict[str, Any] = {"safety_checker": None} if (folder / "unet").is_dir() else {}
    if (folder / "processor").is_dir():
        _, class_name = json.loads((folder / INDEX).read_text(encoding="utf-8"))["processor"]
        parts["processor"] = still_processor(folder / "processor", class_name)
    return parts


def _native_px(pipe: Any) -> int:
    """The side of the square that a checkpoint was trained on, from its configuration."""
    unet = getattr(pipe, "unet", None)
    latents = pipe.default_sample_size if unet is None else unet.config.sample_size
    return int(latents * pipe.vae_scale_factor)
