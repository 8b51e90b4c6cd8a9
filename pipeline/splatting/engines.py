"""The rasterizers that the trainer can draw with: one small Protocol, one adapter each."""

from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.errors import MissingEngine

F64 = NDArray[np.float64]
Cloud = dict[str, torch.Tensor]
VALUES = ("means", "log_scales", "quats", "logits", "sh")


class SplatEngine(Protocol):
    """Draws Gaussians differentiably."""

    name: str

    def draw(
        self, cloud: Cloud, cam_from_world: torch.Tensor, lens: F64, degree: int, *, antialias: bool
    ) -> torch.Tensor:
        """The picture [5, H, W] float32: premultiplied r, g, b; alpha; alpha-weighted depth.

        `cloud` holds float32 tensors `means` [N, 3], `log_scales` [N, 3], `quats` [N, 4] wxyz, `logits` [N], `sh` [N,
        K, 3]; `cam_from_world` [4, 4]; `lens` [10] from `lens_of`. Differentiable in all tensors.
        """


class CpuEngine:
    """The project's own rasterizer: numba kernels, no GPU, no compiler."""

    name = "cpu"

    def draw(
        self, cloud: Cloud, cam_from_world: torch.Tensor, lens: F64, degree: int, *, antialias: bool
    ) -> torch.Tensor:
        """See `SplatEngine.draw`."""
        from pipeline.splatting.raster import Rasterize

        picture: torch.Tensor = Rasterize.apply(*(cloud[v] for v in VALUES), cam_from_world, lens, degree, antialias)
        return picture


def engine_named(name: str) -> SplatEngine:
    """The engine of a setting. Raises MissingEngine for a name that nothing answers to."""
    if name == "cpu":
        return CpuEngine()
    raise MissingEngine(f"splat engine {name!r} is unknown", remedy="Set it to: cpu.")
