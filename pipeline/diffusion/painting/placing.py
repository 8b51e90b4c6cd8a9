"""Places a checkpoint's weights on a device, and reports when they do not fit into memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from pipeline.core.errors import BadInput, MissingEngine

Offload = Literal["none", "model", "sequential"]
SMALLER = "Use offload, attention_slicing, dtype bfloat16 or batch 1, or a machine with more memory"


def check_memory(folder: Path, weight_bytes: int, device: str) -> None:
    """Raise BadInput, before anything is read, for weights that do not fit into free memory."""
    import psutil

    free = psutil.virtual_memory().available
    if device == "cpu" and weight_bytes > free:
        raise BadInput(
            f"checkpoint {folder} has {weight_bytes / 1e9:.1f} GB of weights, "
            f"but only {free / 1e9:.1f} GB of memory are free",
            remedy="Use a smaller checkpoint, or a machine with more memory",
        )


def place(pipe: Any, device: str, offload: Offload, attention_slicing: bool) -> Any:
    """Put the pipeline on its device: whole, or fetched there per model (`model`) or per layer (`sequential`).

    Raises MissingEngine for an offload from the CPU, or when the package accelerate is missing.
    """
    if attention_slicing:
        pipe.enable_attention_slicing()
    if offload == "none":
        return pipe.to(device)
    if device == "cpu":
        raise MissingEngine(
            f"offload {offload!r} saves GPU memory, but the device is cpu", remedy="Set offload to none"
        )
    if find_spec("accelerate") is None:
        raise MissingEngine(f"offload {offload!r} requires accelerate", remedy="Run pip install catalog-pipeline[gpu]")
    (pipe.enable_model_cpu_offload if offload == "model" else pipe.enable_sequential_cpu_offload)(device=device)
    return pipe


@contextmanager
def reporting_out_of_memory(folder: str) -> Iterator[None]:
    """Raise BadInput that names `folder` for every error by which torch reports that memory ran out."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:  # torch.OutOfMemoryError is a RuntimeError
        message = str(error).splitlines()[0] if str(error) else "no memory"
        if isinstance(error, MemoryError) or "memory" in message.lower():
            raise BadInput(f"checkpoint {folder} does not fit into memory: {message}", remedy=SMALLER) from error
        raise
