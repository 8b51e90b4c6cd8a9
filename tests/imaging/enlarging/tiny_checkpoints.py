"""Tiny checkpoints that spandrel reads, made on the spot: Compact networks (SRVGGNet) of scale 2.

spandrel imports torchvision for two of its architectures, which restore faces and fill holes. torchvision's wheel on
PyPI is built for CUDA and does not load beside torch for the CPU, so tests put a stand-in in its place.
"""

import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest
import torch
from safetensors.torch import save_file

FEATURES, OUT = 8, 12
needs_spandrel = pytest.mark.skipif(not find_spec("spandrel"), reason="the extra `upscale` is not installed")


def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `import spandrel` find the three names that it imports from torchvision."""
    functional = ModuleType("torchvision.transforms.functional")
    functional.normalize = functional.rotate = functional.InterpolationMode = None  # type: ignore[attr-defined]
    for name in ("torchvision", "torchvision.transforms"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, functional.__name__, functional)


def compact(folder: Path, *, noise: float, ending: str = ".safetensors") -> Path:
    """Write a checkpoint that repeats each pixel and adds random detail of this strength; returns its folder."""
    torch.manual_seed(0)
    weights = {}
    for layer, (into, out) in {0: (3, FEATURES), 2: (FEATURES, FEATURES), 4: (FEATURES, OUT)}.items():
        weights[f"body.{layer}.weight"] = noise * torch.randn(out, into, 3, 3)
        weights[f"body.{layer}.bias"] = torch.zeros(out)
    weights |= {f"body.{layer}.weight": torch.full((FEATURES,), 0.1) for layer in (1, 3)}
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"tiny{ending}"
    if ending == ".safetensors":
        save_file(weights, path)
    else:
        torch.save({"params": weights}, path)
    (folder / "README.md").write_text("---\nlicense: apache-2.0\n---\n# Tiny\n")
    return folder
