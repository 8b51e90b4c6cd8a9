"""Where a checkpoint's weights live while it paints, and what is said when they do not fit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from pipeline.core.errors import BadInput, MissingEngine

Offload = Literal["none", "model", "sequential"]
SMALLER = "use offload, attention_slicing, dtype bfloat16 or batch 1, or a machine with more memory"


def check_room(folder: Path, weight_bytes: int, device: str) -> None:
    """Raises BadInput before gigabytes are read that this machine's memory cannot hold."""
    import psutil

    free = psutil.virtual_memory().available
    if device == "cpu" and weight_bytes > free:
        raise BadInput(
            f"checkpoint {folder} has {weight_bytes / 1e9:.1f} GB of weights, "
            f"and {free / 1e9:.1f} GB of memory are free",
            remedy="use a smaller checkpoint, or a machine with more memory",
        )


def place(pipe: Any, device: str, offload: Offload, attention_slicing: bool) -> Any:
    """The pipeline on its device: whole, or fetched there part by part (`model`) or layer by layer (`sequential`).

    Raises MissingEngine when there is nothing to offload from, or accelerate, which does it, is missing.
    """
    if attention_slicing:
        pipe.enable_attention_slicing()
    if offload == "none":
        return pipe.to(device)
    if device == "cpu":
        raise MissingEngine(
            f"offload {offload!r} spares a GPU's memory, but the device is cpu", remedy="set it to none"
        )
    if find_spec("accelerate") is None:
        raise MissingEngine(f"offload {offload!r} needs accelerate", remedy="pip install catalog-pipeline[gpu]")
    (pipe.enable_model_cpu_offload if offload == "model" else pipe.enable_sequential_cpu_offload)(device=device)
    return pipe


@contextmanager
def memory_named(folder: str) -> Iterator[None]:
    """One clear error for each of the ways in which torch says that memory ran out."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:  # torch.OutOfMemoryError is a RuntimeError
        words = str(error).splitlines()[0] if str(error) else "no memory"
        if isinstance(error, MemoryError) or "memory" in words.lower():
            raise BadInput(f"checkpoint {folder} does not fit into memory: {words}", remedy=SMALLER) from error
        raise
